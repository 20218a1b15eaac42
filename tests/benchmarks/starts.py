"""The time from process start to the first expected response."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import yaml

from tests.benchmarks import asked, emulator, works
from tests.benchmarks.asked import BARE, EMULATOR
from tests.benchmarks.bench import Bench
from tests.benchmarks.connection import Connection
from tests.benchmarks.figures import Figure, Finding, alone, compare
from tests.benchmarks.installation import install_emulator
from tests.benchmarks.large_document import large_document
from tests.benchmarks.processes import NotStarted, Process, free_port

FIRST_GRAPHQL = {
    0.0: "first GraphQL call, longer than the second, as soon as it is ready",
    1.0: "first GraphQL call, longer than the second, a second later",
}
"""By the seconds after the start."""

DOCUMENT = "with an OpenAPI document of 248 operations"
PROCESSOR = ", processor time"
"""How the names of figures end that other work on the machine does not change."""


def measure(bench: Bench) -> Iterator[Finding]:
    """Yield the emulator's start compared with that of each peer; each round starts all, one after the other.

    Then yield how much longer its first GraphQL call took than its second.

    The emulator is installed from its wheel: a checkout would parse its documents first.
    """
    seconds: dict[str, list[float]] = {}
    installed = install_emulator()
    document = bench.folder / "large.yaml"
    document.write_text(yaml.safe_dump(large_document(), sort_keys=False))
    for number in range(bench.plan.starts + 1):
        bench.tell(f"start: {f'round {number} of {bench.plan.starts}' if number else 'warming up'}")
        for name, second in _start_each(bench, installed, document):
            if number > 0:
                seconds.setdefault(name, []).append(second)
    figures = {name: Figure.of("s", times) for name, times in seconds.items()}
    for name, bound in asked.START.items():
        if name in figures:
            yield compare("process start to ready", figures[EMULATOR], name, figures[name], bound)
    if BARE + PROCESSOR in figures and figures[BARE + PROCESSOR].median:
        work = "processor time of a start"
        yield compare(work, figures[EMULATOR + PROCESSOR], BARE, figures[BARE + PROCESSOR], asked.START[BARE])
    if DOCUMENT + PROCESSOR in figures and figures[DOCUMENT + PROCESSOR].median:
        ours, other = figures[DOCUMENT + PROCESSOR], figures[EMULATOR + PROCESSOR]
        yield compare(f"processor time of a start {DOCUMENT}", ours, "one without it", other, asked.DOCUMENT)
    for title in FIRST_GRAPHQL.values():
        yield alone(title, figures[title], asked.FIRST_GRAPHQL)


def _start_each(bench: Bench, installed: Path, document: Path) -> Iterator[tuple[str, float]]:
    for pause, title in FIRST_GRAPHQL.items():
        with emulator.launch(bench.folder / "start", installed=installed) as process:
            yield EMULATOR, process.wait_for(emulator.READY)
            yield EMULATOR + PROCESSOR, process.main_thread_seconds()
            time.sleep(pause)
            with closing(Connection(process.port)) as connection:
                first, second = (connection.timed(works.GRAPHQL_LISTS[0]) for _ in range(2))
            yield title, first - second
    with emulator.launch(bench.folder / "start", None, installed, "--openapi", f"large={document}") as process:
        yield DOCUMENT, process.wait_for(emulator.READY)
        yield DOCUMENT + PROCESSOR, process.main_thread_seconds()
    for peer in bench.peers:
        if peer.name in asked.START and peer.name not in bench.missing:
            port = free_port()
            with Process(peer.command(port), port, peer.folder) as process:
                try:
                    yield peer.name, process.wait_for(peer.ready)
                    yield peer.name + PROCESSOR, process.main_thread_seconds()
                except NotStarted as reason:
                    bench.missing[peer.name] = str(reason)
