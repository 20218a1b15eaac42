"""Multipart bodies, in pieces as they come: read as Django's parser does (django/http/multipartparser.py).

A delimiter ends a part wherever it stands. What is no part (a preamble, a head that names nothing) is passed over, and
so is a file that the body's end cuts short.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value

from emulator.errors import MalformedBody

HEAD_BYTES = 1024
"""A part's head is no longer (Django, MAX_TOTAL_HEADER_SIZE)."""

MOST_FIELDS = 1001
"""So many of what is no file are read (Django, DATA_UPLOAD_MAX_NUMBER_FIELDS, and what is before the first part)."""

MOST_FILES = 100
"""So many files are read (Django, DATA_UPLOAD_MAX_NUMBER_FILES)."""

_BOUNDARY = re.compile(r"[ -~]{0,200}[!-~]")
_END_OF_HEAD = b"\r\n\r\n"


class TooManyParts(MalformedBody):
    """More parts than are read, or fields that are too large together."""


@dataclass(frozen=True)
class PartHead:
    """What a part says of itself; `filename` is None for a plain field, "" for a file whose name is of no use."""

    name: str
    filename: str | None
    content_type: str
    is_base64: bool


@dataclass(frozen=True)
class PartEnd:
    """The part is whole."""


class MultipartParser:
    """Makes of a body's bytes what its parts are: a head, pieces of content, an end."""

    def __init__(self, content_type: str) -> None:
        """Take the header Content-Type. Raises MalformedBody if it names no boundary."""
        self._delimiter = b"--" + _boundary_of(content_type)
        self._buffer = bytearray()
        self._in_head = True
        self._part: PartHead | None = None
        self._fields = self._files = 0

    def feed(self, content: bytes) -> Iterator[PartHead | bytes | PartEnd]:
        """Yield what these bytes complete. Raises MalformedBody for a head that is too long, TooManyParts."""
        self._buffer += content
        while self._buffer:
            found = self._buffer.find(self._delimiter)
            if self._in_head:
                head = self._take_head(found)
                if head is not None:
                    yield head
                elif self._in_head and found < 0:
                    return
            else:
                piece = self._take_content(found)
                if self._part is not None and piece:
                    yield piece
                if found < 0:
                    return
                if self._part is not None:
                    yield PartEnd()

    def _take_head(self, delimiter: int) -> PartHead | None:
        """Take a head from the buffer if it is there, or what has none; return it if it is that of a part."""
        end = self._buffer.find(_END_OF_HEAD, 0, self._content_end(delimiter) if delimiter >= 0 else HEAD_BYTES)
        if delimiter < 0 <= end and len(self._buffer) < end + len(_END_OF_HEAD) + len(self._delimiter):
            # A delimiter may follow at once: what stands before it would be no head.
            return None
        if 0 <= end <= HEAD_BYTES - len(_END_OF_HEAD):
            self._part = _read_head(bytes(self._buffer[:end]))
            self._in_head = False
            del self._buffer[: end + len(_END_OF_HEAD)]
            self._count()
            return self._part
        if delimiter > HEAD_BYTES or (delimiter < 0 and len(self._buffer) > HEAD_BYTES + len(self._delimiter) + 2):
            raise MalformedBody("Multipart form parse error - Request max total header size exceeded.")
        if delimiter >= 0:
            del self._buffer[: delimiter + len(self._delimiter)]
            self._part = None
            self._count()
        return None

    def _take_content(self, delimiter: int) -> bytes:
        """Take from the buffer what is sure to be content; up to the delimiter, if it is there."""
        if delimiter < 0:
            # The beginning of a delimiter, and of the line end before it, may be the last bytes so far.
            end = max(0, len(self._buffer) - len(self._delimiter) - 1)
            piece = bytes(self._buffer[:end])
            del self._buffer[:end]
            return piece
        piece = bytes(self._buffer[: self._content_end(delimiter)])
        del self._buffer[: delimiter + len(self._delimiter)]
        self._in_head = True
        return piece

    def _content_end(self, delimiter: int) -> int:
        """Return where the content before a delimiter ends: the line end before it is part of it."""
        end = delimiter - (self._buffer[max(0, delimiter - 1) : delimiter] == b"\n")
        return end - (self._buffer[max(0, end - 1) : end] == b"\r")

    def _count(self) -> None:
        is_file = self._part is not None and self._part.filename is not None
        self._files += is_file
        self._fields += not is_file
        if self._fields > MOST_FIELDS or self._files > MOST_FILES:
            raise TooManyParts("The body has too many parts.")


def _boundary_of(content_type: str) -> bytes:
    words = "Multipart form parse error - "
    if not content_type.startswith("multipart/"):
        raise MalformedBody(f"{words}Invalid Content-Type: {content_type}")
    if not content_type.isascii():
        raise MalformedBody(f"{words}Invalid non-ASCII Content-Type in multipart: {content_type}")
    boundary = _parameters(content_type).get("boundary")
    if not boundary or not _BOUNDARY.fullmatch(boundary):
        raise MalformedBody(f"{words}Invalid boundary in multipart: {boundary}")
    return boundary.encode()


def _read_head(head: bytes) -> PartHead | None:
    """Return what a part's head says; None if it does not name the part. A line that is not UTF-8 is left out."""
    headers: dict[str, tuple[str, dict[str, str]]] = {}
    for line in head.split(b"\r\n"):
        try:
            name, _, value = line.decode().partition(":")
            headers[name.strip().lower()] = value.partition(";")[0].strip(), _parameters(value)
        except ValueError:
            continue
    _, parameters = headers.get("content-disposition", ("", {}))
    if "name" not in parameters:
        return None
    filename = parameters.get("filename")
    content_type, _ = headers.get("content-type", ("application/octet-stream", {}))
    encoding, _ = headers.get("content-transfer-encoding", ("", {}))
    # An empty file name makes a plain field, as far as Django is concerned.
    is_file = bool(filename)
    return PartHead(
        parameters["name"].strip(),
        _safe(filename) if is_file and filename else None,
        content_type,
        encoding.lower() == "base64",
    )


def _parameters(value: str) -> dict[str, str]:
    """Return the parameters of a header's value (RFC 2231's, too). Raises ValueError for a character set unknown."""
    message = Message()
    message["content-type"] = value
    found = {}
    for name, parameter in message.get_params(failobj=[])[1:]:
        if isinstance(parameter, tuple) and parameter[0]:
            try:
                codecs.lookup(parameter[0])
            except LookupError:
                raise ValueError(f"unknown character set {parameter[0]}") from None
        found[name] = collapse_rfc2231_value(parameter)
    return found


def _safe(filename: str) -> str:
    """Return the last segment of a file name, without what cannot be printed; "" if that is of no use."""
    segment = html.unescape(filename).rpartition("/")[2].rpartition("\\")[2]
    printable = "".join(filter(str.isprintable, segment))
    return "" if printable in (".", "..") else printable
