"""The cost of the pytest plugin for a run that does not use it: `make bench-ratios`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median

ROUNDS = 11
MOST_SECONDS = 0.020
CODE = """
import time
import pytest
before = time.perf_counter()
import emulator.testing.pytest_plugin
print(time.perf_counter() - before)
"""


def test_importing_the_plugin_costs_less_than_20_ms(tmp_path: Path) -> None:
    """Timed in fresh processes after the import of pytest, which every run needs anyway."""
    command = [sys.executable, "-c", CODE]
    rounds = [subprocess.run(command, cwd=tmp_path, capture_output=True, check=True) for _ in range(ROUNDS)]
    took = median(float(done.stdout) for done in rounds)
    print(f"importing the plugin: {took * 1000:.1f} ms")  # noqa: T201 - what the run is for
    assert took < MOST_SECONDS
