"""The same seed and the same calls give the same bytes, whatever Python's hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from emulator.catalogue import Catalogue
from tests.hash_session import lines

ROOT = Path(__file__).parent.parent
HERE = os.environ.get("PYTHONHASHSEED", "random")


def test_session_is_the_same_under_any_hash_seed(catalogue: Catalogue) -> None:
    other = subprocess.Popen(
        [sys.executable, "-m", "tests.hash_session"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "2" if HERE == "1" else "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    # The second session runs in this process, which has imported everything already.
    here = list(lines(catalogue))
    there = other.communicate()[0].splitlines()
    assert other.returncode == 0
    assert len(here) > 100
    assert there == here
