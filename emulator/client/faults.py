"""Scenarios and faults of a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from emulator.client.api import Api
from emulator.client.urls import quoted
from emulator.errors import EmulatorError

if TYPE_CHECKING:
    from types import TracebackType

__tracebackhide__ = True


class ScenarioClient:
    """A scenario that is on in a sandbox. As a context manager, it is turned off at the end."""

    def __init__(self, api: Api, name: str) -> None:
        vendor, _, scenario = name.partition("/")
        self.name = name
        self._api = api
        self._path = f"/scenarios/{quoted(vendor)}/{quoted(scenario)}"
        api.request("PUT", self._path)

    def __enter__(self) -> ScenarioClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.off()

    def off(self) -> None:
        """Turn it off. Records that it has changed stay changed."""
        self._api.request("DELETE", self._path)


class FaultClient:
    """An armed fault of a sandbox. As a context manager, it is disarmed at the end."""

    def __init__(self, api: Api, id: str) -> None:
        self.id = id
        self._api = api

    def __enter__(self) -> FaultClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disarm()

    @property
    def hits(self) -> int:
        """How many calls it affected."""
        hits: int = self._api.request("GET", f"/faults/{quoted(self.id)}")["hits"]
        return hits

    def preview(self, operation: str | None = None, *, calls: int = 10) -> list[bool]:
        """Return for each of the next calls of an operation whether the fault will affect it; count none of them.

        `operation` is the first that the fault can apply to, if it is left out. Chance is drawn as it will be.
        """
        query = urlencode({"calls": calls, **({"operation": operation} if operation else {})})
        found = self._api.request("GET", f"/faults/{quoted(self.id)}/preview?{query}")
        return [outcome["affected"] for outcome in found["outcomes"]]

    def disarm(self) -> None:
        """Disarm it; do nothing if it is already disarmed."""
        try:
            self._api.request("DELETE", f"/faults/{quoted(self.id)}")
        except EmulatorError as problem:
            if problem.status != 404:
                raise
