"""A JSON document with one long array, sent piece by piece, without much memory or blocking the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from aiohttp import web

from emulator.control.handlers import Stream
from emulator.json_text import write_json

T = TypeVar("T")

PIECE_BYTES = 64 * 1024
PIECE_SECONDS = 0.005
"""After about this many bytes, or this much work, other calls get their turn."""

HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def long_json(start: bytes, entries: Iterable[T], document: Callable[[T], Any], end: bytes) -> Stream:
    """Return the reply: `start` ends with the opening bracket of the array, `end` begins with the closing one."""

    async def write(request: web.BaseRequest, response: web.StreamResponse) -> None:
        for piece in pieces(start, entries, document, end):
            await response.write(piece)
            await asyncio.sleep(0)

    return Stream(HEADERS, write)


def pieces(start: bytes, entries: Iterable[T], document: Callable[[T], Any], end: bytes) -> Iterator[bytes]:
    """Yield the document in pieces of about `PIECE_BYTES` or `PIECE_SECONDS`, created on demand."""
    piece, began = bytearray(start), time.perf_counter()
    for place, entry in enumerate(entries):
        piece += b"," if place else b""
        piece += write_json(document(entry))
        if len(piece) >= PIECE_BYTES or time.perf_counter() - began >= PIECE_SECONDS:
            yield bytes(piece)
            piece.clear()
            began = time.perf_counter()
    yield bytes(piece + end)
