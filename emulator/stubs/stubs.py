"""The stubs of one sandbox, and the calls that they reply to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import NamedTuple

from emulator.contract.routes import Route
from emulator.matching.where import Subject
from emulator.stubs.stub import Stub


class Stubbed(NamedTuple):
    """A stub for a call, the route of the call's path, and the delay in seconds that was drawn for it."""

    stub: Stub
    route: Route
    seconds: float


class Stubs:
    """The stubs of one sandbox, in the order of their creation, and how many calls each has replied to."""

    def __init__(self, seed: int | str) -> None:
        self._seed = seed
        self._stubs: dict[str, Stub] = {}
        self._hits: Counter[str] = Counter()
        self._number = 0

    def __iter__(self) -> Iterator[Stub]:
        return iter(self._stubs.values())

    def __len__(self) -> int:
        return len(self._stubs)

    def next_id(self) -> str:
        """Return an id for a new stub."""
        self._number += 1
        return f"stub-{self._number}"

    def hits(self, id: str) -> int:
        """Return how many calls a stub has replied to."""
        return self._hits[id]

    def add(self, stub: Stub) -> None:
        """Add a stub."""
        self._stubs[stub.id] = stub

    def remove(self, id: str) -> bool:
        """Remove a stub; return whether it existed."""
        del self._hits[id]
        return self._stubs.pop(id, None) is not None

    def at(self, vendor: str, method: str, path: str) -> Sequence[tuple[Stub, Route]]:
        """Return the stubs for a method and a path below the vendor's root; stubs for GET also apply to HEAD."""
        method = "GET" if method == "HEAD" else method
        found = [(stub, stub.routes.find(path)) for stub in self if (stub.vendor, stub.method) == (vendor, method)]
        return [(stub, route) for stub, route in found if route is not None]

    def take(
        self, candidates: Sequence[tuple[Stub, Route]], subject_of: Callable[[Mapping[str, str]], Subject]
    ) -> Stubbed | None:
        """Count a call for the first stub that it matches and that is not used up; None if there is none.

        `subject_of(path parameters)` is what conditions match.
        """
        for stub, route in candidates:
            is_used_up = stub.id not in self._stubs or self._hits[stub.id] >= stub.times
            if is_used_up or any(stub.where.differences(subject_of(route.params))):
                continue
            self._hits[stub.id] += 1
            random = Random(f"{self._seed}:{stub.id}:{self._hits[stub.id]}")
            return Stubbed(stub, route, stub.delay.draw(random) if stub.delay else 0.0)
        return None
