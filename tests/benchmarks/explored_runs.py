"""What a run of a test under faults costs, as a multiple of what the test costs as it is.

`python -m tests.benchmarks.explored_runs [ROUNDS]` prints the figures, in processor time. A plain run is the slope
between suites of 40 and 440 tests, an explored one what `--emulator-explore` adds to a suite of 40, by its runs.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks import asked
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure, Finding, compare

FEW, MANY = 40, 440
ROUNDS = 5

TEST = """
def test_{n}(emulator):
    reply = session.get(emulator.celigo.url + "/integrations", headers=emulator.celigo.headers, timeout=5)
    assert emulator.exploring or reply.status_code == 200
"""
EXPLORED = re.compile(r": (\d+) of \1 single faults, (\d+) of \2 pairs")


def measure(bench: Bench) -> Iterator[Finding]:
    """Yield the processor time of an explored run of a test beside that of a plain one."""
    bench.tell(f"pytest: explored runs, {bench.plan.rounds} rounds")
    explored, plain = (Figure.of("s", found) for found in costs(bench.plan.rounds))
    yield compare("pytest: an explored run of a test with one list call", explored, "as it is", plain, asked.EXPLORED)


def costs(rounds: int = ROUNDS) -> tuple[list[float], list[float]]:
    """Return the seconds of an explored run and of a plain one, by rounds."""
    explored, plain = [], []
    with TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            few, many, again = (_run(Path(folder), *how) for how in ((FEW,), (MANY,), (FEW, "--emulator-explore=600")))
            if number > 0:  # the first round warms up
                plain.append((many[0] - few[0]) / (MANY - FEW))
                explored.append((again[0] - few[0]) / again[1])
    return explored, plain


def _run(folder: Path, tests: int, *options: str) -> tuple[float, int]:
    """Return the processor seconds of a run of pytest, and how many runs were explored."""
    head = "import requests\nsession = requests.Session()\n"
    (folder / "test_it.py").write_text(head + "".join(TEST.format(n=n) for n in range(tests)), "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    plugins = ("-p", "emulator.testing.pytest_plugin", "-p", "no:cacheprovider")
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", "-q", *plugins, *options, str(folder)]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    runs = sum(int(singles) + int(pairs) for singles, pairs in EXPLORED.findall(done.stdout))
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, runs


if __name__ == "__main__":
    for name, found in zip(("explored", "as it is"), costs(int(sys.argv[1]) if sys.argv[1:] else ROUNDS), strict=True):
        sys.stdout.write(f"{name:9} {median(found) * 1000:6.2f} ms of processors\n")
