"""A snapshot of a sandbox's records."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.client.api import Api
from emulator.client.urls import quoted

__tracebackhide__ = True


@dataclass(frozen=True)
class Snapshot:
    """A sandbox's records, saved under a name; `bytes` is their size."""

    api: Api
    name: str
    bytes: int

    def restore(self) -> None:
        """Replace the sandbox's records by them."""
        self.api.request("POST", f"/snapshots/{quoted(self.name)}/restore")
