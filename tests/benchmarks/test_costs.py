"""The server's processor time for a call as a multiple of bare aiohttp's: `make bench-ratios`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import pytest

from tests.benchmarks import emulator, wrk
from tests.benchmarks.asked import BARE, EMULATOR, WORKS
from tests.benchmarks.bench import Bench, Target, start_all
from tests.benchmarks.peers import available
from tests.benchmarks.plan import QUICK

ROUNDS = 5
SECONDS = 1
REACHED = {"list": 0.17, "get": 0.15, "mixed": 0.12, "create": 0.09, "graphql": 0.14}
"""Ratios below which something has become slower: two thirds of what a machine with other work has reached.

What is asked is more: tests/benchmarks/asked.py.
"""

pytestmark = pytest.mark.skipif(not wrk.is_there() or not Path("/proc/self/stat").exists(), reason="needs wrk on Linux")


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Target]]:
    folder = tmp_path_factory.mktemp("costs")
    with emulator.start(folder / "sample", emulator.many_integrations(folder / "many")) as process:
        sample = emulator.take_sample(process)
    peers, missing = available(sample, folder, [BARE])
    with ExitStack() as stack:
        bench = Bench(QUICK, sample, peers, folder, lambda text: None, missing)
        yield {target.name: target for target in start_all(bench, stack)}


@pytest.mark.parametrize("work", WORKS)
def test_processor_time_of_a_call(work: str, targets: Mapping[str, Target], tmp_path: Path) -> None:
    rounds: dict[str, list[float]] = {EMULATOR: [], BARE: []}
    for _ in range(ROUNDS):
        for name, costs in rounds.items():
            costs.append(cost(targets[name], work, tmp_path))
    ours, theirs = (median(costs) for costs in rounds.values())
    ratio = median(bare / own for own, bare in zip(*rounds.values(), strict=True))
    print(f"{work}: {ours * 1e6:.0f} µs, {BARE} {theirs * 1e6:.0f} µs, {ratio:.3f}")  # noqa: T201 - what it is for
    assert ratio >= REACHED[work]


def cost(target: Target, work: str, folder: Path) -> float:
    """Return the server's processor time for a call, in seconds."""
    before = target.process.processor_seconds()
    load = wrk.run(target.process.url, target.works[work], SECONDS, folder)
    taken = target.process.processor_seconds() - before
    target.refreshed()
    return taken / load.requests
