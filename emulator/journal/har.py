"""Exchanges as a HAR file (HTTP Archive 1.2), for the developer tools of browsers."""

from __future__ import annotations

from collections.abc import Iterable
from http.client import responses
from typing import Any

from emulator.exchange import timestamp
from emulator.journal.entry import Exchange, JournalledCall, JournalledReply, Message, plain
from emulator.journal.masking import Pairs

HTTP_VERSION = "HTTP/1.1"
UNKNOWN_TYPE = "x-unknown"
"""The type that browsers write for a body without one."""


def har(exchanges: Iterable[Exchange], version: str) -> dict[str, Any]:
    """Return the archive; `version` is the emulator's.

    Calls in progress are left out. Custom fields begin with "_", as HAR requires. Cookies are left out, because they
    are credentials.
    """
    creator = {"name": "integration-emulator", "version": version}
    return {
        "log": {
            "version": "1.2",
            "creator": creator,
            "entries": [har_entry(one) for one in exchanges if not one.is_open],
        }
    }


def har_entry(exchange: Exchange) -> dict[str, Any]:
    """Return one entry of the archive."""
    milliseconds = round(exchange.seconds * 1000, 3)
    entry = {
        "startedDateTime": timestamp(exchange.time),
        "time": milliseconds,
        "request": _request(exchange.call),
        "response": _response(exchange.reply),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_id": exchange.number,
        "_sandbox": exchange.sandbox,
        "_vendor": exchange.vendor,
        "_operations": list(exchange.operations),
        "_faults": list(exchange.faults),
    }
    return entry if exchange.reply else {**entry, "_error": "the connection broke"}


def _request(call: JournalledCall) -> dict[str, Any]:
    request = {
        "method": call.method,
        "url": plain(call.url),
        "httpVersion": HTTP_VERSION,
        "cookies": [],
        "headers": _named(call.headers),
        "queryString": _named(call.query),
        "headersSize": -1,
        "bodySize": sum(part.size for part in call.parts) if call.parts else call.body_size,
    }
    return {**request, "postData": _post_data(call)} if call.body_size or call.parts else request


def _post_data(call: JournalledCall) -> dict[str, Any]:
    params = [
        {"name": plain(part.name), "contentType": plain(part.content_type)}
        | ({} if part.text is None else {"value": plain(part.text)})
        | ({} if part.filename is None else {"fileName": plain(part.filename)})
        for part in call.parts
    ]
    data = {"mimeType": plain(call.content_type), "params": params, "text": call.text() or ""}
    return data | _comment(call)


def _response(reply: JournalledReply | None) -> dict[str, Any]:
    return {
        "status": reply.status if reply else 0,
        "statusText": responses.get(reply.status, "") if reply else "",
        "httpVersion": HTTP_VERSION,
        "cookies": [],
        "headers": _named(reply.headers) if reply else [],
        "content": _content(reply) if reply else {"size": 0, "mimeType": UNKNOWN_TYPE},
        "redirectURL": plain(reply.header("Location")) if reply else "",
        "headersSize": -1,
        "bodySize": reply.body_size if reply else -1,
    }


def _content(reply: JournalledReply) -> dict[str, Any]:
    text = reply.text()
    content = {"size": reply.body_size, "mimeType": plain(reply.content_type) or UNKNOWN_TYPE}
    return content | ({} if text is None else {"text": text}) | _comment(reply)


def _comment(message: Message) -> dict[str, str]:
    if not message.body_cut:
        return {}
    return {"comment": f"The journal stores the first {len(message.body)} of {message.body_size} bytes."}


def _named(pairs: Pairs) -> list[dict[str, str]]:
    return [{"name": plain(name), "value": plain(value)} for name, value in pairs]
