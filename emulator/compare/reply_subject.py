"""The reply of an exchange for a matcher."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from emulator.compare.archive import RecordedMessage
from emulator.exchange import NOTHING, Document
from emulator.journal.masking import is_masked
from emulator.matching.where import Unreadable


class ReplySubject:
    """A reply: its status, its headers and the JSON in its body."""

    def __init__(self, status: int, reply: RecordedMessage) -> None:
        self._status = status
        self._reply = reply

    def values(self, place: str, name: str) -> Sequence[Any]:
        """Return the status, or the values of a header."""
        if place == "status":
            return [self._status]
        return [value for known, value in self._reply.headers if known.lower() == name.lower()]

    def document(self, place: str) -> Document:
        """Return the body. Raises Unreadable if there is none, if it was not recorded, or is not JSON."""
        if place != "body" or self._reply.body is None:
            raise Unreadable("it was not recorded")
        if not self._reply.body:
            raise Unreadable("there is no body", is_empty=True)
        if self._document is NOTHING:
            raise Unreadable("invalid JSON")
        return self._document

    @cached_property
    def _document(self) -> Any:
        return self._reply.document

    def with_arguments(self, arguments: Document) -> ReplySubject:
        """Return the same reply: only calls have arguments."""
        return self

    def is_masked(self, value: Any) -> bool:
        """Return True for what masking has left of a credential."""
        return is_masked(value)

    def shown(self, name: str, value: Any) -> str:
        """Return "": nobody reads why a reply does not match."""
        return ""
