"""The work of `emulator pull`. Imported only for it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

import yaml

from emulator.catalogue import credential_check
from emulator.cli.problems import all_problems
from emulator.cli.recording import reader_of
from emulator.cli.streams import say, warn
from emulator.compare.faking import Faking
from emulator.compare.live import LiveVendor
from emulator.compare.pulling import CREDENTIALS, Puller, read_pulls, set_names, user_collection
from emulator.compare.reading import ExchangeReader
from emulator.compare.upstream import read_credentials, upstream_of
from emulator.declared.shapes import Shapes
from emulator.errors import ConfigurationError
from emulator.exchange import Record
from emulator.files.package_data import FIXTURES
from emulator.sandbox.fixtures import credentials_in, read_fixtures
from emulator.settings import Settings


def pull_records(settings: Settings, vendor: str, upstream: str, credentials: Path, into: Path, limit: int) -> None:
    """Write fixtures with a live vendor's records, made up.

    Exit with 1 if a part of them could not be read, or if `emulator check` finds a mistake in the fixtures.

    Raises ConfigurationError, with nothing written, if the vendor cannot be reached, refuses the credentials, or
    shows nothing that can be read.
    """
    home = into / vendor
    if home.exists():
        raise ConfigurationError(f"into: {home} exists already; name a new folder")
    reader = reader_of(settings, vendor)
    contract, collections = reader.contract, reader.vendor.collections
    target, headers, pulls = upstream_of(upstream, contract), read_credentials(credentials), read_pulls(contract)

    async def read() -> tuple[dict[str, list[Record]], Puller]:
        async with LiveVendor(target, headers, warn) as live:
            puller = Puller(contract, collections, live, limit)
            return await puller.pull(pulls), puller

    with _new_folder(home):
        found, puller = asyncio.run(read())
        counted = Pulled(reader, settings.seed, set_names(pulls)).write(home, found, user_collection(pulls))
    for note in puller.notes:
        warn(note)
    say(f"{home}: {counted}")
    problems = list(all_problems([FIXTURES, into], settings))
    for problem in problems:
        warn(problem)
    if problems or puller.is_incomplete:
        sys.exit(1)


@contextmanager
def _new_folder(home: Path) -> Iterator[None]:
    """Make a folder for what the block writes; without it if the block fails.

    Raises ConfigurationError if it cannot be made, or nothing can be written in it.
    """
    above = [one for one in home.parents if not one.exists()]
    try:
        home.mkdir(parents=True)
        try:
            yield
        except BaseException:
            rmtree(home)
            for folder in above:
                folder.rmdir()
            raise
    except OSError as problem:
        raise ConfigurationError(f"into: {problem.filename or home} cannot be written: {problem.strerror}") from None


class Pulled:
    """Writes pulled records as fixtures, made up with a seed."""

    def __init__(self, reader: ExchangeReader, seed: int, set_by_pulls: Iterable[str]) -> None:
        self._contract = reader.contract
        self._collections = {one.own_name: one for one in reader.vendor.collections}
        self._shapes = Shapes(self._contract.schemas.documents)
        keys = (one.key for one in reader.vendor.collections)
        self._faking = Faking(seed, self._shapes, words=(*keys, *set_by_pulls))

    def write(self, home: Path, found: Mapping[str, Sequence[Record]], users: str) -> str:
        """Write a file for each collection, and return how many records each has.

        Others that have records become empty: those would refer to what is not there. The first record of `users`
        becomes the user of the credentials.
        """
        made = {name: [self._made_up(name, one) for one in records] for name, records in found.items()}
        known = read_fixtures([FIXTURES], self._contract, self._collections.values(), credential_check())
        filled = [one.collection.own_name for one in known if one.records or one.populate]
        documents = {name: self._document(name, made.get(name, [])) for name in dict.fromkeys([*made, *filled])}
        documents.pop(CREDENTIALS, None)
        if made.get(users):
            user = str(made[users][0][self._collections[users].key])
            documents[CREDENTIALS] = {"records": [{**one, "user": user} for one in credentials_in(known)]}
        for name, document in documents.items():
            text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
            (home / f"{name}.yaml").write_text(text, "utf-8")
        return ", ".join(f"{len(records)} {name}" for name, records in made.items())

    def _made_up(self, name: str, record: Record) -> Record:
        return self._faking.record(record, self._address(name))

    def _address(self, name: str) -> str:
        schema = self._collections[name].schema
        return self._contract.schema(schema).address if schema else ""

    def _document(self, name: str, records: Sequence[Record]) -> dict[str, Any]:
        """Return the document of a fixture file; what records lack is to be generated."""
        address = self._address(name)
        required = self._shapes.shape(self._shapes.at(address)).required if address else frozenset()
        lacks = any(not required <= one.keys() for one in records)
        return {**({"defaults": "populate"} if lacks else {}), "records": list(records)}
