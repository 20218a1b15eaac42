"""A JSON document with one long array, sent piece by piece: neither memory nor the event loop is held for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from aiohttp import web

from emulator.control.handlers import Stream
from emulator.json_text import write_json

T = TypeVar("T")

PIECE_BYTES = 64 * 1024
"""After about so many bytes others have their turn: a millisecond of work."""

HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def long_json(start: bytes, entries: Iterable[T], document: Callable[[T], Any], end: bytes) -> Stream:
    """Return a reply: `start` ends with the bracket that opens the array, `end` begins with the one that closes it."""

    async def write(request: web.BaseRequest, response: web.StreamResponse) -> None:
        for piece in pieces(start, entries, document, end):
            await response.write(piece)
            await asyncio.sleep(0)

    return Stream(HEADERS, write)


def pieces(start: bytes, entries: Iterable[T], document: Callable[[T], Any], end: bytes) -> Iterator[bytes]:
    """Yield the document in pieces of about `PIECE_BYTES`, each made when it is asked for."""
    piece = bytearray(start)
    for place, entry in enumerate(entries):
        piece += b"," if place else b""
        piece += write_json(document(entry))
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece + end)
