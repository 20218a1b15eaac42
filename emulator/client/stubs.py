"""Stubs: replies to calls that are not emulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.client.api import Api
from emulator.client.urls import quoted
from emulator.errors import EmulatorError

if TYPE_CHECKING:
    from types import TracebackType

__tracebackhide__ = True


class StubClient:
    """A stub of a sandbox. As a context manager, it is removed at the end."""

    def __init__(self, api: Api, id: str) -> None:
        self.id = id
        self._api = api

    def __enter__(self) -> StubClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    @property
    def hits(self) -> int:
        """The number of calls that it has replied to."""
        hits: int = self._api.request("GET", f"/stubs/{quoted(self.id)}")["hits"]
        return hits

    def remove(self) -> None:
        """Remove it; do nothing if it is already removed."""
        try:
            self._api.request("DELETE", f"/stubs/{quoted(self.id)}")
        except EmulatorError as problem:
            if problem.status != 404:
                raise
