"""Reads HAR 1.2 (HTTP Archive), as browsers, proxies and `emulator record` write it."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from emulator.exchange import FORM
from emulator.recorded.calls import Message, RecordedCall, listed, mapping, media_type, pairs, recorded_call, text


@dataclass(frozen=True, slots=True)
class HarMessage:
    """The headers of a call or a reply in their order, its media type, and its body.

    `body` is None if the archive does not have it, or not whole.
    """

    headers: Sequence[tuple[str, str]]
    kind: str
    body: bytes | None

    def message(self) -> Message:
        """Return it as text; "" for a body that is not."""
        try:
            return Message(self.kind, (self.body or b"").decode())
        except UnicodeDecodeError:
            return Message(self.kind)


@dataclass(frozen=True, slots=True)
class HarEntry:
    """One call of an archive. `place` is "entry 3"; what the archive does not say is "" or 0.

    `time` is as it is written, `vendor` the vendor's name in the emulator, if the emulator wrote the archive.
    """

    place: str
    method: str
    url: str
    query: Mapping[str, str]
    call: HarMessage
    status: int
    reply: HarMessage
    time: str
    milliseconds: float
    vendor: str


def is_har(document: Any) -> bool:
    """Return True for an archive."""
    return isinstance(mapping(mapping(document).get("log")).get("entries"), list)


def entries_in(document: Any) -> Iterator[HarEntry]:
    """Yield the entries of an archive, whatever they lack."""
    for number, entry in enumerate(document["log"]["entries"], 1):
        yield _entry(f"entry {number}", mapping(entry))


def calls_in(document: Any) -> Iterator[RecordedCall]:
    """Yield the calls of an archive, with their credentials masked."""
    for entry in entries_in(document):
        headers, query = dict(entry.call.headers), entry.query
        sent, replied = entry.call.message(), entry.reply.message()
        yield recorded_call(entry.place, entry.method, entry.url, headers, query, sent, entry.status, replied)


def _entry(place: str, entry: Mapping[str, Any]) -> HarEntry:
    request, response = mapping(entry.get("request")), mapping(entry.get("response"))
    posted, content = mapping(request.get("postData")), mapping(response.get("content"))
    status, time = response.get("status"), entry.get("time")
    return HarEntry(
        place,
        text(request.get("method")),
        text(request.get("url")),
        pairs(request.get("queryString")),
        HarMessage(_headers(request), media_type(posted.get("mimeType")), _sent(posted)),
        status if isinstance(status, int) else 0,
        HarMessage(_headers(response), media_type(content.get("mimeType")), _replied(content)),
        text(entry.get("startedDateTime")),
        max(time, 0.0) if isinstance(time, int | float) else 0.0,
        text(entry.get("_vendor")),
    )


def _headers(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return headers by name; HTTP/2's own, which begin with a colon, are left out."""
    found = ((text(one.get("name")), text(one.get("value"))) for one in listed(message.get("headers")))
    return [(name, value) for name, value in found if name and not name.startswith(":")]


def _sent(posted: Mapping[str, Any]) -> bytes | None:
    sent, params = text(posted.get("text")), pairs(posted.get("params"))
    if params and not sent:
        return urlencode(params).encode() if media_type(posted.get("mimeType")) == FORM else None
    return None if "comment" in posted else sent.encode("utf-8", "surrogateescape")


def _replied(content: Mapping[str, Any]) -> bytes | None:
    replied, size = content.get("text"), content.get("size")
    if not isinstance(replied, str):
        return None if isinstance(size, int) and size > 0 else b""
    if "bytes" in text(content.get("comment")):
        return None
    if content.get("encoding") != "base64":
        return replied.encode("utf-8", "surrogateescape")
    try:
        return b64decode(replied)
    except (ValueError, binascii.Error):
        return None
