"""Single calls, one after another on one connection."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class WrongResponse(Exception):
    """A server returned an unexpected response; the message describes it."""


@dataclass(frozen=True)
class Request:
    """A call and its expected response: the status, and texts that the body contains."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int = 200
    holds: tuple[str, ...] = ()

    def written(self, host: str) -> bytes:
        """Return the request's bytes."""
        headers = {"Host": host, **self.headers}
        if self.body or self.method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.path} HTTP/1.1", *map(": ".join, headers.items()), "", ""]
        return "\r\n".join(lines).encode() + self.body


class Connection:
    """A connection to a port of this machine that is kept alive as long as the server keeps it."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port)
        self._quick = QuickConnection(port)

    def send(self, request: Request) -> bytes:
        """Return the response body. Raises WrongResponse, OSError or HTTPException."""
        self._http.request(request.method, request.path, request.body or None, dict(request.headers))
        response = self._http.getresponse()
        body = response.read()
        if response.status != request.status:
            raise WrongResponse(f"{request.method} {request.path}: {response.status} {body[:200]!r}")
        return body

    def check(self, request: Request) -> bytes:
        """Return the response body after checking its content. Raises as `send` does."""
        body = self.send(request)
        missing = [text for text in request.holds if text not in body.decode()]
        if missing:
            raise WrongResponse(f"{request.method} {request.path}: the response lacks {', '.join(missing)}")
        return body

    def timed(self, *requests: Request) -> float:
        """Send the requests one after another; return the seconds that they took together."""
        return self._quick.timed(requests)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()
        self._quick.close()


LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked\r\n", re.IGNORECASE)


class QuickConnection:
    """A client with minimal overhead, to time the server: http.client takes longer than some servers."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket: socket.socket | None = None

    def timed(self, requests: Sequence[Request]) -> float:
        """Return the seconds that the requests took together, one after another. Raises WrongResponse or OSError."""
        host = f"127.0.0.1:{self._address[1]}"
        prepared = [(request, request.written(host)) for request in requests]
        started = time.perf_counter()
        for request, sent in prepared:
            status = self._ask(sent)
            if status != request.status:
                raise WrongResponse(f"{request.method} {request.path}: {status}")
        return time.perf_counter() - started

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, sent: bytes) -> int:
        """Receive the whole response and return its status."""
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(sent)
        received = self._more(b"")
        while b"\r\n\r\n" not in received:
            received = self._more(received)
        head, _, body = received.partition(b"\r\n\r\n")
        head += b"\r\n"
        status, length = int(head[9:12]), LENGTH.search(head)
        while length is not None and status != 204 and len(body) < int(length[1]):
            body = self._more(body)
        while length is None and CHUNKED.search(head) and not body.endswith(b"0\r\n\r\n"):
            body = self._more(body)
        if b"\r\nconnection: close\r\n" in head.lower():
            self.close()
        return status

    def _more(self, received: bytes) -> bytes:
        assert self._socket is not None
        chunk = self._socket.recv(256 * 1024)
        if not chunk:
            raise WrongResponse("the server has closed the connection")
        return received + chunk
