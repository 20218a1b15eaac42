"""How the time of a call grows with its length, as a ratio within one run: `make bench-ratios`."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from emulator.catalogue import Catalogue
from emulator.contract.near_misses import MOST_SEGMENTS, near_misses
from emulator.journal.masking import Masker
from tests.test_masking import KINDS, long_bodies

ROUNDS = 7
SIZE = 65_000
LINEAR = 3.0
"""Linear work takes twice as long for twice the size, quadratic work four times."""


def growth(work: Callable[[int], object], size: int) -> float:
    """Return the ratio of the least times for twice the size and for the size, measured in turn."""
    once, twice = [], []
    for _ in range(ROUNDS):
        once.append(seconds(work, size))
        twice.append(seconds(work, 2 * size))
    return min(twice) / min(once)


def seconds(work: Callable[[int], object], size: int) -> float:
    started = time.perf_counter()
    work(size)
    return time.perf_counter() - started


@pytest.mark.parametrize("name", long_bodies(0))
def test_masking_a_body_takes_time_in_proportion_to_its_length(name: str) -> None:
    bodies = {size: long_bodies(size)[name] for size in (SIZE, 2 * SIZE)}
    assert growth(lambda size: [Masker().body(bodies[size], kind) for kind in KINDS], SIZE) < LINEAR


def test_near_misses_of_the_longest_path_take_time_in_proportion_to_its_length(catalogue: Catalogue) -> None:
    contract = catalogue.contracts["celigo"]
    paths = {size: "/v1/integration" + "/a" * (size - 2) for size in (MOST_SEGMENTS // 2, MOST_SEGMENTS)}

    def compare(size: int) -> None:
        for _ in range(20):
            near_misses("GET", paths[size], contract)

    assert growth(compare, MOST_SEGMENTS // 2) < LINEAR
