"""An exchange of the journal for a matcher."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from emulator.exchange import Document
from emulator.journal.credential_shapes import is_named
from emulator.journal.entry import Exchange, JournalledCall
from emulator.journal.masking import Masker, is_masked
from emulator.matching.bodies import read_body
from emulator.matching.globs import matches
from emulator.matching.where import Unreadable, Where, graphql_part, ids_of

LONGEST_VALUE = 200


class JournalledSubject:
    """An exchange of the journal for a matcher: bodies are masked, and perhaps cut."""

    def __init__(self, exchange: Exchange, operation: str) -> None:
        self._exchange = exchange
        self._operation = operation
        self._documents: dict[str, Any] = {}

    @property
    def _call(self) -> JournalledCall:
        return self._exchange.call

    def with_arguments(self, arguments: Document) -> JournalledSubject:
        """Return the same call with the arguments of one selection."""
        subject = JournalledSubject(self._exchange, self._operation)
        subject._documents = {**self._documents, "arguments": arguments}
        return subject

    def values(self, place: str, name: str) -> Sequence[Any]:
        """Return the values of a path parameter, a query parameter, a header, the credential or the status."""
        if place == "status":
            return [] if self._exchange.is_open else [self._exchange.status]
        if place == "credential":
            return ids_of(self._exchange.credential, self._exchange.sandbox)
        if place == "path":
            return [self._call.params[name]] if name in self._call.params else []
        if place == "headers":
            return [value for known, value in self._call.headers if known.lower() == name.lower()]
        return [value for known, value in self._call.query if known == name]

    def document(self, place: str) -> Document:
        """Return the body, or a GraphQL call's variables, selections or arguments. Raises Unreadable."""
        if place not in self._documents:
            self._documents[place] = self._read(place)
        return self._documents[place]

    def is_masked(self, value: Any) -> bool:
        """Return True for a credential, which the journal masks."""
        return is_masked(value)

    def shown(self, name: str, value: Any) -> str:
        """Return a value, without possible credentials, short enough for a sentence."""
        return shown(name, value)

    def _read(self, place: str) -> Document:
        call = self._call
        if place != "body":
            return graphql_part(self.document("body"), place, self._operation)
        if call.body_cut:
            raise Unreadable(f"the journal stores only the first {len(call.body)} of its {call.body_size} bytes")
        if call.body_size and not call.body:
            raise Unreadable("it is not text, so the journal does not store it")
        parts = {part.name: part.filename if part.text is None else part.text for part in call.parts}
        return read_body(call.body, call.content_type, parts)


def matching(exchanges: Iterable[Exchange], where: Where, operation: str = "*") -> list[Exchange]:
    """Return the exchanges that match, for one of their operations that matches the glob, if they have any."""

    def is_meant(exchange: Exchange) -> bool:
        names = [name for name in exchange.operations if matches(name, operation)] or [""]
        return any(not any(where.differences(JournalledSubject(exchange, name))) for name in names)

    return [exchange for exchange in exchanges if is_meant(exchange)]


def shown(name: str, value: Any) -> str:
    """Return the value of that name, without possible credentials, short enough for a sentence."""
    masked = Masker().document(value, is_named(name))
    text = repr(masked) if isinstance(masked, str) else json.dumps(masked, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
