"""Errors of the control API: RFC 9457 problem details that name the fix."""

from __future__ import annotations

import orjson
from aiohttp import web


def problem(status: int, title: str, detail: str) -> web.Response:
    """Return a problem details response."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/problem+json")
