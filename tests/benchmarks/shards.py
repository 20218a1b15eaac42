"""Several processes behind nginx: how throughput grows with their number; the calls use many sandboxes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing

from tests.benchmarks import emulator, wrk
from tests.benchmarks.bench import Bench
from tests.benchmarks.connection import Connection, Request
from tests.benchmarks.figures import Figure, Finding, compare
from tests.benchmarks.installation import Missing, need
from tests.benchmarks.processes import REPOSITORY, Process, free_port
from tests.benchmarks.works import in_sandbox

SANDBOXES = 16
WORKS = {"list": "list ten integrations", "create": "create one"}


def measure(bench: Bench) -> Iterator[Finding]:
    """Yield requests/s of several processes as a multiple of those of one process, all behind nginx."""
    try:
        need("nginx")
    except Missing as reason:
        bench.missing["several processes"] = str(reason)
        return
    counts = [count for count in (1, 2, 4, 8) if count <= max(2, os.cpu_count() or 2)]
    with ExitStack() as stack:
        clusters = {count: stack.enter_context(_start(bench, count)) for count in counts}
        for work, title in WORKS.items():
            figures = _alternate(bench, work, clusters)
            for count in counts[1:]:
                name = f"{title}, {count} processes behind nginx"
                yield compare(name, figures[count], "1 process behind nginx", figures[1], None)


def _start(bench: Bench, count: int) -> Process:
    port = free_port()
    script = [sys.executable, str(REPOSITORY / "deploy" / "sharded.py")]
    options = ["--processes", str(count), "--port", str(port), "--access-log", "false"]
    process = Process([*script, *options], port, bench.folder / f"shards-{count}")
    process.wait_for(emulator.READY)
    _each(process, [emulator.create_world(f"shard-{number}") for number in range(1, SANDBOXES + 1)])
    return process


def _alternate(bench: Bench, work: str, clusters: Mapping[int, Process]) -> dict[int, Figure]:
    rounds: dict[int, list[float]] = {count: [] for count in clusters}
    resets = [Request("POST", f"/_emulator/sandboxes/shard-{number}/reset") for number in range(1, SANDBOXES + 1)]
    for number in range(bench.plan.rounds + 1):
        bench.tell(f"shards, {work}: {f'round {number} of {bench.plan.rounds}' if number else 'warming up'}")
        for count, process in clusters.items():
            seconds = bench.plan.seconds if number else bench.plan.warm_up
            load = wrk.run(process.url, _sharded(bench.sample.works[work]), seconds, bench.folder)
            _each(process, resets)
            if number:
                rounds[count].append(load.per_second)
    return {count: Figure.of("/s", figures) for count, figures in rounds.items()}


def _sharded(requests: Sequence[Request]) -> Sequence[Request]:
    names = [f"shard-{number}" for number in range(1, SANDBOXES + 1)]
    return [in_sandbox(name, request) for request in requests for name in names]


def _each(process: Process, requests: Sequence[Request]) -> None:
    with closing(Connection(process.port)) as connection:
        for request in requests:
            connection.send(request)
