"""The connections to an emulator."""

from __future__ import annotations

import contextlib
import inspect
import os
import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from selectors import EVENT_READ, DefaultSelector
from socket import socket
from urllib.parse import SplitResult, urlsplit

import emulator
from emulator import VERSION_HEADER, __version__
from emulator.errors import EmulatorError, reason_of

__tracebackhide__ = True

TIMEOUT = 60.0

OWN_CODE = (os.path.dirname(emulator.__file__) + os.sep, contextlib.__file__)
"""Where the code between a user's line and a call is."""


class Connections:
    """Connections to the server at `url`, kept open from one call to the next. Threads may share them."""

    def __init__(self, url: str) -> None:
        parts = _parse(url)
        self._url = url
        self._is_compared = False
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._address = str(parts.hostname), parts.port
        self._path = parts.path
        self._idle: list[HTTPConnection] = []
        self._lock = threading.Lock()

    def call(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], seconds: float
    ) -> tuple[int, bytes]:
        """Call the server, which may take `seconds`, and return the status and the body of its reply.

        A call is sent once, because it may have been executed even without a reply; only a GET is sent again, if the
        server has closed the connection. Raises EmulatorError if there is no reply.
        """
        target = self._path + path
        kept = self._kept()
        if kept is not None:
            kept.sock.settimeout(seconds)
            try:
                return self._call_on(kept, method, target, body, headers)
            except ConnectionError as problem:
                if method != "GET":
                    raise self._unanswered(method, problem) from None
            except (OSError, HTTPException) as problem:
                raise self._unanswered(method, problem) from None
        host, port = self._address
        try:
            return self._call_on(self._connect(host, port, timeout=seconds), method, target, body, headers)
        except (OSError, HTTPException) as problem:
            raise self._unanswered(method, problem) from None

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[HTTPResponse]:
        """Yield the reply to a GET, whose body is read line by line as it comes, on a connection of its own.

        Raises EmulatorError if there is no reply, or if the connection breaks.
        """
        host, port = self._address
        connection = self._connect(host, port, timeout=TIMEOUT)
        try:
            connection.request("GET", self._path + path, headers=dict(headers))
            yield connection.getresponse()
        except (OSError, HTTPException) as problem:
            raise self._unanswered("GET", problem) from None
        finally:
            connection.close()

    def close(self) -> None:
        """Close them; the next call opens new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _kept(self) -> HTTPConnection | None:
        """Return a connection that is still open, or None."""
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            # A server sends nothing without a request, so a readable connection has been closed.
            if connection is None or not _readable(connection.sock):
                return connection
            connection.close()

    def _unanswered(self, method: str, problem: Exception) -> EmulatorError:
        reason = reason_of(problem) if isinstance(problem, OSError) else str(problem)
        hint = "" if method == "GET" else "; the call may have been executed"
        if isinstance(problem, ConnectionRefusedError):
            hint = "; `emulator serve` starts one"
        return EmulatorError(f"No reply from an emulator at {self._url}: {reason or type(problem).__name__}{hint}.")

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
        self._compare(response.headers.get(VERSION_HEADER, ""))
        return response.status, content

    def _compare(self, version: str) -> None:
        """Warn once if the emulator's version is another than the client's."""
        if not version or self._is_compared:
            return
        self._is_compared = True
        if version != __version__:
            older = "client" if _numbers(__version__) < _numbers(version) else "emulator"
            warnings.warn(
                f"The client is version {__version__}, the emulator at {self._url} is {version}: the {older} is older."
                " Install the same version on both sides.",
                stacklevel=_level_of_caller(),
            )

    def _keep(self, connection: HTTPConnection, response: HTTPResponse) -> None:
        if response.will_close:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)


def _level_of_caller() -> int:
    """Return the `stacklevel` of the user's line: the nearest one outside of this package, in no context manager."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_code.co_filename.startswith(OWN_CODE):
        frame, level = frame.f_back, level + 1
    return level


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _readable(connection: socket) -> bool:
    with DefaultSelector() as selector:
        selector.register(connection, EVENT_READ)
        return bool(selector.select(timeout=0))


def _parse(url: str) -> SplitResult:
    with suppress(ValueError):  # a port that is not a number
        parts = urlsplit(url)
        if parts.path.endswith("/_emulator"):
            raise EmulatorError(f"{url!r} is the URL of the control API; write {url.removesuffix('/_emulator')}.")
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    raise EmulatorError(f"{url!r} is not the URL of an emulator; write it like http://127.0.0.1:4070.")
