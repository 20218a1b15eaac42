"""An emulator with --database that is killed at any moment leaves only complete calls; see tests/soak/kills.py."""

from __future__ import annotations

from pathlib import Path

from tests.soak.kills import run


def test_every_acknowledged_call_is_whole_and_every_other_one_whole_or_absent(tmp_path: Path) -> None:
    assert run(tmp_path, seed=3, rounds=3) >= 9
