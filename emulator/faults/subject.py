"""A new call for a matcher, before authentication and validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from emulator.exchange import Call, Document, Part
from emulator.matching.bodies import read_body
from emulator.matching.where import graphql_part, ids_of

FIELD_BYTES = 64 * 1024
"""How much of a multipart field is compared."""


@dataclass
class CallSubject:
    """A call in a sandbox. `credential` is the id that it presents, `operation` the one whose arguments are matched."""

    call: Call
    credential: str
    sandbox: str
    operation: str
    _documents: dict[str, Document] = field(default_factory=dict)

    def with_params(self, params: Mapping[str, str]) -> CallSubject:
        """Return the same call with other path parameters; what is read of its body is read once for both."""
        return replace(self, call=replace(self.call, params=dict(params)))

    def with_arguments(self, arguments: Document) -> CallSubject:
        """Return the same call with the arguments of one selection."""
        return replace(self, _documents={**self._documents, "arguments": arguments})

    def values(self, place: str, name: str) -> Sequence[Any]:
        """Return the values of a path parameter, a query parameter, a header or the credential."""
        if place == "credential":
            return ids_of(self.credential, self.sandbox)
        if place == "path":
            return [self.call.params[name]] if name in self.call.params else []
        return (self.call.headers if place == "headers" else self.call.query).getall(name, [])

    def document(self, place: str) -> Document:
        """Return the body, or a GraphQL call's variables, selections or arguments. Raises Unreadable."""
        if place not in self._documents:
            self._documents[place] = self._read(place)
        return self._documents[place]

    def is_masked(self, value: Any) -> bool:
        """Return False: nothing is masked yet."""
        return False

    def shown(self, name: str, value: Any) -> str:
        """Return "": nobody reads why a fault does not apply."""
        return ""

    def _read(self, place: str) -> Document:
        if place != "body":
            return graphql_part(self.document("body"), place, self.operation)
        parts = {name: _text_of(part) for name, part in self.call.parts.items()}
        return read_body(self.call.body, self.call.headers.get("Content-Type", ""), parts)


def _text_of(part: Part) -> str:
    if part.filename is not None:
        return part.filename
    part.file.seek(0)
    text: str = part.file.read(FIELD_BYTES).decode("utf-8", "replace")
    part.file.seek(0)
    return text
