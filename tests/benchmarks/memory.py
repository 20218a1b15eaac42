"""Memory at rest, for each sandbox, and after many calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from tests.benchmarks import asked, emulator, works, wrk
from tests.benchmarks.bench import Bench
from tests.benchmarks.connection import Connection
from tests.benchmarks.figures import Figure, Finding, alone
from tests.benchmarks.installation import install_emulator
from tests.benchmarks.processes import Process

JOURNAL_IS_FULL = 10_500
"""A few more calls than a journal keeps by default."""

SANDBOXES = 50


def measure(bench: Bench) -> Iterator[Finding]:
    """Yield the resident memory: at rest that of a wheel, as users have it; a checkout would parse its documents."""
    bench.tell("memory: at rest, and with sandboxes")
    with emulator.launch(bench.folder / "memory", installed=install_emulator()) as process:
        process.wait_for(emulator.READY)
        yield from with_sandboxes(process, bench.plan.sandboxes)
    with bench.emulator("memory") as process:
        yield from after_calls(bench, process)
    with bench.emulator("mixed", bench.folder / "many") as process:
        yield from after_mixed_calls(bench, process)


def with_sandboxes(process: Process, count: int) -> Iterator[Finding]:
    """Memory of an emulator that has served next to nothing, and of the sandboxes in it."""
    with closing(Connection(process.port)) as connection:
        # It imports what GraphQL needs as soon as it is ready: its call waits for that.
        connection.send(works.GRAPHQL_LISTS[0])
    at_rest = process.resident_bytes()
    yield alone("memory at rest", _bytes(at_rest), asked.AT_REST)
    with closing(Connection(process.port)) as connection:
        for number in range(count):
            connection.send(emulator.create_world(f"world-{number}"))
    yield alone("memory per sandbox", _bytes((process.resident_bytes() - at_rest) / count), asked.PER_SANDBOX)


def after_calls(bench: Bench, process: Process) -> Iterator[Finding]:
    """How much memory grows with calls that all differ, and how much of it after the journal was full."""
    wanted = bench.plan.calls
    with closing(Connection(process.port)) as connection:
        # What is imported at the first call of a kind does not grow with calls.
        for request in (*(requests[0] for requests in bench.sample.works.values()), works.REFUSED):
            connection.send(request)
    at_rest = process.resident_bytes()
    when_full = None
    done = 0
    while done < wanted:
        bench.tell(f"memory: after {done:,} of {wanted:,} calls")
        done += wrk.run_unlike(process.url, 10 if wanted > 100_000 and when_full else 1, done).requests
        if when_full is None and done >= JOURNAL_IS_FULL:
            when_full = process.resident_bytes()
    after = process.resident_bytes()
    yield alone(f"memory grown by {wanted:,} calls", _bytes(after - at_rest), asked.GROWN_BY_ONE)
    if when_full is not None:
        yield alone("of that, since the journal was full", _bytes(after - when_full))


def after_mixed_calls(bench: Bench, process: Process) -> Iterator[Finding]:
    """How much memory grows with the mixed work over many sandboxes, and how the times of its calls vary."""
    names = [f"mixed-{number}" for number in range(SANDBOXES)]
    with closing(Connection(process.port)) as connection:
        for name in names:
            connection.send(emulator.create_world(name))
    twice = [*bench.sample.works["mixed"], *bench.sample.works["mixed"]]
    requests = [works.in_sandbox(names[number // 10 % SANDBOXES], one) for number, one in enumerate(twice)]
    at_rest, done, tails = process.resident_bytes(), 0, []
    while done < bench.plan.mixed_calls:
        bench.tell(f"memory: after {done:,} of {bench.plan.mixed_calls:,} mixed calls")
        load = wrk.run(process.url, requests, bench.plan.seconds, bench.folder)
        tails.append(load.p99 / load.p50)
        done += load.requests
    title = f"{bench.plan.mixed_calls:,} of the mixed calls over {SANDBOXES} sandboxes"
    yield alone(f"memory grown by {title}", _bytes(process.resident_bytes() - at_rest), asked.GROWN_BY_MANY)
    yield alone(f"p99 against p50 of {title}", Figure.of("x", tails), asked.TAIL)


def _bytes(count: float) -> Figure:
    return Figure.of("bytes", [count])
