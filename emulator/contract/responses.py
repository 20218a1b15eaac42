"""The responses of an operation, each read at its first use: most are never asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from emulator.contract.operation import Response

__all__ = ["Responses"]


class Responses(Mapping[int, Response]):
    """Responses by status, `described` in a document; `read` makes one of its status and what describes it."""

    def __init__(self, described: Mapping[str, Any], read: Callable[[str, Any], Response]) -> None:
        self._described = described
        self._read = read
        self._found: dict[int, Response] = {}

    def __getitem__(self, status: int) -> Response:
        found = self._found.get(status)
        if found is None:
            found = self._found[status] = self._read(str(status), self._described[str(status)])
        return found

    def __contains__(self, status: object) -> bool:
        return str(status) in self._described

    def __iter__(self) -> Iterator[int]:
        return map(int, self._described)

    def __len__(self) -> int:
        return len(self._described)
