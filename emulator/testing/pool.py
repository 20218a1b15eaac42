"""Sandboxes made ahead, so that no test waits for its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.app import Emulator
from emulator.sandbox.sandbox import Sandbox

__all__ = ["MadeAhead", "Pool"]

SIZE = 2
"""One to take, and one for a test that begins before another is made."""


@dataclass(frozen=True)
class MadeAhead:
    """A sandbox that nobody finds yet, and what the control API tells of it."""

    document: Mapping[str, Any]
    sandbox: Sandbox


class Pool:
    """Sandboxes as a request without wishes makes them, in an emulator that answers at `url`.

    They are neither found, listed nor counted until somebody admits them.
    """

    def __init__(self, emulator: Emulator, url: str) -> None:
        self._emulator = emulator
        self._url = url
        self._ready: deque[MadeAhead] = deque()

    def take(self) -> MadeAhead | None:
        """Return a sandbox, None if there is none. Any thread may call this."""
        try:
            return self._ready.popleft()
        except IndexError:
            return None

    async def fill(self) -> None:
        """Make what is missing, in the event loop of the emulator."""
        while len(self._ready) < SIZE:
            document = await self._emulator.control.call("createSandbox", self._url, {}, {})
            sandbox = self._emulator.sandboxes.withdraw(document["name"])
            if sandbox is not None:
                self._ready.append(MadeAhead(document, sandbox))
