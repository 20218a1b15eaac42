"""Expectations of a journal: how often an operation was called, or several calls in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.errors import ConfigurationError
from emulator.journal.entry import Exchange
from emulator.journal.subject import JournalledSubject, shown
from emulator.matching.globs import matches
from emulator.matching.where import Condition, Where, where_of

HOW_OFTEN = ("count", "at_least", "at_most")


@dataclass(frozen=True, slots=True)
class ExpectedCall:
    """A call of an operation (a name or a glob) of a vendor (None: any that has it), with these values."""

    operation: str
    vendor: str | None
    where: Where

    def differences(self, exchange: Exchange) -> tuple[str, ...] | None:
        """Return the differences of an exchange, None if it is unrelated to the operation."""
        if self.vendor not in (None, exchange.vendor):
            return None
        named = [name for name in exchange.operations if matches(name, self.operation)]
        if named:
            found = (tuple(self.where.differences(JournalledSubject(exchange, name))) for name in named)
            return min(found, key=len)
        near = [one.sentence for one in exchange.near_misses if matches(one.operation, self.operation)]
        return (f"no operation matches: {near[0]}",) if near else None

    def __str__(self) -> str:
        words = [
            f"{place} {name} {_expected(name or place, condition)}".replace("  ", " ")
            for place, name, condition in self.where.conditions
        ]
        return f"{self.operation}{' with ' if words else ''}{' and '.join(words)}"


@dataclass(frozen=True, slots=True)
class Expectation:
    """From `lowest` to `highest` (None: no limit) calls like the one in `calls`; or all `calls` in order.

    In order, each is another call, and others may lie between. Of `within` seconds it speaks only.
    """

    calls: tuple[ExpectedCall, ...]
    is_ordered: bool
    lowest: int = 1
    highest: int | None = None
    within: float | None = None

    def __str__(self) -> str:
        within = "" if self.within is None else f" within {self.within:g} s"
        if self.is_ordered:
            return f"{', then '.join(map(str, self.calls))}, in this order{within}"
        operation, conditions = self.calls[0].operation, str(self.calls[0]).removeprefix(self.calls[0].operation)
        return f"{operation} {_times(self.lowest, self.highest)}{conditions}{within}"


def expectation_of(document: Mapping[str, Any]) -> Expectation:
    """Return the expectation of a document that is valid against expectation.schema.json.

    Raises ConfigurationError for one that contradicts itself, and for an invalid condition.
    """
    if ("operation" in document) is ("in_order" in document):
        raise ConfigurationError("give either an operation or in_order")
    if "in_order" in document:
        for name in (*HOW_OFTEN, "where"):
            if name in document:
                raise ConfigurationError(f"in_order says which calls come; leave {name} out")
        calls = tuple(_calls_of(document))
        return Expectation(calls, True, within=document.get("within"))
    if "count" in document and document.keys() & {"at_least", "at_most"}:
        raise ConfigurationError("give either count, or at_least and at_most")
    lowest, highest = _bounds(document)
    if highest is not None and lowest > highest:
        raise ConfigurationError("at_least is more than at_most, which nothing can be")
    return Expectation((_call_of(document),), False, lowest, highest, document.get("within"))


def _calls_of(document: Mapping[str, Any]) -> Iterator[ExpectedCall]:
    for step in document["in_order"]:
        call = {"operation": step} if isinstance(step, str) else step
        yield _call_of({"vendor": document.get("vendor"), **call})


def _call_of(document: Mapping[str, Any]) -> ExpectedCall:
    return ExpectedCall(document["operation"], document.get("vendor"), where_of(document.get("where", {})))


def _bounds(document: Mapping[str, Any]) -> tuple[int, int | None]:
    if "count" in document:
        return document["count"], document["count"]
    highest = document.get("at_most")
    return document.get("at_least", 1 if highest is None else 0), highest


def _times(lowest: int, highest: int | None) -> str:
    if highest is None:
        return f"at least {_counted(lowest)}"
    if lowest == highest:
        return f"exactly {_counted(highest)}"
    return f"at most {_counted(highest)}" if not lowest else f"{lowest} to {_counted(highest)}"


def _counted(times: int) -> str:
    return "once" if times == 1 else f"{times} times"


def _expected(name: str, condition: Condition) -> str:
    return condition.words(lambda value: shown(name, value))
