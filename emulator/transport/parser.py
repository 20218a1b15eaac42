"""Parses requests with aiohttp's parser, but part by part, and with any method."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

from aiohttp import HttpVersion10, HttpVersion11, hdrs
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import MAX_MSG_QUEUE_SIZE

END_OF_HEAD = b"\r\n\r\n"

LONGEST_METHOD = 64
"""The maximum length of a method that aiohttp does not know (the longest registered one has 16 characters)."""

METHOD = re.compile(rb"[\r\n]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)( ?)")
"""The method at the beginning of a head, a token (RFC 9110, 5.6.2), and the space after it."""

KNOWN = tuple(f"{method} ".encode() for method in sorted(hdrs.METH_ALL))
"""How a head begins whose method aiohttp knows."""

STAND_IN = hdrs.METH_POST.encode()
"""The method that aiohttp's parser gets instead of an unknown one: it would refuse the request, which is valid HTTP."""


class Owner(Protocol):
    """The connection that a parser belongs to."""

    problem: HttpProcessingError | None

    @property
    def is_between_bodies(self) -> bool:
        """Whether a head is next."""

    def take(self, body: StreamReader | None) -> None:
        """Count a request whose head is complete; `body` is what is still to come, None without any."""

    def refuse(self, problem: HttpProcessingError) -> None:
        """Count invalid HTTP as a request."""


class RequestParser:
    """Wraps a connection's parser: passes bytes on part by part, and reports the requests to the connection.

    A part is a head or a piece of one body, and ends where that ends. aiohttp's own parser loses what arrives together
    with the end of a request that offers an unknown protocol, and the requests before invalid HTTP.
    """

    def __init__(self, parser: Any, connection: Owner) -> None:
        self._parser = parser
        self._connection = connection
        self._unread = b""
        self._last_bytes = b""
        self._left_of_body = 0
        self._waiting = 0
        self._is_in_head = False
        self._method = ""
        self._has_failed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def message_consumed(self) -> None:
        """Make room for another request."""
        self._waiting = max(0, self._waiting - 1)

    def feed_data(self, data: bytes) -> tuple[Sequence[Any], bool, bytes]:
        """Return the requests with complete heads, whether the last begins another protocol, and its bytes.

        Raises HttpProcessingError for invalid HTTP, in the next call if there are requests before it.
        """
        found: list[Any] = []
        if not self._has_failed:
            try:
                is_upgraded, tail = self._feed(self._unread + data, found)
            except HttpProcessingError as problem:
                self._fail(problem)
            except ValueError:
                # From yarl, for a target that is not a URL.
                self._fail(BadHttpMessage("the target is not a URL"))
            else:
                return found, is_upgraded, tail
        if self._connection.problem is not None and not found:
            told, self._connection.problem = self._connection.problem, None
            raise told
        return found, False, b""

    def _feed(self, data: bytes, found: list[Any]) -> tuple[bool, bytes]:
        start, self._unread = self._end_of_whole_head(data), b""
        if start:
            # The usual case, in which nothing of what follows is necessary.
            self._parser.message_consumed()
            messages, is_upgraded, tail = self._parser.feed_data(data[:start])
            self._last_bytes, self._is_in_head = END_OF_HEAD[1:], not messages
            found += [(self._take(message, body), body) for message, body in messages]
            if is_upgraded:
                return True, tail + data[start:]
        while start < len(data) and self._waiting < MAX_MSG_QUEUE_SIZE:
            end = self._end_of_part(data, start)
            part = self._with_known_method(data[start:end])
            if not part:
                break
            messages, is_upgraded, tail = self._hand_on(part)
            found += messages
            start = end
            if is_upgraded:
                return True, tail + data[end:]
        self._unread = data[start:]
        return False, b""

    def _end_of_whole_head(self, data: bytes) -> int:
        """Return where a head ends with which the data begins, whole and with a known method; 0 if it does not."""
        is_next = not self._is_in_head and self._connection.is_between_bodies and self._waiting < MAX_MSG_QUEUE_SIZE
        found = data.find(END_OF_HEAD) if is_next and data.startswith(KNOWN) else -1
        return found + len(END_OF_HEAD) if found >= 0 else 0

    def _end_of_part(self, data: bytes, start: int) -> int:
        if self._left_of_body:
            return min(start + self._left_of_body, len(data))
        # A head ends with an empty line, and so does a body in chunks.
        if data[start] in END_OF_HEAD:
            known = len(self._last_bytes)
            split = (self._last_bytes + data[start : start + len(END_OF_HEAD) - 1]).find(END_OF_HEAD)
            if split >= 0:
                return start + split - known + len(END_OF_HEAD)
        found = data.find(END_OF_HEAD, start)
        return len(data) if found < 0 else found + len(END_OF_HEAD)

    def _with_known_method(self, part: bytes) -> bytes:
        """Replace an unknown method at the beginning of a head, and remember it; return b"" until it is complete."""
        if part.startswith(KNOWN):
            return part
        begins_head = not self._is_in_head and self._connection.is_between_bodies
        method = METHOD.match(part) if begins_head else None
        if method is None or len(method[1]) > LONGEST_METHOD:
            return part
        if method.end() == len(part) and not method[2]:
            return b""
        if not method[2] or method[0].lstrip(b"\r\n") in KNOWN:
            return part
        self._method = method[1].decode()
        return STAND_IN + part[method.end(1) :]

    def _hand_on(self, part: bytes) -> tuple[Sequence[Any], bool, bytes]:
        # aiohttp would pause after a request if it counted many as waiting; they are counted here instead.
        self._parser.message_consumed()
        between_bodies = self._connection.is_between_bodies
        messages, is_upgraded, tail = self._parser.feed_data(part)
        if not messages and not is_upgraded and not self._connection.is_between_bodies:
            # aiohttp buffers a part of its input if a body is read more slowly than it arrives.
            messages, is_upgraded, tail = self._parser.feed_data(b"")
        self._last_bytes = (part if len(part) >= len(END_OF_HEAD) else self._last_bytes + part)[-len(END_OF_HEAD) + 1 :]
        self._left_of_body = max(0, self._left_of_body - len(part))
        self._is_in_head = not messages and (self._is_in_head or (between_bodies and bool(part.strip(b"\r\n"))))
        return [(self._take(message, body), body) for message, body in messages], is_upgraded, tail

    def _take(self, message: RawRequestMessage, body: StreamReader) -> RawRequestMessage:
        """Count a request, and return it with its original method."""
        if message.version not in (HttpVersion10, HttpVersion11):
            raise BadHttpMessage("the version is neither 1.0 nor 1.1")
        has_length = not message.chunked and not body.is_eof()
        self._left_of_body = int(message.headers.get(hdrs.CONTENT_LENGTH, 0)) if has_length else 0
        self._waiting += 1
        self._connection.take(None if body.is_eof() else body)
        method, self._method = self._method, ""
        return message._replace(method=method) if method else message

    def _fail(self, problem: HttpProcessingError) -> None:
        self._has_failed = True
        self._connection.refuse(problem)
