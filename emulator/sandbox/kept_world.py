"""The world that most processes begin with, kept seeded: to make it anew takes a fifth of a start."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from emulator.files.disk_cache import Kept
from emulator.files.package_data import PACKAGE
from emulator.json_text import write_json
from emulator.sandbox.fixtures import Fixtures


def kept_world(fixtures: Fixtures, seed: int, switches: Mapping[str, Mapping[str, Any]]) -> Kept:
    """Return where the world is kept, as a SQLite file, that these fixtures, seed and switches make."""
    records = [
        (fixture.collection.name, fixture.records, fixture.populate)
        for of_vendor in fixtures.values()
        for fixture in of_vendor
    ]
    return Kept(PACKAGE / "world", (write_json((records, seed, switches)), *_makers()))


def _makers() -> Iterator[bytes]:
    """Yield what else the records depend on: all of our code, and the versions of faker and SQLite."""
    for file in sorted(PACKAGE.rglob("*.py")):
        yield file.read_bytes()
    # The version stands in the file; to import it is what is to be saved.
    faker = find_spec("faker")
    yield Path(faker.origin).read_bytes() if faker is not None and faker.origin is not None else b""
    yield sqlite3.sqlite_version.encode()
