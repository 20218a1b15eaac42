"""Recorded calls without their credentials, whatever kind of file they are from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

import orjson

from emulator.exchange import FORM, NOTHING, Document, is_json
from emulator.journal.masking import Masker


@dataclass(frozen=True)
class Message:
    """What was sent, or replied: its media type without parameters ("": unknown) and its text ("": no body)."""

    kind: str = ""
    text: str = ""

    @cached_property
    def document(self) -> Document:
        """The JSON document, or the fields of a form; NOTHING for any other text."""
        if self.kind == FORM:
            return dict(parse_qsl(self.text, keep_blank_values=True))
        if not self.text or not (is_json(self.kind) or not self.kind):
            return NOTHING
        try:
            return orjson.loads(self.text)
        except orjson.JSONDecodeError:
            return NOTHING


@dataclass(frozen=True)
class RecordedCall:
    """One call: where it is in its file, what was called, and what came back (status 0: it is not known).

    `origin` is "https://api.acme.example", "" if the file leaves it open. A segment of the path that the file names as
    a parameter is "{petId}". Credentials are masked everywhere.
    """

    place: str
    method: str
    origin: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: Message = Message()
    status: int = 0
    replied: Message = Message()

    @property
    def named(self) -> str:
        """The call in a sentence: "GET /pets"."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Recording:
    """The calls of a file, in their order; `title` is what it calls itself."""

    title: str
    calls: list[RecordedCall]


def recorded_call(
    place: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    sent: Message,
    status: int,
    replied: Message,
) -> RecordedCall:
    """Return a call with its credentials masked, in its reply, too."""
    masker, parts = Masker(), _split(url)
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    path, shown = masker.path("/" + parts.path.removeprefix("/")), dict(masker.headers(headers))
    asked = dict(masker.members(list(query.items())))
    sent = Message(sent.kind, masker.inner(sent.text, sent.kind))
    replied = Message(replied.kind, masker.reply_body(replied.text.encode(), replied.kind).decode())
    return RecordedCall(place, method.upper(), origin, path, asked, shown, sent, status, replied)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        # A host that is none: its calls are of no known host.
        return SplitResult("", "", "/" + url.partition("://")[2].partition("/")[2].partition("?")[0], "", "")


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a value that is an object, or else an empty one: files of other programs may be anything."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects in a value that is an array."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return a value that is a text, or else ""."""
    return value if isinstance(value, str) else ""


def pairs(value: Any, name: str = "name") -> dict[str, str]:
    """Return the entries of an array of names and values; those that are switched off are left out."""
    return {text(one.get(name)): text(one.get("value")) for one in listed(value) if not one.get("disabled")}


def media_type(value: Any) -> str:
    """Return a media type without its parameters, in small letters."""
    return text(value).partition(";")[0].strip().lower()
