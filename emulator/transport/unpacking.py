"""Decompresses bodies piece by piece, as Node's zlib does.

Compared with Node 20, body-parser 1.20 and hapi 21: several gzip members are one text; zeros after a member are
padding, and so is everything after a zlib stream; anything else after a member must be another one.
"""

from __future__ import annotations

import zlib

from emulator.errors import UndecodableBody

UNPACKED = ("gzip", "deflate")
"""The content encodings that are decompressed."""

_WINDOW_BITS = {"gzip": 31, "deflate": 15}
"""zlib's parameters for a stream with gzip's header, or its own."""


class Unpacking:
    """Decompresses one body with one of the encodings UNPACKED."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._stream = zlib.decompressobj(_WINDOW_BITS[self._encoding])
        self._is_padding = False

    def unpack(self, chunk: bytes, limit: int) -> bytes:
        """Return the content of a piece, at most `limit` bytes. Raises UndecodableBody, in zlib's words."""
        found = bytearray()
        while chunk and not self._is_padding and len(found) < limit:
            if self._stream.eof:
                self._is_padding = self._encoding != "gzip" or chunk[0] == 0
                self._stream = self._stream if self._is_padding else zlib.decompressobj(_WINDOW_BITS[self._encoding])
                continue
            try:
                found += self._stream.decompress(chunk, limit - len(found))
            except zlib.error as problem:
                raise UndecodableBody(str(problem).rpartition(": ")[2]) from None
            chunk = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
        return bytes(found)

    def end(self) -> None:
        """Raise UndecodableBody if the stream was cut short."""
        if not self._stream.eof:
            raise UndecodableBody("unexpected end of file")
