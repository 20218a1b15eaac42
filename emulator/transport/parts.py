"""The parts of a multipart body: files on disk, plain fields in memory."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from emulator.errors import MalformedBody
from emulator.exchange import Part
from emulator.files.temporary import can_spill
from emulator.transport.multipart import MultipartParser, PartEnd, PartHead, TooManyParts

SPOOL = 1024 * 1024
"""The parts of a body stay in memory up to this total size; beyond it they go to temporary files, if possible."""

FIELD_BYTES = 2_621_440
"""The maximum size of all plain fields together (Django, DATA_UPLOAD_MAX_MEMORY_SIZE)."""


async def read_parts(content_type: str, pieces: AsyncIterator[bytes], files: ExitStack) -> dict[str, Part]:
    """Return the parts of a body in pieces, by name; of several with one name the last, and files before fields.

    `content_type` is the header. Raises MalformedBody, TooManyParts. Opened files are closed with `files`.
    """
    body = _Body(files)
    parser = MultipartParser(content_type)
    async for piece in pieces:
        for found in parser.feed(piece):
            body.take(found)
    return {**body.fields, **body.files}


class _Body:
    """Collects parts."""

    def __init__(self, closing: ExitStack) -> None:
        self.fields: dict[str, Part] = {}
        self.files: dict[str, Part] = {}
        self._closing = closing
        self._in_memory = 0
        self._field_bytes = 0
        self._head: PartHead | None = None
        self._file: BinaryIO | None = None
        self._undecoded = b""

    def take(self, found: PartHead | bytes | PartEnd) -> None:
        if isinstance(found, PartHead):
            self._begin(found)
        elif isinstance(found, PartEnd):
            self._end()
        else:
            self._write(found)

    def _begin(self, head: PartHead) -> None:
        self._head, self._undecoded = head, b""
        # 0 would mean unlimited.
        size = max(1, SPOOL - self._in_memory) if can_spill() else 0
        file = SpooledTemporaryFile(max_size=size)  # noqa: SIM115 - closed by `files`
        self._file = cast(BinaryIO, self._closing.enter_context(file))

    def _write(self, content: bytes) -> None:
        assert self._head is not None
        assert self._file is not None
        if self._head.filename is None:
            self._count_field(len(content))
        elif self._head.is_base64:
            content = self._decoded(content)
        self._file.write(content)

    def _end(self) -> None:
        assert self._head is not None
        assert self._file is not None
        head, file = self._head, self._file
        if head.filename is None:
            self._count_field(len(head.name) + 2)
            if head.is_base64:
                _decode_field(file)
        elif self._undecoded:
            raise _not_base64()
        size = file.tell()
        file.seek(0)
        self._in_memory += min(size, SPOOL)
        part = Part(head.name, head.filename, head.content_type, file, size)
        if head.filename is None:
            self.fields[head.name] = part
        elif head.filename:
            self.files[head.name] = part

    def _count_field(self, size: int) -> None:
        self._field_bytes += size
        if self._field_bytes > FIELD_BYTES:
            raise TooManyParts("The fields of the body are too large.")

    def _decoded(self, content: bytes) -> bytes:
        """Decode the complete groups of four received so far, without the white space between them."""
        letters = self._undecoded + b"".join(content.split())
        whole = len(letters) // 4 * 4
        self._undecoded = letters[whole:]
        try:
            return base64.b64decode(letters[:whole])
        except binascii.Error:
            raise _not_base64() from None


def _decode_field(file: BinaryIO) -> None:
    """Decode a plain field in place; one that is not base64 stays as it is."""
    file.seek(0)
    try:
        content = base64.b64decode(file.read())
    except binascii.Error:
        return
    file.seek(0)
    file.truncate()
    file.write(content)


def _not_base64() -> MalformedBody:
    return MalformedBody("Multipart form parse error - Could not decode base64 data.")
