"""A page of a long list against the same page of a short one: under load, and right after a write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from tests.benchmarks import asked, emulator, wrk
from tests.benchmarks.bench import Bench, Cycle
from tests.benchmarks.connection import Connection, Request
from tests.benchmarks.figures import Figure, Finding, compare
from tests.benchmarks.processes import Process

SHORT = 100
PLACES = {"first": 0.0, "middle": 0.5, "last": 1.0}


def measure(bench: Bench) -> Iterator[Finding]:
    """Yield the first, the middle and the last page's times."""
    count = bench.plan.records
    bench.tell(f"pages: seeding {count:,} records")
    with ExitStack() as stack:
        long = stack.enter_context(bench.emulator("long-list", emulator.long_list(bench.folder / "long", count)))
        short = stack.enter_context(bench.emulator("short-list", emulator.long_list(bench.folder / "short", SHORT)))
        asks = {place: {long: _page(count, part), short: _page(SHORT, part)} for place, part in PLACES.items()}
        for place, ask in asks.items() if bench.plan.page_rounds else ():
            yield _compare(f"{place} page of {count:,} records", long, short, _under_load(bench, place, ask))
        for place, ask in asks.items():
            work = f"{place} page of {count:,} records, after a write"
            yield _compare(work, long, short, _after_writes(bench, place, ask))


def _compare(work: str, long: Process, short: Process, times: Mapping[Process, Figure]) -> Finding:
    return compare(work, times[long], f"a list of {SHORT}", times[short], asked.PAGE)


def _page(count: int, part: float) -> Request:
    return emulator.list_page(max(1, round(part * count / 10)))


def _under_load(bench: Bench, place: str, asks: Mapping[Process, Request]) -> dict[Process, Figure]:
    """Seconds a page, from wrk's requests/s: the list stays as it is."""
    loads: dict[Process, list[float]] = {process: [] for process in asks}
    for number in range(bench.plan.page_rounds):
        bench.tell(f"{place} page: round {number + 1} of {bench.plan.page_rounds}")
        for process in asks if number % 2 else reversed(list(asks)):
            load = wrk.run(process.url, asks[process], bench.plan.seconds, bench.folder)
            loads[process].append(1 / load.per_second)
    return {process: Figure.of("s", times) for process, times in loads.items()}


def _after_writes(bench: Bench, place: str, asks: Mapping[Process, Request]) -> dict[Process, Figure]:
    """Seconds a page on one connection, each after a record was created: nothing kept from before can answer it."""
    bench.tell(f"{place} page after writes")
    cycles = {
        process.url: (process, _writing_before(bench.sample.calls["create"], ask)) for process, ask in asks.items()
    }
    times = bench.medians(cycles)
    return {process: times[process.url] for process in asks}


def _writing_before(write: Request, read: Request) -> Cycle:
    def cycle(connection: Connection) -> float:
        connection.send(write)
        return connection.timed(read)

    return cycle
