"""What all sandboxes of one process share, and the options of one sandbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.exchange import Record
from emulator.faults.scenarios import Scenario
from emulator.journal.entry import Exchange
from emulator.journal.journal import Journal
from emulator.journal.journals import Journals
from emulator.sandbox.budget import Budget
from emulator.sandbox.replies import KeptReplies
from emulator.sandbox.template import Template
from emulator.store.collection import Collection
from emulator.store.records import Records
from emulator.store.world import World

if TYPE_CHECKING:
    from faker import Faker

SHOWN_OF_SECRET = 4
"""How many characters of a credential identify it in a message."""


@dataclass(frozen=True)
class Blueprint:
    """What all sandboxes of one process share: collections by vendor, switches by vendor, journal limits.

    `problems_in` yields (JSON pointer, sentence) for mistakes in records of a collection, `sample` returns the fields
    that its records need, with examples. `sweeps` remove, by vendor, what interrupted calls have left behind;
    `due` writes what has changed by the clock.
    `snapshots` limits the snapshots of all sandboxes together, `journals` their journals. `on_record` gets each
    exchange that a journal records. `replies` are those to reads that can be given again.
    """

    collections: Mapping[str, Sequence[Collection]]
    switches: Mapping[str, Mapping[str, Any]]
    journal_size: int
    journal_bytes: int
    faker: Callable[[int, str], Faker]
    problems_in: Callable[[Sequence[Record], Collection], Iterable[tuple[str, str]]]
    sample: Callable[[Collection], Record]
    sweeps: Mapping[str, Callable[[World], None]]
    due: Callable[[str, World], None]
    snapshots: Budget
    journals: Journals
    on_record: Callable[[Exchange], None] | None = None
    replies: KeptReplies = field(default_factory=KeptReplies)

    def new_journal(self) -> Journal:
        """Return the journal of a new sandbox."""
        return Journal(self.journal_size, self.journal_bytes, on_record=self.on_record, journals=self.journals)

    def problem_in(self, record: Record, collection: Collection) -> str:
        """Return the first mistake in a record of a collection, "" if it is valid."""
        return next((sentence_of(record, collection, *found) for found in self.problems_of(record, collection)), "")

    def problems_of(self, record: Record, collection: Collection) -> Iterator[tuple[str, str]]:
        """Yield (JSON pointer, sentence) for each mistake in a record of a collection."""
        for pointer, sentence in self.problems_in([record], collection):
            yield pointer.removeprefix("/0"), sentence

    def read_credentials(self, db: sqlite3.Connection, vendor: str) -> list[Record]:
        """Return the records of a vendor's credentials; none if it has none."""
        collection = self.credentials(vendor)
        return Records(db, collection).all() if collection else []

    def credentials(self, vendor: str) -> Collection | None:
        """Return the collection of a vendor's credentials, or None."""
        return next((collection for collection in self.collections[vendor] if collection.is_of_credentials), None)

    def read_all_credentials(self, db: sqlite3.Connection) -> dict[str, list[Record]]:
        """Return the records of all credentials by vendor."""
        return {vendor: self.read_credentials(db, vendor) for vendor in self.collections}


@dataclass(frozen=True)
class SandboxOptions:
    """How a sandbox starts, also after a reset: `scenarios` that are on, `switches` that differ, the clock.

    `now` and `frozen` are the clock's (None: real, running), `strict` overrides the setting (None: does not). It is
    dropped `ttl` seconds after its creation, or `idle` seconds after its last call (None: never). The records are those
    of its own `template` (None: those of its fixtures).
    """

    scenarios: Sequence[Scenario] = ()
    switches: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    now: datetime | None = None
    frozen: bool | None = None
    strict: bool | None = None
    ttl: float | None = None
    idle: float | None = None
    template: Template | None = None


def sentence_of(record: Record, collection: Collection, pointer: str, sentence: str) -> str:
    """Return a sentence with record, collection and field; of a credential's id only the beginning."""
    id = record.get(collection.key)
    if collection.is_of_credentials and isinstance(id, str):
        id = f"{id[:SHOWN_OF_SECRET]}…"
    return f"the record {id!r} of {collection.name}{pointer and f', {pointer}'}: {sentence}"
