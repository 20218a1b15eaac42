"""An exchange of the journal, as a matcher looks at it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from emulator.exchange import NOTHING, Document
from emulator.journal.entry import Exchange, JournalledCall
from emulator.journal.masking import FORM, Masker, is_masked
from emulator.journal.text_masking import is_named
from emulator.matching.globs import matches
from emulator.matching.where import Unreadable, Where, graphql_part

LONGEST_VALUE = 200


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
        return shown(name, value)

    def _read(self, place: str) -> Any:
        if place == "body":
            return _document_of(self._call)
        return graphql_part(self.document("body"), place, self._operation)


def matching(exchanges: Iterable[Exchange], where: Where, operation: str = "*") -> list[Exchange]:
    """Return the exchanges in which nothing differs, for one of their operations that a glob means if they have any."""

    def is_meant(exchange: Exchange) -> bool:
        names = [name for name in exchange.operations if matches(name, operation)] or [""]
        return any(not any(where.differences(JournalledSubject(exchange, name))) for name in names)

    return [exchange for exchange in exchanges if is_meant(exchange)]


def shown(name: str, value: Any) -> str:
    """Return the value of that name without what may be a credential, short enough for a sentence."""
    masked = Masker().document(value, is_named(name))
    text = repr(masked) if isinstance(masked, str) else json.dumps(masked, ensure_ascii=False)
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
    return "invalid JSON" if call.body_size else "there is no body"
