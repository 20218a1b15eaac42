"""A sandbox's switches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.client.sandbox import SandboxClient


class Switches(Mapping[str, Any]):
    """A sandbox's switches, such as "celigo.empty_list_status": read and set like a dictionary's."""

    def __init__(self, sandbox: SandboxClient) -> None:
        self._sandbox = sandbox

    def __getitem__(self, name: str) -> Any:
        return self._all()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def update(self, values: Mapping[str, Any]) -> None:
        """Set switches; the others stay as they are. Raises EmulatorError for an unknown switch or value."""
        self._sandbox.request("PATCH", "/switches", dict(values))

    def _all(self) -> dict[str, Any]:
        switches: dict[str, Any] = self._sandbox.request("GET", "/switches")
        return switches
