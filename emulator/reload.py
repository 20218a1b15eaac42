"""Reading a user's own fixtures and scenarios again when their files change. A broken file keeps the old ones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from emulator.app import Emulator, read_scenarios
from emulator.errors import ConfigurationError

SECONDS = 1.0
"""How long between two looks at the files."""

Stamps = Mapping[Path, tuple[int, int]]

logger = logging.getLogger("emulator")


class Reload:
    """Follows the files of one folder for an emulator."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self._emulator = emulator
        self._folder = folder
        self._seen = stamps(folder)

    async def run(self) -> None:
        """Look about every second, until cancelled."""
        while True:
            await asyncio.sleep(SECONDS)
            await self.poll()

    async def poll(self) -> bool:
        """Look once: take what has changed, or say why it cannot be taken. Return whether it was taken."""
        found = await asyncio.to_thread(stamps, self._folder)
        if found == self._seen:
            return False
        names = _changed(self._seen, found, self._folder)
        self._seen = found
        try:
            await self._take()
        except ConfigurationError as problem:
            logger.error("%s; the fixtures and scenarios from before stay", str(problem).removesuffix("."))
            return False
        except Exception:
            logger.exception("%s cannot be read; the fixtures and scenarios from before stay", names)
            return False
        logger.info(
            "%s changed: new sandboxes begin with it, scenarios are up to date; `emulator reset` gives it to default",
            names,
        )
        return True

    async def _take(self) -> None:
        emulator = self._emulator
        # Reading takes a tenth of a second, which no call shall wait for.
        fixtures = await asyncio.to_thread(emulator.fixtures)
        scenarios = await asyncio.to_thread(read_scenarios, emulator.folders, emulator.catalogue)
        await emulator.take(fixtures, scenarios)


def stamps(folder: Path) -> Stamps:
    """Return for each YAML file below a folder when it was written, and its size."""
    found = {}
    for file in folder.rglob("*.yaml"):
        try:
            stat = file.stat()
        except OSError:
            # It went between the listing and the look.
            continue
        found[file] = (stat.st_mtime_ns, stat.st_size)
    return found


def _changed(before: Stamps, after: Stamps, folder: Path) -> str:
    files = sorted(file for file in before.keys() | after.keys() if before.get(file) != after.get(file))
    return ", ".join(str(file.relative_to(folder)) for file in files)
