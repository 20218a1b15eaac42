"""A call that has just come, as a matcher looks at it: before anybody has asked who calls or what the body means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from emulator.errors import MalformedBody
from emulator.exchange import Call, Document, Part
from emulator.json_text import Reading, UnsupportedCharset
from emulator.matching.where import Unreadable, graphql_part

FORM = "application/x-www-form-urlencoded"
FIELD_BYTES = 64 * 1024
"""So much of a field of a multipart body is looked at."""


@dataclass
class CallSubject:
    """A call of one operation. `credentials` are the ids that it presents: as it is, and without the sandbox's name."""

    call: Call
    operation: str
    credentials: Sequence[str]
    reading: Reading
    _documents: dict[str, Document] = field(default_factory=dict)

    def values(self, place: str, name: str) -> Sequence[Any]:
        """Return the values of a path parameter, a query parameter, a header or the credential."""
        if place == "credential":
            return self.credentials
        if place == "path":
            return [self.call.params[name]] if name in self.call.params else []
        return (self.call.headers if place == "headers" else self.call.query).getall(name, [])

    def document(self, place: str) -> Document:
        """Return the body, or of a GraphQL call its variables or the arguments of the operation."""
        if place not in self._documents:
            self._documents[place] = (
                self._body() if place == "body" else graphql_part(self.document("body"), place, self.operation)
            )
        return self._documents[place]

    def is_masked(self, value: Any) -> bool:
        """Return False: nothing is masked yet."""
        return False

    def shown(self, name: str, value: Any) -> str:
        """Return nothing: nobody reads why a fault does not apply."""
        return ""

    def _body(self) -> Document:
        if self.call.parts:
            return {name: _text_of(part) for name, part in self.call.parts.items()}
        if not self.call.body:
            raise Unreadable("there is no body", is_empty=True)
        if self.call.content_type == FORM:
            return dict(parse_qsl(self.call.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            return self.reading.read(self.call.body, self.call.charset)
        except (MalformedBody, UnsupportedCharset) as problem:
            raise Unreadable(str(problem)) from None


def _text_of(part: Part) -> str:
    if part.filename is not None:
        return part.filename
    part.file.seek(0)
    text: str = part.file.read(FIELD_BYTES).decode("utf-8", "replace")
    part.file.seek(0)
    return text
