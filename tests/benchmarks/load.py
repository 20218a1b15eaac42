"""Measured while the emulator and every peer are running: throughput, fresh sandboxes, resets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from tests.benchmarks import asked, emulator, works, wrk
from tests.benchmarks.asked import EMULATOR, THROUGHPUT, WORKS
from tests.benchmarks.bench import Bench, Cycle, Target, start_all
from tests.benchmarks.connection import Request
from tests.benchmarks.figures import Figure, Finding, alone, compare
from tests.benchmarks.processes import Process


def measure(bench: Bench) -> Iterator[Finding]:
    """Yield each row's findings."""
    with ExitStack() as stack:
        targets = start_all(bench, stack)
        for work in WORKS:
            yield from throughput(bench, work, targets)
        with bench.emulator("worlds") as process:
            yield from fresh_worlds(bench, process, targets[1:])
            yield from resets(bench, process)


def throughput(bench: Bench, work: str, targets: Sequence[Target]) -> Iterator[Finding]:
    """Requests/s of one work."""
    able = [target for target in targets if work in target.works and target.name in {EMULATOR, *THROUGHPUT[work]}]
    loads = _alternate(bench, work, able)
    figures = {name: Figure.of("/s", [load.per_second for load in runs]) for name, runs in loads.items()}
    for name, bound in THROUGHPUT[work].items():
        if name in figures:
            yield compare(WORKS[work], figures[EMULATOR], name, figures[name], bound)


def _alternate(bench: Bench, work: str, targets: Sequence[Target]) -> dict[str, list[wrk.Load]]:
    """Load each target in turn, in a different order each round; the first round is warm-up and does not count."""
    loads: dict[str, list[wrk.Load]] = {target.name: [] for target in targets}
    for number in range(bench.plan.rounds + 1):
        bench.tell(f"{work}: {f'round {number} of {bench.plan.rounds}' if number else 'warming up'}")
        first = number % len(targets)
        for target in [*targets[first:], *targets[:first]]:
            if target.name in loads:
                seconds = bench.plan.seconds if number else max(bench.plan.warm_up, target.warm_up)
                _add_load(bench, work, target, seconds, loads, counts=number > 0)
    return loads


def _add_load(
    bench: Bench, work: str, target: Target, seconds: int, loads: dict[str, list[wrk.Load]], counts: bool
) -> None:
    """Load one target; a peer that fails counts as missing from then on."""
    try:
        load = wrk.run(target.process.url, target.works[work], seconds, bench.folder)
    except wrk.WrkFailed as reason:
        if target.name == EMULATOR:
            raise
        bench.missing[target.name] = str(reason)
        del loads[target.name]
        return
    target.refreshed()
    if counts:
        loads[target.name].append(load)


def fresh_worlds(bench: Bench, process: Process, peers: Sequence[Target]) -> Iterator[Finding]:
    """The time of a fresh sandbox and one call in it."""
    work = "fresh sandbox and one call in it"
    bench.tell(work)
    cycles = {peer.name: (peer.process, _timing(*peer.fresh_world)) for peer in peers if peer.fresh_world}
    times = bench.medians({EMULATOR: (process, _timing(*emulator.FRESH_WORLD)), **cycles})
    for name, bound in asked.FRESH_WORLD.items():
        if name in times:
            yield compare(work, times[EMULATOR], name, times[name], bound, faster=True)
    if times.keys() == {EMULATOR}:
        yield alone(work, times[EMULATOR])


def resets(bench: Bench, process: Process) -> Iterator[Finding]:
    """The time of a reset compared with that of one create call."""
    bench.tell("reset and create")
    times = bench.medians({"reset": (process, _timing(emulator.RESET)), "create": (process, _timing(works.CREATE))})
    yield compare("reset", times["reset"], "one create call", times["create"], asked.RESET)


def _timing(*requests: Request) -> Cycle:
    return lambda connection: connection.timed(*requests)
