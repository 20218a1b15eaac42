"""What one test costs whose client makes a call: with the plugin, and with what others use in its place.

`python -m tests.benchmarks.plugin_tests [ROUNDS]` prints the figures. A figure is the slope between suites of 200 and
1,200 tests, so that what a run costs once is no part of it; suites alternate.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks import asked
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure, Finding, alone, compare
from tests.benchmarks.installation import CACHE, Missing, install_pytest_peers

FEW, MANY = 200, 1200
ROUNDS = 5

CALL = "\n".join(
    [
        "import json, pathlib, requests",
        "session = requests.Session()",
        "PATH = '/integration/integrations'",
        "LIST = json.loads(pathlib.Path(__file__).with_name('list.json').read_text())",
        "def listed(url, headers=None):",
        "    reply = session.get(url + PATH + '?page_size=10', headers=headers, timeout=5)",
        "    assert len(reply.json()['results']) == 10",
    ]
)
PLUGIN = ("-p", "emulator.testing.pytest_plugin")


@dataclass(frozen=True)
class Kind:
    """A kind of test: its module's head, its parameters and body, and the options of pytest that it needs."""

    head: str
    parameters: str
    body: str
    options: tuple[str, ...] = ()

    def suite(self, count: int) -> str:
        """Return a module of so many tests."""
        head = self.head or "import requests"
        return "\n".join([head, *(f"def test_{n}({self.parameters}):\n    {self.body}" for n in range(count))])


EMPTY, FIXTURE, CALLED, HTTPSERVER, RESPONSES = "empty", "fixture", "fixture and call", "pytest-httpserver", "responses"
KINDS: Mapping[str, Kind] = {
    EMPTY: Kind("", "", "pass"),
    FIXTURE: Kind("", "emulator", "pass", PLUGIN),
    CALLED: Kind(CALL, "emulator", "listed(emulator.secoda.url, emulator.secoda.headers)", PLUGIN),
    HTTPSERVER: Kind(
        CALL,
        "httpserver",
        "httpserver.expect_request(PATH).respond_with_json(LIST); listed(httpserver.url_for(''))",
        ("-p", "pytest_httpserver.pytest_plugin"),
    ),
    RESPONSES: Kind(
        f"import responses\n{CALL}",
        "",
        "mock = responses.RequestsMock()\n    with mock:\n"
        "        mock.get('http://secoda' + PATH, json=LIST); listed('http://secoda')",
    ),
}


@dataclass(frozen=True)
class Cost:
    """What a test costs in milliseconds: of processors, and of the wall's clock."""

    processor: float
    wall: float


def measure(bench: Bench) -> Iterator[Finding]:
    """Yield the processor time of a test with a sandbox and a call, and what the fixture adds to an empty test."""
    bench.tell(f"pytest: suites of {FEW} and {MANY} tests, {bench.plan.rounds} rounds")
    try:
        measured = costs(bench.plan.rounds)
    except Missing as reason:
        bench.missing[HTTPSERVER] = str(reason)
        return
    rounds = {name: [cost.processor / 1000 for cost in found] for name, found in measured.items()}
    figures = {name: Figure.of("s", found) for name, found in rounds.items()}
    work = "pytest: a test with a fresh sandbox and one list call"
    yield compare(work, figures[CALLED], HTTPSERVER, figures[HTTPSERVER], asked.TEST)
    yield compare(work, figures[CALLED], RESPONSES, figures[RESPONSES], None)
    added = [fixture - empty for fixture, empty in zip(rounds[FIXTURE], rounds[EMPTY], strict=True)]
    yield alone("pytest: what the fixture adds to an empty test", Figure.of("s", added), asked.FIXTURE)


def costs(rounds: int = ROUNDS) -> dict[str, list[Cost]]:
    """Return what a test of each kind costs, by rounds. Raises Missing."""
    peers = install_pytest_peers()
    measured: dict[str, list[Cost]] = {name: [] for name in KINDS}
    with TemporaryDirectory(dir=CACHE) as folder:
        for number in range(rounds + 1):
            for name, kind in KINDS.items():
                few, many = (_run(kind, count, Path(folder), peers) for count in (FEW, MANY))
                if number > 0:  # the first round warms up
                    measured[name].append(_slope(few, many))
    return measured


def _slope(few: Cost, many: Cost) -> Cost:
    tests = MANY - FEW
    return Cost((many.processor - few.processor) / tests, (many.wall - few.wall) / tests)


def _run(kind: Kind, count: int, folder: Path, peers: Path) -> Cost:
    """Return what a run of pytest costs, whose tests have to pass."""
    (folder / "test_it.py").write_text(kind.suite(count), "utf-8")
    (folder / "list.json").write_bytes((Path(__file__).parent / "peers" / "list.json").read_bytes())
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(peers)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *kind.options, str(folder)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert f"{count} passed" in done.stdout, done.stdout[-2000:] + done.stderr
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(processor * 1000, wall * 1000)


if __name__ == "__main__":
    for name, found in costs(int(sys.argv[1]) if sys.argv[1:] else ROUNDS).items():
        processor, wall = (median(getattr(cost, field) for cost in found) for field in ("processor", "wall"))
        sys.stdout.write(f"{name:18} {processor:6.2f} ms of processors, {wall:6.2f} ms\n")
