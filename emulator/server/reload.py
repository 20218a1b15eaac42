"""Reloads a user's own contracts, fixtures and scenarios when they change. With a broken file the old ones stay."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from emulator.app import Emulator
from emulator.catalogue import contract_overlay, read_catalogue
from emulator.contract.documents import SUFFIXES, contract_files
from emulator.errors import ConfigurationError
from emulator.files.folders import files_below
from emulator.files.yaml_file import short_name

SECONDS = 1.0
"""How long to wait between two checks of the files."""

Stamps = Mapping[Path, tuple[int, int]]

logger = logging.getLogger("emulator")


class Reload:
    """Watches the folders in the settings of an emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._fixtures = _folder(emulator.settings.fixtures)
        self._contracts = _folder(emulator.settings.contracts)
        self._vendors = [contract.home for contract in emulator.catalogue.contracts.values() if contract.home]
        self._seen = self._stamps()

    async def run(self) -> None:
        """Check about every second, until cancelled."""
        while True:
            await asyncio.sleep(SECONDS)
            await self.poll()

    async def poll(self) -> bool:
        """Check once: apply changes, or log why they cannot be applied. Return whether changes were applied."""
        found = await asyncio.to_thread(self._stamps)
        changed = sorted(file for file in self._seen.keys() | found.keys() if self._seen.get(file) != found.get(file))
        if not changed:
            return False
        names = ", ".join(map(short_name, changed))
        # The overlay of a document alone is beside it.
        homes = [home.parent if home.is_file() else home for home in self._vendors]
        contracts = [folder for folder in (self._contracts, *homes) if folder is not None]
        of_contracts = any(folder in file.parents for folder in contracts for file in changed)
        self._seen = found
        try:
            await self._take(of_contracts)
        except ConfigurationError as problem:
            logger.error("%s; the previous version stays in use", str(problem).removesuffix("."))
            return False
        except Exception:
            logger.exception("%s cannot be read; the previous version stays in use", names)
            return False
        calls = "calls are validated against it; " if of_contracts else ""
        logger.info(
            "%s changed: %snew sandboxes use it, scenarios are up to date; `emulator reset` applies it to default",
            names,
            calls,
        )
        return True

    async def _take(self, of_contracts: bool) -> None:
        emulator = self._emulator
        catalogue = emulator.catalogue
        # Reading takes a tenth of a second or more, for which no call should wait.
        if of_contracts:
            catalogue = await asyncio.to_thread(
                lambda: read_catalogue(
                    {name: one for name, one in catalogue.vendors.items() if not catalogue.contracts[name].home},
                    overlay=contract_overlay(emulator.settings),
                    homes={name: one.home for name, one in catalogue.contracts.items() if one.home},
                )
            )
        fixtures = await asyncio.to_thread(lambda: emulator.fixtures(catalogue=catalogue))
        scenarios = await asyncio.to_thread(emulator.read_scenarios, catalogue, fixtures)
        await emulator.apply_reload(catalogue, fixtures, scenarios)

    def _stamps(self) -> Stamps:
        """Return the modification time and size of each watched file."""
        files = [*_files(self._fixtures, (".yaml",)), *_files(self._contracts, SUFFIXES)]
        for home in self._vendors:
            files += contract_files(home).values() if home.is_file() else _files(home, (*SUFFIXES, ".py"))
        found = {}
        for file in files:
            try:
                stat = file.stat()
            except OSError:
                # It was deleted since it was listed.
                continue
            found[file] = (stat.st_mtime_ns, stat.st_size)
        return found


def _folder(setting: str) -> Path | None:
    return Path(setting) if setting else None


def _files(folder: Path | None, suffixes: Sequence[str]) -> Iterable[Path]:
    return () if folder is None else files_below(folder, suffixes)
