"""A snapshot of a sandbox's records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.client.sandbox import SandboxClient


@dataclass(frozen=True)
class Snapshot:
    """A sandbox's records, kept under a name; `bytes` is their size."""

    sandbox: SandboxClient
    name: str
    bytes: int

    def restore(self) -> None:
        """Put them in the place of the sandbox's."""
        self.sandbox.restore(self)
