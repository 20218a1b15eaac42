"""Reads HAR 1.2 (HTTP Archive), as browsers, proxies and `emulator record` write it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from emulator.contract.reading import FORM
from emulator.recorded.calls import Message, RecordedCall, listed, mapping, media_type, pairs, recorded_call, text


def is_har(document: Any) -> bool:
    """Return True for an archive."""
    return isinstance(mapping(mapping(document).get("log")).get("entries"), list)


def calls_in(document: Any) -> Iterator[RecordedCall]:
    """Yield the calls of an archive."""
    for number, entry in enumerate(listed(document["log"]["entries"]), 1):
        request, response = mapping(entry.get("request")), mapping(entry.get("response"))
        status = response.get("status")
        yield recorded_call(
            f"entry {number}",
            text(request.get("method")),
            text(request.get("url")),
            pairs(request.get("headers")),
            pairs(request.get("queryString")),
            _sent(mapping(request.get("postData"))),
            status if isinstance(status, int) else 0,
            _replied(mapping(response.get("content"))),
        )


def _sent(data: Mapping[str, Any]) -> Message:
    kind, sent = media_type(data.get("mimeType")), text(data.get("text"))
    return Message(kind, urlencode(pairs(data.get("params"))) if kind == FORM and not sent else sent)


def _replied(content: Mapping[str, Any]) -> Message:
    kind, replied = media_type(content.get("mimeType")), text(content.get("text"))
    if content.get("encoding") != "base64":
        return Message(kind, replied)
    try:
        return Message(kind, base64.b64decode(replied).decode())
    except (ValueError, binascii.Error):
        return Message(kind)
