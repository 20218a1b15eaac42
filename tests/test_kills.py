"""Killed at any moment, an emulator with --database leaves whole calls only; tests/soak/kills.py goes on for longer."""

from __future__ import annotations

from pathlib import Path

from tests.soak.kills import run


def test_every_acknowledged_call_is_whole_and_every_other_one_whole_or_absent(tmp_path: Path) -> None:
    assert run(tmp_path, seed=3, rounds=3) >= 9
