"""A sandbox's switches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.client.api import Api
from emulator.errors import unknown

__tracebackhide__ = True


class Switches(Mapping[str, Any]):
    """A sandbox's switches, such as "celigo.empty_list_status": get and set them as in a dictionary."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __getitem__(self, name: str) -> Any:
        switches = self._all()
        if name not in switches:
            raise KeyError(unknown("switch", name, switches, plural="switches", listed_by="list(…)"))
        return switches[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def update(self, values: Mapping[str, Any]) -> None:
        """Set switches; the others stay as they are. Raises EmulatorError for an unknown switch or value."""
        self._api.request("PATCH", "/switches", dict(values))

    def read(self) -> dict[str, Any]:
        """Return those that the sandbox's calls have read so far: no other can have changed a reply."""
        switches: dict[str, Any] = self._api.request("GET", "/switches", query={"read": True})
        return switches

    def _all(self) -> dict[str, Any]:
        switches: dict[str, Any] = self._api.request("GET", "/switches")
        return switches
