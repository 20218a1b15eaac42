"""Calls to the control API, for the client and its parts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.client.connections import TIMEOUT, Connections
from emulator.client.spelling import in_python
from emulator.client.urls import query_text, quoted
from emulator.errors import EmulatorError

__tracebackhide__ = True

ROOT = "/_emulator"


class Api:
    """The control API of the emulator at `url`, below a path: "", or that of one sandbox. Threads may share it."""

    def __init__(self, url: str, connections: Connections, headers: Mapping[str, str], path: str = "") -> None:
        self.url = url
        self._connections = connections
        self._headers = headers
        self._path = path

    def of_sandbox(self, name: str) -> Api:
        """Return the control API of one sandbox, over the same connections."""
        return Api(self.url, self._connections, self._headers, f"/sandboxes/{quoted(name)}")

    def request(
        self,
        method: str,
        path: str = "",
        document: object = None,
        query: Mapping[str, Any] | None = None,
        *,
        seconds: float = TIMEOUT,
    ) -> Any:
        """Call the control API and return its JSON, None if it has no body; the reply may take so many seconds.

        Raises EmulatorError with the `detail` of an error, or for a document that is not JSON.
        """
        body = None if document is None else json_of(document).encode()
        content = self.send(method, f"{path}{query_text(query)}", body, seconds=seconds)
        return json.loads(content) if content else None

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "application/json",
        seconds: float = TIMEOUT,
    ) -> bytes:
        """Call the control API and return the body of its reply, which may take `seconds`.

        Raises EmulatorError with the `detail` of an error.
        """
        headers = self._headers if body is None else {**self._headers, "Content-Type": content_type}
        target = f"{ROOT}{self._path}{path}"
        status, content = self._connections.call(method, target, body, headers, seconds)
        if status >= 300:
            raise _refusal(status, content, f"{method} {self.url}{target.partition('?')[0]}")
        return content

    def events(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Yield the JSON of server-sent events as they come, until the server ends the stream.

        Raises EmulatorError with the `detail` of an error.
        """
        target = f"{ROOT}{self._path}{path}"
        with self._connections.stream(f"{target}{query_text(query)}", self._headers) as response:
            if response.status >= 300:
                raise _refusal(response.status, response.read(), f"GET {self.url}{target}")
            for line in response:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))


def given(**values: Any) -> dict[str, Any]:
    """Return the values that are not None, by name."""
    return {name: value for name, value in values.items() if value is not None}


def json_of(document: object) -> str:
    """Return a document as JSON. Raises EmulatorError for a value that JSON does not have, such as a set."""
    try:
        return json.dumps(document, default=_plain, allow_nan=False)
    except TypeError as problem:
        raise EmulatorError(f"The arguments cannot be written as JSON: {problem}.") from None
    except ValueError:  # its text depends on the version of Python
        sentence = "The arguments cannot be written as JSON: they contain NaN, an infinity, or themselves."
        raise EmulatorError(sentence) from None


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return list(value)
    raise TypeError(f"{value!r} is neither text, number, list nor mapping")


def _refusal(status: int, content: bytes, call: str) -> EmulatorError:
    """Return the error for a refusal, or for a reply that does not come from an emulator."""
    try:
        detail = str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"{call} returned {status}, but not an emulator's error document: does another server run there?"
    return EmulatorError(in_python(detail), status, detail)
