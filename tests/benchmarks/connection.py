"""Single calls, one after another on one connection."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field


class WrongAnswer(Exception):
    """A server has answered something else than it should; the message says what."""


@dataclass(frozen=True)
class Request:
    """A call, and what makes its answer right: the status, and what the body holds."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int = 200
    holds: tuple[str, ...] = ()


class Connection:
    """A connection to a port of this machine that is kept alive as long as the server keeps it."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port)

    def send(self, request: Request) -> bytes:
        """Return the answer's body. Raises WrongAnswer, OSError or HTTPException."""
        self._http.request(request.method, request.path, request.body or None, dict(request.headers))
        answer = self._http.getresponse()
        body = answer.read()
        if answer.status != request.status:
            raise WrongAnswer(f"{request.method} {request.path}: {answer.status} {body[:200]!r}")
        return body

    def check(self, request: Request) -> bytes:
        """Return the answer's body, all of which has been looked at. Raises as `send` does."""
        body = self.send(request)
        missing = [text for text in request.holds if text not in body.decode()]
        if missing:
            raise WrongAnswer(f"{request.method} {request.path}: the answer lacks {', '.join(missing)}")
        return body

    def timed(self, *requests: Request) -> float:
        """Send the requests one after another; return the seconds that they took together."""
        started = time.perf_counter()
        for request in requests:
            self.send(request)
        return time.perf_counter() - started

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()
