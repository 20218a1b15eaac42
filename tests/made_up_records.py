"""The records that faker makes for the built-in fixtures with the default seed, as files beside the fixtures.

A start with that seed reads them: it neither imports faker nor makes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from emulator.catalogue import Catalogue, credential_check, seeded_records
from emulator.exchange import Record
from emulator.files.package_data import FIXTURES
from emulator.sandbox.fixtures import MADE_UP, Fixture, read_fixtures
from emulator.settings import Settings


def made_up_files(catalogue: Catalogue) -> Iterator[tuple[Path, str]]:
    """Yield file and text for each vendor whose fixtures have faker make records."""
    seed = Settings().seed
    for name, vendor in catalogue.vendors.items():
        fixtures = read_fixtures([FIXTURES], catalogue.contracts[name], vendor.collections, credential_check())
        records = made_up_records(name, fixtures, seed)
        if records:
            yield FIXTURES / name / MADE_UP, _text(seed, records)


def made_up_records(vendor: str, fixtures: Sequence[Fixture], seed: int) -> dict[str, Sequence[Record]]:
    """Return by collection what faker adds to the records of a vendor's fixtures, in that order.

    There are no switches: what depended on one could not be written into a file.
    """
    # Without an order of their own, records come back as they were inserted.
    made_now = [replace(one, made_up={}, collection=replace(one.collection, order=())) for one in fixtures]
    records = seeded_records({vendor: made_now}, seed, {vendor: {}})
    return {one.collection.name: records(one.collection)[len(one.records) :] for one in fixtures if one.populate}


def _text(seed: int, records: Mapping[str, Sequence[Record]]) -> str:
    """Return the text of a file, with a line for each record."""
    return f'{{"seed": {seed}, "records": {{\n' + ",\n".join(map(_list, records, records.values())) + "\n}}\n"


def _list(name: str, records: Sequence[Record]) -> str:
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    return f'"{name}": [\n' + ",\n".join(lines) + "\n]"
