"""Tries faults on a test, the simplest first, as long as time lasts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from emulator.explore.faults import MadeCall, Operation, PlannedFault, following, possible

__all__ = ["Explored", "Finding", "Trial", "explore"]

VARYING = re.compile(r"\bexchanges? \d[\d, ]*(?:and \d+)?(?: more)?|\b\d+\.\d+|\b(?=\w*\d)\w{4,}\b")
"""The numbers of exchanges, a measured time, a number or an id; a status has three digits."""

Faults: TypeAlias = tuple[PlannedFault, ...]


@dataclass(frozen=True)
class Trial:
    """What a run of the test has shown: the calls that it made, and what did not hold ("": everything did)."""

    calls: Sequence[MadeCall] = ()
    problem: str = ""


@dataclass
class Finding:
    """What does not hold under a smallest set of faults, and under how many `others`."""

    problem: str
    faults: Faults
    others: int = 0


@dataclass
class Explored:
    """How many single faults and pairs were tried, of how many, and what was found: each problem once.

    Two problems are one if only ids, counts of bytes and the like tell them apart.
    """

    singles: tuple[int, int] = (0, 0)
    pairs: tuple[int, int] = (0, 0)
    findings: dict[str, Finding] = field(default_factory=dict)

    def add(self, problem: str, faults: Faults) -> None:
        """Add what a run has shown; the first set of faults that shows it is one of the smallest."""
        key = VARYING.sub("…", problem)
        if key in self.findings:
            self.findings[key].others += 1
        elif problem:
            self.findings[key] = Finding(problem, faults)


def explore(
    calls: Sequence[MadeCall],
    operations: Sequence[Operation],
    attempt: Callable[[Faults], Trial],
    is_over: Callable[[], bool],
) -> Explored:
    """Try every fault at every one of the calls, then pairs, until `is_over()`.

    A pair is a fault under which everything holds, and a fault at a call that comes after it: also at one that the
    client only makes because of it, such as its second attempt. A fault that breaks the test alone is in no pair, so
    nothing that is found can be made smaller.
    """
    explored, held = Explored(), list[tuple[PlannedFault, Trial]]()
    singles = list(possible(calls, operations))
    explored.singles = 0, len(singles)
    for number, fault in enumerate(singles):
        if is_over():
            break
        trial = attempt((fault,))
        explored.add(trial.problem, (fault,))
        explored.singles = number + 1, len(singles)
        if not trial.problem:
            held.append((fault, trial))
    if not is_over():
        _explore_pairs(explored, held, singles, operations, attempt, is_over)
    return explored


def _explore_pairs(
    explored: Explored,
    held: Sequence[tuple[PlannedFault, Trial]],
    singles: Sequence[PlannedFault],
    operations: Sequence[Operation],
    attempt: Callable[[Faults], Trial],
    is_over: Callable[[], bool],
) -> None:
    unbroken = [fault for fault, _ in held]
    broken = {str(fault) for fault in singles if fault not in unbroken}
    pairs = [
        (first, second)
        for first, trial in held
        for second in following(first, trial.calls, operations)
        if str(second) not in broken
    ]
    # Always the same order, and no call first: time may end it anywhere.
    Random(0).shuffle(pairs)
    explored.pairs = 0, len(pairs)
    for number, pair in enumerate(pairs):
        if is_over():
            return
        explored.add(attempt(pair).problem, pair)
        explored.pairs = number + 1, len(pairs)
