"""The armed faults of a sandbox, and which of them apply to a call."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from datetime import datetime
from functools import cache
from math import ceil
from random import Random
from typing import NamedTuple

from emulator.exchange import AppliedFault, Record
from emulator.faults.rule import Fault, Rate, When
from emulator.faults.sentences import sentence_of
from emulator.matching.where import Subject


class Due(NamedTuple):
    """A fault that applies to a call of an operation.

    `number` is that of the call as the fault counts, from 1; `seconds` is the delay drawn for it, `retry_after` the
    seconds until a rate allows a call again.
    """

    fault: Fault
    operation: str
    number: int
    seconds: float
    retry_after: int

    @property
    def id(self) -> str:
        """The id of the fault."""
        return self.fault.id

    def applied(self, mask: Callable[[Record], Record]) -> AppliedFault:
        """Return what applied and why; `mask` returns conditions without credentials."""
        return AppliedFault(self.id, self.fault.scenario, self.number, sentence_of(self.fault, mask))


class Faults:
    """The faults of one sandbox, in the order in which they were armed, with their counts."""

    def __init__(self, seed: int | str) -> None:
        self._seed = seed
        self._faults: dict[str, Fault] = {}
        self._number = 0
        self._calls: Counter[tuple[str, str]] = Counter()
        self._draws: Counter[tuple[str, str]] = Counter()
        self._followed: Counter[str] = Counter()
        self._hits: Counter[tuple[str, str]] = Counter()
        self._levels: dict[tuple[str, str], _Bucket | _Window] = {}

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def __len__(self) -> int:
        return len(self._faults)

    def next_id(self) -> str:
        """Return an id for a fault without one."""
        self._number += 1
        return f"fault-{self._number}"

    def hits(self, id: str) -> int:
        """Return how many calls a fault affected."""
        return sum(hits for (fault, _), hits in self._hits.items() if fault == id)

    def add(self, fault: Fault) -> None:
        """Arm a fault; if it was already armed, restart its counts."""
        self.remove(fault.id)
        self._faults[fault.id] = fault

    def remove(self, id: str) -> bool:
        """Disarm a fault; return whether it was armed."""
        for counted in (self._calls, self._draws, self._hits, self._levels):
            for key in [key for key in counted if key[0] == id]:
                del counted[key]
        del self._followed[id]
        return self._faults.pop(id, None) is not None

    def observe(self, vendor: str, operations: Sequence[str], subject_of: Callable[[str], Subject]) -> None:
        """Count a finished call for the faults with `follows`; `subject_of(operation)` is what they match."""
        subject_of = cache(subject_of)
        for fault in self._faults.values():
            follows = fault.when.follows
            if follows is not None:
                self._followed[fault.id] += follows.is_by(vendor, operations, subject_of)

    def due(
        self,
        vendor: str,
        operation: str,
        reads: bool,
        now: datetime,
        applies_to: Callable[[Fault], bool] = lambda _: True,
    ) -> list[Due]:
        """Count a call of an operation, and return the faults that apply to it.

        A call that a fault cannot affect, because the contract does not have the reply, is not counted for it.
        """
        matching = [fault for fault in self._faults.values() if fault.matches(vendor, operation, reads)]
        applied = (self._apply(fault, operation, now) for fault in matching if applies_to(fault))
        return [due for due in applied if due is not None]

    def preview(self, id: str, operation: str, now: datetime, calls: int) -> list[Due | None]:
        """Return for each of the next calls of an operation how a fault applies to it: None, if it does not.

        All of them count as made `now`, with the values of the fault's `where`. Nothing is counted.
        """
        copy = Faults(self._seed)
        copy._calls, copy._draws, copy._hits = Counter(self._calls), Counter(self._draws), Counter(self._hits)
        copy._followed, copy._levels = self._followed, deepcopy(self._levels)
        return [copy._apply(self._faults[id], operation, now) for _ in range(calls)]

    def _apply(self, fault: Fault, operation: str, now: datetime) -> Due | None:
        when = fault.when
        if when.follows is not None and self._followed[fault.id] < when.follows.count:
            return None
        key = (fault.id, operation if when.per_operation else "")
        self._calls[key] += 1
        number = self._calls[key] - when.after
        # Chance is drawn per operation: the result for one does not depend on when others are called.
        self._draws[fault.id, operation] += 1
        random = Random(f"{self._seed}:{fault.id}:{operation}:{self._draws[fault.id, operation]}")
        if not self._is_due(when, number, key, random, now):
            return None
        retry_after = self._over(when.over, key, now)
        if retry_after is None:
            return None
        self._hits[key] += 1
        return Due(fault, operation, number, fault.delay.draw(random) if fault.delay else 0.0, retry_after)

    def _is_due(self, when: When, number: int, key: tuple[str, str], random: Random, now: datetime) -> bool:
        return (
            number > 0
            and (not when.nth or number in when.nth)
            and number % when.every == 0
            and self._hits[key] < when.times
            and (when.between is None or when.between[0] <= now < when.between[1])
            and random.random() < when.probability
        )

    def _over(self, rate: Rate | None, key: tuple[str, str], now: datetime) -> int | None:
        """Return the seconds until a call is allowed, None if this one is."""
        if rate is None:
            return 1
        if key not in self._levels:
            self._levels[key] = _Window(rate) if rate.seconds else _Bucket(rate, now)
        wait = self._levels[key].wait(now)
        return None if wait <= 0 else max(1, ceil(wait))


ROUNDING = 1e-9
"""The rounding error of a sum of many small refills."""


class _Bucket:
    """The calls in a bucket, and the time of the last update."""

    def __init__(self, rate: Rate, now: datetime) -> None:
        assert rate.per_second
        self._capacity, self._per_second = rate.capacity, rate.per_second
        self._calls, self._since = 0.0, now

    def wait(self, now: datetime) -> float:
        """Add a call and return 0, or return the seconds until one fits."""
        passed = max(0.0, (now - self._since).total_seconds())
        self._calls, self._since = max(0.0, self._calls - passed * self._per_second), now
        excess = self._calls + 1 - self._capacity
        if excess <= ROUNDING:
            self._calls += 1
            return 0
        return excess / self._per_second


class _Window:
    """The times of the allowed calls that still count (as in Django REST framework's throttles)."""

    def __init__(self, rate: Rate) -> None:
        assert rate.seconds
        self._capacity, self._seconds = rate.capacity, rate.seconds
        self._times: deque[datetime] = deque()

    def wait(self, now: datetime) -> float:
        """Add a call and return 0, or return the seconds until one is allowed."""
        while self._times and not 0 <= (now - self._times[0]).total_seconds() < self._seconds:
            self._times.popleft()
        if len(self._times) < self._capacity:
            self._times.append(now)
            return 0
        return self._seconds - (now - self._times[0]).total_seconds()
