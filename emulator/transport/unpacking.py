"""Unpacking bodies that come compressed, piece by piece, as Node's zlib does.

Node 20 with body-parser 1.20 and hapi 21 was run beside this: several gzip members make one text; zeros behind one are
padding, and so is all behind a zlib stream; whatever else follows a member has to be another one.
"""

from __future__ import annotations

import zlib

from emulator.errors import UndecodableBody

UNPACKED = ("gzip", "deflate")
"""The content encodings that are unpacked."""

_WINDOW_BITS = {"gzip": 31, "deflate": 15}
"""By these zlib knows the form of a stream: with gzip's header, or its own."""


class Unpacking:
    """Unpacks one body of an encoding that is one of UNPACKED."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._stream = zlib.decompressobj(_WINDOW_BITS[self._encoding])
        self._is_padding = False

    def unpack(self, chunk: bytes, limit: int) -> bytes:
        """Return what a piece holds, `limit` bytes of it at most. Raises UndecodableBody, in zlib's words."""
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
