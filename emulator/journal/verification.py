"""Whether a sandbox has seen what a test expects; and if not, what came near."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from emulator.exchange import NOTHING, Document
from emulator.journal.entry import Exchange, JournalledCall
from emulator.journal.masking import FORM, Masker, is_masked
from emulator.journal.text_masking import is_named

NEAREST = 3
LONGEST_VALUE = 200

INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
"""An index into an array (RFC 6901, section 4), of no more digits than a list can need."""


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
    out: at least once), and `where`: {path: {parameter: value}, query: {name: value}, body:
    {JSON pointer: value}, status}.
    """
    operation, where = document["operation"], document.get("where", {})
    matching: list[int] = []
    near: list[NearExchange] = []
    for exchange in exchanges:
        if exchange.vendor != document.get("vendor", exchange.vendor):
            continue
        if operation in exchange.operations:
            found = tuple(differences(exchange, where))
            if found:
                near.append(NearExchange(exchange.number, found))
            else:
                matching.append(exchange.number)
        else:
            near += _nearly(exchange, operation)
    return _verdict(document, matching, near, kept, lost)


def differences(exchange: Exchange, where: Mapping[str, Any]) -> Iterator[str]:
    """Say in what an exchange differs from what is expected of it; nothing if it is as expected."""
    yield from _differing_params(where.get("path", {}), exchange.call)
    yield from _differing_query(where.get("query", {}), exchange.call)
    yield from _differing_body(where.get("body", {}), exchange.call)
    if "status" in where and where["status"] != exchange.status:
        yield f"the status is {exchange.status or 'none'}, not {where['status']}"


def _nearly(exchange: Exchange, operation: str) -> Iterator[NearExchange]:
    """Yield a call that no operation matched, if this one is among the nearest."""
    for near in exchange.near_misses:
        if near.operation == operation:
            yield NearExchange(exchange.number, (f"it is no {operation}: {near.sentence}",))


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
    where = document.get("where", {})
    words = [
        f"{place} {name} {_shown(Masker().document(value, is_named(name)))}"
        for place in ("path", "query", "body")
        for name, value in where.get(place, {}).items()
    ]
    words += [f"status {where['status']}"] if "status" in where else []
    return f" with {' and '.join(words)}" if words else ""


def _differing_params(expected: Mapping[str, Any], call: JournalledCall) -> Iterator[str]:
    for name, value in expected.items():
        if name not in call.params:
            yield f"path {name} is missing"
        elif not _same_text(call.params[name], value):
            yield _difference("path", name, call.params[name], value)


def _differing_query(expected: Mapping[str, Any], call: JournalledCall) -> Iterator[str]:
    for name, value in expected.items():
        found = [given for known, given in call.query if known == name]
        if not found:
            yield f"query {name} is missing"
        elif not any(_same_text(given, value) for given in found):
            yield _difference("query", name, found[0] if len(found) == 1 else found, value)


def _differing_body(expected: Mapping[str, Any], call: JournalledCall) -> Iterator[str]:
    body = _document_of(call) if expected else NOTHING
    for pointer, value in expected.items():
        found = _at(body, pointer)
        if body is NOTHING:
            yield f"body {pointer} cannot be read: {_why_unreadable(call)}"
        elif found is NOTHING:
            yield f"body {pointer} is missing"
        elif not same(found, value):
            yield _difference("body", pointer, found, value)


def _difference(place: str, name: str, found: Any, expected: Any) -> str:
    if is_masked(found):
        return f"{place} {name} is a credential, which the journal does not keep"
    return f"{place} {name} is {_shown(found)}, not {_shown(Masker().document(expected, is_named(name)))}"


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


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
    return "it is no JSON" if call.body_size else "there is no body"


def _at(document: Document, pointer: str) -> Any:
    """Return what a JSON pointer points at, NOTHING if that is not there."""
    found = document
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and INDEX.fullmatch(key) and int(key) < len(found):
            found = found[int(key)]
        else:
            return NOTHING
    return found


def _same_text(found: Any, expected: Any) -> bool:
    """Compare a parameter, which is text on its way, with a value of any type: "10" is 10, "true" is true."""
    return same(found, expected) or _text(found) == _text(expected)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def same(found: Document, expected: Document) -> bool:
    """Return True if two JSON values are equal, as JSON Schema has it: 1 is 1.0, but not true."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return isinstance(found, bool) == isinstance(expected, bool) and bool(found == expected)
