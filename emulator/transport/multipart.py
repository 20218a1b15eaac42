"""Parses multipart bodies piece by piece, like Django (django/http/multipartparser.py).

A delimiter ends a part wherever it occurs. A preamble and a part without a name are skipped, and so is a file that is
cut off by the end of the body.
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
"""The maximum size of a part's head (Django, MAX_TOTAL_HEADER_SIZE)."""

MOST_FIELDS = 1001
"""The maximum number of other parts than files, and the preamble (Django, DATA_UPLOAD_MAX_NUMBER_FIELDS)."""

MOST_FILES = 100
"""The maximum number of files (Django, DATA_UPLOAD_MAX_NUMBER_FILES)."""

_BOUNDARY = re.compile(r"[ -~]{0,200}[!-~]")
_END_OF_HEAD = b"\r\n\r\n"


class TooManyParts(MalformedBody):
    """The body has too many parts, or its fields are too large together."""


@dataclass(frozen=True)
class PartHead:
    """The head of a part; `filename` is None for a plain field, "" for a file with an unusable name."""

    name: str
    filename: str | None
    content_type: str
    is_base64: bool


@dataclass(frozen=True)
class PartEnd:
    """The part is complete."""


class MultipartParser:
    """Turns the bytes of a body into the events of its parts: a head, pieces of content, an end."""

    def __init__(self, content_type: str) -> None:
        """Take the header Content-Type. Raises MalformedBody if it names no boundary."""
        self._delimiter = b"--" + _boundary_of(content_type)
        self._buffer = bytearray()
        self._in_head = True
        self._part: PartHead | None = None
        self._fields = self._files = 0

    def feed(self, content: bytes) -> Iterator[PartHead | bytes | PartEnd]:
        """Yield the events that these bytes complete. Raises TooManyParts, or MalformedBody if a head is too long."""
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
        """Remove a complete head, or a preamble, from the buffer; return the head if it belongs to a part."""
        end = self._buffer.find(_END_OF_HEAD, 0, self._content_end(delimiter) if delimiter >= 0 else HEAD_BYTES)
        if delimiter < 0 <= end and len(self._buffer) < end + len(_END_OF_HEAD) + len(self._delimiter):
            # A delimiter may follow at once: the bytes before it are not a head.
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
        """Remove from the buffer what is certainly content: up to the delimiter, if it is there."""
        if delimiter < 0:
            # The last bytes so far may be the beginning of a delimiter, or of the line break before it.
            end = max(0, len(self._buffer) - len(self._delimiter) - 1)
            piece = bytes(self._buffer[:end])
            del self._buffer[:end]
            return piece
        piece = bytes(self._buffer[: self._content_end(delimiter)])
        del self._buffer[: delimiter + len(self._delimiter)]
        self._in_head = True
        return piece

    def _content_end(self, delimiter: int) -> int:
        """Return where the content before a delimiter ends: the line break before it belongs to it."""
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
    """Parse a part's head; return None if it has no name. Skip lines that are not UTF-8."""
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
    # Django takes a part with an empty file name for a plain field.
    is_file = bool(filename)
    return PartHead(
        parameters["name"].strip(),
        _safe(filename) if is_file and filename else None,
        content_type,
        encoding.lower() == "base64",
    )


def _parameters(value: str) -> dict[str, str]:
    """Return the parameters of a header's value (RFC 2231's, too). Raises ValueError for an unknown character set."""
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
    """Return the last segment of a file name, without unprintable characters; "" if that is unusable."""
    segment = html.unescape(filename).rpartition("/")[2].rpartition("\\")[2]
    printable = "".join(filter(str.isprintable, segment))
    return "" if printable in (".", "..") else printable
