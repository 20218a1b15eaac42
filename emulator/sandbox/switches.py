"""The switches of a sandbox, which remember what calls have read of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Switches"]


class Switches(dict[str, Any]):
    """A vendor's switches by name. Looking one up adds its full name, "celigo.empty_list_status", to `read`."""

    def __init__(self, vendor: str, values: Mapping[str, Any], read: set[str]) -> None:
        super().__init__(values)
        self._vendor = vendor
        self._read = read

    def __getitem__(self, name: str) -> Any:
        self._read.add(f"{self._vendor}.{name}")
        return super().__getitem__(name)

    def changed(self, values: Mapping[str, Any]) -> Switches:
        """Return a copy with other values, which adds to the same names."""
        return Switches(self._vendor, {**self, **values}, self._read)
