"""A running emulator as the command line reaches it: its control API over HTTP."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from emulator.errors import ConfigurationError

ROOT = "/_emulator"
SECONDS = 60.0
PAUSE = 0.1
"""How long between two questions whether it is ready."""


class NotDone(Exception):
    """The emulator could not be reached, or did not do what it was asked: one sentence."""


class Remote:
    """One sandbox of the emulator at `url`. `token` is its setting control_token.

    Raises ConfigurationError for a URL that is none, NotDone where the emulator does not do what it is asked.
    """

    def __init__(self, url: str, sandbox: str = "default", token: str = "") -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        try:
            self._port = parts.port
        except ValueError as problem:
            raise ConfigurationError(f"--url is {url!r}: {problem}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(f"--url is {url!r}: expected something like http://127.0.0.1:4070")
        self._host = parts.hostname
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._sandbox = f"{ROOT}/sandboxes/{quote(sandbox, safe='')}"

    def wait(self, seconds: float) -> None:
        """Return as soon as the emulator is ready; raise NotDone if it is not within so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            try:
                self._send("GET", f"{ROOT}/ready", seconds=max(PAUSE, min(left, SECONDS)))
            except NotDone as problem:
                if left <= PAUSE:
                    raise NotDone(f"not ready within {seconds:g} s: {problem}") from None
            else:
                return
            time.sleep(PAUSE)

    def reset(self) -> None:
        """Make the sandbox as it was when it was made."""
        self._send("POST", f"{self._sandbox}/reset")

    def snapshots(self) -> list[dict[str, Any]]:
        """Return name and bytes of each snapshot."""
        listed: dict[str, list[dict[str, Any]]] = json.loads(self._send("GET", f"{self._sandbox}/snapshots"))
        return listed["snapshots"]

    def save_snapshot(self, name: str) -> None:
        """Keep the sandbox's records under a name."""
        self._send("POST", f"{self._sandbox}/snapshots", json.dumps({"name": name}).encode(), "application/json")

    def restore_snapshot(self, name: str) -> None:
        """Put the records of a snapshot in the place of the sandbox's."""
        self._send("POST", f"{self._snapshot(name)}/restore")

    def download_snapshot(self, name: str) -> bytes:
        """Return a snapshot as a SQLite file."""
        return self._send("GET", self._snapshot(name))

    def upload_snapshot(self, name: str, file: bytes) -> None:
        """Keep a SQLite file as a snapshot."""
        self._send("PUT", self._snapshot(name), file, "application/vnd.sqlite3")

    def _snapshot(self, name: str) -> str:
        return f"{self._sandbox}/snapshots/{quote(name, safe='')}"

    def _send(
        self, method: str, path: str, body: bytes | None = None, content_type: str = "", seconds: float = SECONDS
    ) -> bytes:
        headers = {**self._headers, "Content-Type": content_type} if content_type else self._headers
        connection = self._kind(self._host, self._port, timeout=seconds)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as problem:
            raise NotDone(f"no emulator answers at {self.url}: {str(problem) or type(problem).__name__}") from None
        finally:
            connection.close()
        if response.status >= 300:
            raise NotDone(f"{self.url} answers {response.status}: {_detail(content)}")
        return content


def _detail(content: bytes) -> str:
    """Return what a problem document says, else the beginning of the content."""
    try:
        return str(json.loads(content)["detail"])
    except (ValueError, LookupError, TypeError):
        return content[:200].decode("utf-8", "replace") or "nothing"
