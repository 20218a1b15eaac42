"""Faults: rules that apply to matching calls, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from random import Random
from typing import Any, NamedTuple

from emulator.errors import ConfigurationError
from emulator.exchange import NOTHING, Document, Nothing, Record
from emulator.matching.globs import matches
from emulator.matching.where import EVERYWHERE, Subject, Where, where_of
from emulator.transport.breaking import Break, break_of


class Rate(NamedTuple):
    """A bucket of `capacity` calls that refills by `per_second` calls each second.

    With `seconds` instead: at most `capacity` calls in any period of this length.
    """

    capacity: int
    per_second: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Follows:
    """The calls of another operation (a glob) or vendor after which a fault begins.

    Only calls with the values of `where` are counted.
    """

    vendor: str
    operation: str = "*"
    count: int = 1
    where: Where = EVERYWHERE

    def is_by(self, vendor: str, operations: Sequence[str], subject_of: Callable[[str], Subject]) -> bool:
        """Return True if a call of these operations counts; `subject_of(operation)` is what conditions match."""
        if vendor != self.vendor:
            return False
        meant = (name for name in operations if matches(name, self.operation))
        return any(not self.where or not any(self.where.differences(subject_of(name))) for name in meant)


class When(NamedTuple):
    """Which of the matching calls are affected; a field that is not given does not restrict.

    All calls that the fault matches are counted (for `times` and rates, too); with `per_operation`, separately for
    each operation. Of those after the first `after`: the `nth`, or each `every`th, at most `times`, with
    `probability`, between two times of the sandbox's clock, over a rate, and once `follows` has happened.
    """

    nth: tuple[int, ...] = ()
    times: float = inf
    after: int = 0
    every: int = 1
    probability: float = 1.0
    between: tuple[datetime, datetime] | None = None
    over: Rate | None = None
    per_operation: bool = False
    follows: Follows | None = None


class Delay(NamedTuple):
    """The delay of a reply: `fixed`, `uniform` (lowest, highest), `lognormal` (median, sigma) or `clock` seconds.

    Those of `clock` pass on the sandbox's clock only.
    """

    kind: str
    values: tuple[float, ...]

    @property
    def is_on_clock(self) -> bool:
        """Return True if it moves the sandbox's clock, and nobody waits."""
        return self.kind == "clock"

    def draw(self, random: Random) -> float:
        """Return a delay in seconds."""
        if self.kind in ("fixed", "clock"):
            return self.values[0]
        if self.kind == "uniform":
            return random.uniform(*self.values)
        median, sigma = self.values
        return float(median * random.lognormvariate(0, sigma))


@dataclass(frozen=True, slots=True)
class FaultReply:
    """A fault's reply: a `status`, with the contract's example unless a `body` is given.

    A string body is sent unchanged. "{retry_after}" in body and headers becomes the seconds until the
    rate allows a call again.
    """

    status: int
    body: Document | Nothing = NOTHING
    headers: Mapping[str, str] = field(default_factory=dict)


class GraphQLFault(NamedTuple):
    """GraphQL errors of a root field, whose data is kept or null."""

    errors: Sequence[Mapping[str, Any]]
    keep_data: bool


class Fault(NamedTuple):
    """One rule. `only` restricts it to "reads" or "writes", `where` to calls with these values; `document` is its
    source, `scenario` the name of the scenario that it belongs to.
    """

    id: str
    vendor: str
    operations: tuple[str, ...]
    when: When
    after_commit: bool
    reply: FaultReply | None
    delay: Delay | None
    connection: Break | None
    graphql: GraphQLFault | None
    only: str | None
    forced: bool
    document: Record
    scenario: str | None = None
    where: Where = EVERYWHERE

    def matches(self, vendor: str, operation: str, reads: bool) -> bool:
        """Return True if the fault matches an operation; `reads` is True for one that only reads."""
        if self.vendor != vendor or not self.may_affect(reads):
            return False
        return any(matches(operation, name) for name in self.operations)

    def may_affect(self, reads: bool) -> bool:
        """Return True if `only` leaves operations that only read (or that write) to the fault."""
        return self.only != ("writes" if reads else "reads")


def fault_of(document: Record, id: str, scenario: str | None = None, vendor: str = "") -> Fault:
    """Return the fault of a document that is valid against fault.schema.json.

    Raises ConfigurationError for a time that does not exist, and for an invalid condition in `where`.
    """
    operation = document.get("operation", "*")
    return Fault(
        id=id,
        vendor=document.get("vendor", vendor),
        operations=(operation,) if isinstance(operation, str) else tuple(operation),
        when=_when_of(document.get("when", {})),
        after_commit=document.get("commit") == "after",
        reply=_reply_of(document["reply"]) if "reply" in document else None,
        delay=delay_of(document["delay"]) if "delay" in document else None,
        connection=break_of(document["connection"]) if "connection" in document else None,
        graphql=_graphql_of(document["graphql"]) if "graphql" in document else None,
        only=document.get("only"),
        forced=document.get("force", False),
        document=document,
        scenario=scenario,
        where=where_of(document.get("where", {})),
    )


def _when_of(document: Record) -> When:
    nth = document.get("nth", [])
    between, over = document.get("between"), document.get("over")
    return When(
        nth=tuple(int(number) for number in (nth if isinstance(nth, list) else [nth])),
        times=document.get("times", inf),
        after=document.get("after", 0),
        every=document.get("every", 1),
        probability=document.get("probability", 1.0),
        between=(_moment(between[0]), _moment(between[1])) if between else None,
        over=Rate(over["calls"], over.get("per_second"), over.get("seconds")) if over else None,
        per_operation=document.get("per") == "operation",
        follows=_follows_of(document["follows"]) if "follows" in document else None,
    )


def _follows_of(document: Record) -> Follows:
    try:
        where = where_of(document.get("where", {}))
    except ConfigurationError as problem:
        raise ConfigurationError(f"follows: {problem}") from None
    return Follows(**{**document, "where": where})


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as problem:
        raise ConfigurationError(f"between: invalid time {text!r}: {problem}") from None


def _reply_of(document: Record) -> FaultReply:
    headers = {name: str(value) for name, value in document.get("headers", {}).items()}
    return FaultReply(int(document["status"]), document.get("body", NOTHING), headers)


def delay_of(document: Record | float) -> Delay:
    """Return the delay that a document describes; a number is {fixed: number}."""
    if not isinstance(document, dict):
        return Delay("fixed", (document,))
    kind, value = next(iter(document.items()))
    if kind == "lognormal":
        return Delay(kind, (value["median"], value["sigma"]))
    return Delay(kind, tuple(value) if isinstance(value, list) else (value,))


def _graphql_of(document: Record) -> GraphQLFault:
    return GraphQLFault(document["errors"], document.get("data") == "keep")
