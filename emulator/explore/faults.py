"""The faults that the contract allows at the calls that a test has made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["MadeCall", "Operation", "PlannedFault", "following", "kind_of", "possible"]

Operation: TypeAlias = Mapping[str, Any]
"""An operation as the control API lists it: vendor, operation, method, statuses."""

Kind: TypeAlias = int | str
"""The status of a failed call, or "lost", "slow", "truncated", "malformed" or "errors"."""

SLOW_SECONDS = 30
"""How long a slow call takes, on the sandbox's clock: longer than most clients wait."""

READS = ("GET", "HEAD", "OPTIONS", "query")
ROOTS = ("query", "mutation", "subscription")
ERRORS = {"errors": [{"message": "The vendor failed."}]}
MALFORMED = '{"unfinished": '


@dataclass(frozen=True)
class MadeCall:
    """A call that a test has made, with the status of its reply; a GraphQL call is one for each of its root fields."""

    vendor: str
    operation: str
    status: int
    has_body: bool


@dataclass(frozen=True)
class PlannedFault:
    """One fault at the `nth` call of an operation, in words and as its `effect` in a fault's document."""

    vendor: str
    operation: str
    nth: int
    words: str
    effect: Mapping[str, Any] = field(hash=False)

    @property
    def document(self) -> dict[str, Any]:
        """The fault as the control API takes it."""
        return {"vendor": self.vendor, "operation": self.operation, "when": {"nth": self.nth}, **self.effect}

    def __str__(self) -> str:
        return f"call {self.nth} of {self.operation} ({self.vendor}) {self.words}"


def possible(calls: Sequence[MadeCall], operations: Sequence[Operation]) -> Iterator[PlannedFault]:
    """Yield every single fault at every call, in the order of the calls."""
    known = {(one["vendor"], one["operation"]): one for one in operations}
    for call, nth in _numbered(calls):
        for words, effect in _effects(call, known[call.vendor, call.operation]):
            yield PlannedFault(call.vendor, call.operation, nth, words, effect)


def following(
    fault: PlannedFault, calls: Sequence[MadeCall], operations: Sequence[Operation]
) -> Iterator[PlannedFault]:
    """Yield every fault at the calls after the one that has had a fault; `calls` are those of that run."""
    places = [(call.vendor, call.operation, nth) for call, nth in _numbered(calls)]
    place = (fault.vendor, fault.operation, fault.nth)
    later = set(places[places.index(place) + 1 :]) if place in places else set()
    yield from (one for one in possible(calls, operations) if (one.vendor, one.operation, one.nth) in later)


def kind_of(document: Mapping[str, Any]) -> Kind:
    """Return the kind of a fault by its document."""
    if "graphql" in document:
        return "errors"
    if "reply" in document:
        return "malformed" if document.get("force") else int(document["reply"]["status"])
    connection = document.get("connection")
    if connection is None:
        return "slow"
    return "lost" if connection in ("reset", "close") else "truncated"


def _numbered(calls: Sequence[MadeCall]) -> Iterator[tuple[MadeCall, int]]:
    """Yield each call, and how many calls of its operation there were until then."""
    counts: Counter[tuple[str, str]] = Counter()
    for call in calls:
        counts[call.vendor, call.operation] += 1
        yield call, counts[call.vendor, call.operation]


def _effects(call: MadeCall, operation: Operation) -> Iterator[tuple[str, Mapping[str, Any]]]:
    writes = operation["method"] not in READS
    failed = [status for status in map(int, operation["statuses"]) if status >= 400]
    for status in failed:
        yield f"gets {status}", {"reply": {"status": status}}
    yield from _lost("gets no reply", {"connection": "close"}, writes)
    for status in failed:
        # A 4xx says that nothing was done; a 5xx says nothing of it.
        if writes and status >= 500:
            yield f"gets {status}, but it is written", {"reply": {"status": status}, "commit": "after"}
    if operation["method"] in ROOTS:
        yield from _lost("gets errors", {"graphql": ERRORS}, writes)
        yield "gets errors beside its data", {"graphql": {**ERRORS, "data": "keep"}}
    yield f"takes {SLOW_SECONDS} s", {"delay": {"clock": SLOW_SECONDS}}
    if call.has_body:
        yield "gets half of the body", {"connection": "truncate"}
        malformed = {"reply": {"status": call.status or 200, "body": MALFORMED}, "force": True}
        yield "gets JSON that does not parse", {**malformed, "commit": "before" if call.status >= 400 else "after"}


def _lost(words: str, effect: Mapping[str, Any], writes: bool) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not writes:
        yield words, effect
        return
    yield f"{words}, and nothing is written", effect
    yield f"{words}, but it is written", {**effect, "commit": "after"}
