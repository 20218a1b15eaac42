"""Verifies that a sandbox got the calls that a test expects, or reports the nearest ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.journal.entry import Exchange
from emulator.journal.subject import JournalledSubject, shown
from emulator.matching.where import Condition, Where, where_of

NEAREST = 3


@dataclass(frozen=True, slots=True)
class NearExchange:
    """An exchange that nearly matches, and its differences."""

    number: int
    differences: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {"id": self.number, "differences": list(self.differences)}


@dataclass(frozen=True, slots=True)
class Verification:
    """The result. `exchanges` are the numbers of those that matched, `sentence` says why it failed."""

    passed: bool
    exchanges: tuple[int, ...]
    sentence: str
    near_misses: tuple[NearExchange, ...]

    @property
    def matched(self) -> int:
        """The number of exchanges that matched."""
        return len(self.exchanges)

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "passed": self.passed,
            "matched": self.matched,
            "exchanges": list(self.exchanges),
            "sentence": self.sentence,
            "near_misses": [near.document() for near in self.near_misses],
        }


def verify(exchanges: Iterable[Exchange], document: Mapping[str, Any], *, kept: int = 0, lost: int = 0) -> Verification:
    """Compare a journal's exchanges with an expectation; `kept` is how many it has, `lost` how many it evicted.

    The expectation has an `operation`, optionally a `vendor`, how often (`count`, or `at_least` and `at_most`; by
    default at least once), and a `where` (emulator/matching/where.py). Raises ConfigurationError for an invalid one.
    """
    operation, where = document["operation"], where_of(document.get("where", {}))
    matching: list[int] = []
    near: list[NearExchange] = []
    for exchange in exchanges:
        if exchange.vendor != document.get("vendor", exchange.vendor):
            continue
        if operation in exchange.operations:
            found = tuple(where.differences(JournalledSubject(exchange, operation)))
            if found:
                near.append(NearExchange(exchange.number, found))
            else:
                matching.append(exchange.number)
        else:
            near += _nearly(exchange, operation)
    return _verdict(document, where, matching, near, kept, lost)


def _nearly(exchange: Exchange, operation: str) -> Iterator[NearExchange]:
    """Yield a call that no operation matches, if this operation is one of the nearest."""
    for near in exchange.near_misses:
        if near.operation == operation:
            yield NearExchange(exchange.number, (f"no operation matches: {near.sentence}",))


def _verdict(
    document: Mapping[str, Any],
    where: Where,
    matching: Sequence[int],
    near: Sequence[NearExchange],
    kept: int,
    lost: int,
) -> Verification:
    lowest, highest = _bounds(document)
    too_few, too_many = len(matching) < lowest, highest is not None and len(matching) > highest
    undecided = highest is not None and lost > 0
    if not too_few and not too_many and not undecided:
        return Verification(True, tuple(matching), "", ())
    expected = f"{document['operation']} {_times(lowest, highest)}{_conditions(where)}"
    sentence = f"expected {expected}, found {len(matching)}"
    if lost:
        sentence += (
            f"; the journal holds only the newest {kept} exchanges, and dropped {lost}:"
            " raise journal_size or journal_bytes, or clear the journal before"
        )
    nearest = sorted(near, key=lambda one: (len(one.differences), -one.number)) if too_few else ()
    return Verification(False, tuple(matching), sentence, tuple(nearest[:NEAREST]))


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


def _conditions(where: Where) -> str:
    words = [
        f"{place} {name} {_expected(name or place, condition)}".replace("  ", " ")
        for place, name, condition in where.conditions
    ]
    return f" with {' and '.join(words)}" if words else ""


def _expected(name: str, condition: Condition) -> str:
    return condition.words(lambda value: shown(name, value))
