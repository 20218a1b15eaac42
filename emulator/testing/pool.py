"""Creates sandboxes in advance, so that tests do not wait for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.app import Emulator
from emulator.control.sandboxes import access_to, new_sandbox, random_name
from emulator.exchange import Entrance
from emulator.sandbox.sandbox import Sandbox

__all__ = ["MadeAhead", "Pool"]

SIZE = 2
"""One for the next test, and one for a test that begins before another one is created."""


@dataclass(frozen=True)
class MadeAhead:
    """A sandbox that is not listed yet, and what of its document from the control API a client of it reads."""

    document: Mapping[str, Any]
    sandbox: Sandbox


class Pool:
    """Sandboxes with default options in an emulator at `url`.

    They are neither found, listed nor counted until they are admitted.
    """

    def __init__(self, emulator: Emulator, url: str) -> None:
        self._emulator = emulator
        self._entrance = Entrance(url, None, url)
        self._ready: deque[MadeAhead] = deque()

    def take(self) -> MadeAhead | None:
        """Return a sandbox, or None. Any thread may call this."""
        try:
            return self._ready.popleft()
        except IndexError:
            return None

    async def fill(self) -> None:
        """Create missing sandboxes, in the event loop of the emulator."""
        while len(self._ready) < SIZE:
            sandbox = await new_sandbox(random_name(), {}, self._emulator)
            if self._emulator.sandboxes.withdraw(sandbox.name) is not None:
                document = access_to(sandbox, self._entrance, self._emulator)
                self._ready.append(MadeAhead(document, sandbox))
