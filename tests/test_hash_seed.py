"""The same seed and the same calls give the same bytes, whatever Python's hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_session_is_the_same_under_any_hash_seed() -> None:
    sessions = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.hash_session"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for seed in ("1", "2")
    ]
    first, second = (session.communicate()[0].splitlines() for session in sessions)
    assert [session.returncode for session in sessions] == [0, 0]
    assert len(first) > 100
    assert second == first
