"""Whether a sandbox has seen what a test expects; and if not, what came near."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from emulator.exchange import NOTHING, Document
from emulator.journal.entry import Exchange, JournalledCall
from emulator.journal.masking import FORM, Masker, is_masked
from emulator.journal.text_masking import is_named
from emulator.matching.where import Condition, Unreadable, graphql_part, where_of

NEAREST = 3
LONGEST_VALUE = 200


@dataclass(frozen=True, slots=True)
class NearExchange:
    """An exchange that was nearly as expected, and what differed."""

    number: int
    differences: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"id": self.number, "differences": list(self.differences)}


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict. `exchanges` are the numbers of those that matched, `sentence` tells why it failed."""

    passed: bool
    exchanges: tuple[int, ...]
    sentence: str
    near_misses: tuple[NearExchange, ...]

    @property
    def matched(self) -> int:
        """How many exchanges matched."""
        return len(self.exchanges)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "passed": self.passed,
            "matched": self.matched,
            "exchanges": list(self.exchanges),
            "sentence": self.sentence,
            "near_misses": [near.document() for near in self.near_misses],
        }


def verify(exchanges: Iterable[Exchange], document: Mapping[str, Any], *, kept: int = 0, lost: int = 0) -> Verification:
    """Hold the exchanges of a journal to an expectation; it keeps so many, and so many had to make room.

    It has an `operation`, perhaps a `vendor`, how often (`count`, or `at_least` and `at_most`; left
    out: at least once), and a `where` (emulator/matching/where.py). Raises ConfigurationError for an invalid one.
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
    return _verdict(document, matching, near, kept, lost)


def _nearly(exchange: Exchange, operation: str) -> Iterator[NearExchange]:
    """Yield a call that no operation matched, if this one is among the nearest."""
    for near in exchange.near_misses:
        if near.operation == operation:
            yield NearExchange(exchange.number, (f"no operation matches: {near.sentence}",))


def _verdict(
    document: Mapping[str, Any], matching: Sequence[int], near: Sequence[NearExchange], kept: int, lost: int
) -> Verification:
    lowest, highest = _bounds(document)
    too_few, too_many = len(matching) < lowest, highest is not None and len(matching) > highest
    undecided = highest is not None and lost > 0
    if not too_few and not too_many and not undecided:
        return Verification(True, tuple(matching), "", ())
    expected = f"{document['operation']} {_times(lowest, highest)}{_conditions(document)}"
    sentence = f"expected {expected}, found {len(matching)}"
    if lost:
        sentence += (
            f"; the journal holds the newest {kept} exchanges only, {lost} had to make room:"
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


def _conditions(document: Mapping[str, Any]) -> str:
    words = [
        f"{place} {name} {_expected(name or place, condition)}".replace("  ", " ")
        for place, name, condition in where_of(document.get("where", {})).conditions
    ]
    return f" with {' and '.join(words)}" if words else ""


def _expected(name: str, condition: Condition) -> str:
    return condition.words(lambda value: _shown(Masker().document(value, is_named(name))))


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


class JournalledSubject:
    """An exchange of the journal, as a matcher looks at it: bodies are masked, and perhaps cut."""

    def __init__(self, exchange: Exchange, operation: str) -> None:
        self._exchange = exchange
        self._call = exchange.call
        self._operation = operation
        self._documents: dict[str, Any] = {}

    def values(self, place: str, name: str) -> Sequence[Any]:
        """Return the values of a path parameter, a query parameter, a header, the credential or the status."""
        if place == "status":
            return [self._exchange.status]
        if place == "credential":
            id = self._exchange.credential
            return [id, id.removesuffix(f".{self._exchange.sandbox}")] if id else []
        if place == "path":
            return [self._call.params[name]] if name in self._call.params else []
        if place == "headers":
            return [value for known, value in self._call.headers if known.lower() == name.lower()]
        return [value for known, value in self._call.query if known == name]

    def document(self, place: str) -> Document:
        """Return the body, or of a GraphQL call its variables or the arguments of the operation."""
        if place not in self._documents:
            self._documents[place] = self._read(place)
        found = self._documents[place]
        if found is NOTHING:
            raise Unreadable(_why_unreadable(self._call), is_empty=not self._call.body_size)
        return found

    def is_masked(self, value: Any) -> bool:
        """Return True for a credential, which the journal does not keep."""
        return is_masked(value)

    def shown(self, name: str, value: Any) -> str:
        """Return a value, without what may be a credential, short enough for a sentence."""
        return _shown(Masker().document(value, is_named(name)))

    def _read(self, place: str) -> Any:
        if place == "body":
            return _document_of(self._call)
        return graphql_part(self.document("body"), place, self._operation)


def _document_of(call: JournalledCall) -> Document:
    """Return the body as a document, NOTHING if it is none: JSON, a form, or the parts by name."""
    if call.parts:
        return {part.name: part.filename if part.text is None else part.text for part in call.parts}
    text = call.text()
    if text is None or call.body_cut:
        return NOTHING
    if call.content_type.partition(";")[0].strip().lower() == FORM:
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return NOTHING


def _why_unreadable(call: JournalledCall) -> str:
    if call.body_cut:
        return f"the journal keeps the first {len(call.body)} of its {call.body_size} bytes"
    return "invalid JSON" if call.body_size else "there is no body"
