"""The cost of a run of a test under faults: `make bench-ratios`."""

from __future__ import annotations

from statistics import median

from tests.benchmarks import asked
from tests.benchmarks.explored_runs import costs

ROUNDS = 3


def test_an_explored_run_costs_at_most_one_and_a_half_plain_ones() -> None:
    ratio = median(explored / plain for explored, plain in zip(*costs(ROUNDS), strict=True))
    print(f"an explored run: {ratio:.2f} x a plain one")  # noqa: T201 - what the run is for
    assert asked.EXPLORED.met_by(ratio)
