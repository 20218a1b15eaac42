"""A response whose head and body are known: what aiohttp does for any response in eight steps is done in two."""

from __future__ import annotations

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import SERVER_SOFTWARE


class WholeResponse(web.Response):
    """Sends the same bytes as web.Response, and waits as long for a client that reads slowly.

    The usual call, with a body in the reply and a connection that stays, takes a short way; others are left to aiohttp.
    """

    _writer: AbstractStreamWriter | None = None
    _rest = b""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Take the head to the writer, which sends it together with the body."""
        body = self.body
        if not isinstance(body, bytes) or not body or not self._is_usual(request):
            return await super().prepare(request)
        headers = self.headers
        headers[hdrs.CONTENT_LENGTH] = str(len(body))
        headers.setdefault(hdrs.CONTENT_TYPE, "application/octet-stream")
        headers.setdefault(hdrs.DATE, rfc822_formatted_time())
        headers.setdefault(hdrs.SERVER, SERVER_SOFTWARE)
        self._rest, self._writer = body, request.writer
        await self._writer.write_headers(f"HTTP/1.1 {self.status} {self.reason}", headers)
        return self._writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Send everything."""
        if self._writer is None:
            await super().write_eof(data)
        elif self._rest:
            rest, self._rest = self._rest, b""
            await self._writer.write_eof(rest)

    @property
    def keep_alive(self) -> bool | None:
        """Return True if the connection stays, None if that is not decided yet."""
        return super().keep_alive if self._writer is None else super().keep_alive is not False

    @property
    def prepared(self) -> bool:
        """Return True once the head is on its way."""
        return self._writer is not None or super().prepared

    def _is_usual(self, request: web.BaseRequest) -> bool:
        headers, status = self.headers, self.status
        return (
            request.version == HttpVersion11
            and request.keep_alive
            and request.method != hdrs.METH_HEAD
            and status >= 200
            and status not in (204, 304)
            and super().keep_alive is None
            and not self.prepared
            and hdrs.CONTENT_LENGTH not in headers
            and hdrs.CONNECTION not in headers
        )
