"""The connections to an emulator."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from emulator.errors import EmulatorError

TIMEOUT = 60.0


class Connections:
    """Connections to the server at `url`, kept open from one call to the next. Threads may share them."""

    def __init__(self, url: str) -> None:
        parts = _parse(url)
        self._url = url
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._address = str(parts.hostname), parts.port
        self._path = parts.path
        self._idle: list[HTTPConnection] = []
        self._lock = threading.Lock()

    def call(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], seconds: float
    ) -> tuple[int, bytes]:
        """Call the server, which may take so many seconds, and return the status and the body of its answer.

        Raises EmulatorError if there is none.
        """
        target = self._path + path
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            kept.sock.settimeout(seconds)
            # The server may have closed it meanwhile, which shows only now: then a new one is tried.
            with suppress(OSError, HTTPException):
                return self._call_on(kept, method, target, body, headers)
        host, port = self._address
        try:
            return self._call_on(self._connect(host, port, timeout=seconds), method, target, body, headers)
        except (OSError, HTTPException) as problem:
            raise EmulatorError(
                f"No emulator answers at {self._url}: {str(problem) or type(problem).__name__}."
            ) from None

    def close(self) -> None:
        """Close them; another call opens new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _call_on(
        self, connection: HTTPConnection, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        try:
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            content = response.read()
        except BaseException:
            connection.close()
            raise
        self._keep(connection, response)
        return response.status, content

    def _keep(self, connection: HTTPConnection, response: HTTPResponse) -> None:
        if response.will_close:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)


def _parse(url: str) -> SplitResult:
    with suppress(ValueError):  # a port that is no number
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    raise EmulatorError(f"{url!r} is no URL of an emulator; write it like http://127.0.0.1:4070.")
