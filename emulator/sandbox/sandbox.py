"""A sandbox: one isolated world of records, credentials, faults, scenarios, clock, journal and randomness."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.sandbox.clock import Clock
from emulator.sandbox.collection import Collection, Record, Records
from emulator.sandbox.credentials import Credentials, Identity
from emulator.sandbox.faults import Faults
from emulator.sandbox.fixtures import Fixtures
from emulator.sandbox.journal import Exchange, Journal
from emulator.sandbox.scenarios import Scenario, populate
from emulator.sandbox.store import Store
from emulator.sandbox.world import World

if TYPE_CHECKING:
    from types import TracebackType

    from faker import Faker

T = TypeVar("T")


@dataclass(frozen=True)
class Blueprint:
    """What all sandboxes of one process have in common: collections by vendor, flags by vendor, journal bounds.

    `on_record` is told of each exchange that a journal records.
    """

    collections: Mapping[str, Sequence[Collection]]
    flags: Mapping[str, Mapping[str, Any]]
    journal_size: int
    journal_bytes: int
    faker: Callable[[int, str], Faker]
    on_record: Callable[[Exchange], None] | None = None

    def read_credentials(self, db: sqlite3.Connection, vendor: str) -> list[Record]:
        """Return the records of a vendor's credentials; none if it has none."""
        found = [collection for collection in self.collections[vendor] if collection.name == f"{vendor}.credentials"]
        return Records(db, found[0]).all() if found else []

    def read_all_credentials(self, db: sqlite3.Connection) -> dict[str, list[Record]]:
        """Return the records of all credentials by vendor."""
        return {vendor: self.read_credentials(db, vendor) for vendor in self.collections}


@dataclass(frozen=True)
class Beginning:
    """How a sandbox begins, and begins anew at a reset: `scenarios` that are on, `flags` that differ, the clock.

    `now` and `frozen` are the clock's (None: real, running), `strict` takes the place of the setting (None: does not).
    """

    scenarios: Sequence[Scenario] = ()
    flags: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    now: datetime | None = None
    frozen: bool | None = None
    strict: bool | None = None


class Visits:
    """The calls that are under way: a context manager that any number of them may be in.

    `count` is how many there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._left: asyncio.Event | None = None

    def __enter__(self) -> None:
        self.begin()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def begin(self) -> None:
        """Count one more."""
        self.count += 1

    def end(self) -> None:
        """Count one less."""
        self.count -= 1
        if not self.count and self._left is not None:
            self._left.set()

    async def ended(self) -> None:
        """Wait until there is none."""
        while self.count:
            self._left = self._left or asyncio.Event()
            self._left.clear()
            await self._left.wait()


class Sandbox:
    """One isolated world. `flags` are the switches by vendor, `credentials` the books by vendor.

    `snapshots` are SQLite files by name. Besides the credentials of the fixtures a sandbox has the same
    as its own, told apart by "." and its name behind the id. `fixtures` are its own, None those of the process.
    Inside `with sandbox.visits:` it stays open, even if it is dropped meanwhile.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        blueprint: Blueprint,
        seed: int,
        fixtures: Fixtures | None = None,
        beginning: Beginning | None = None,
    ) -> None:
        self.name = name
        self.seed = seed
        self.fixtures = fixtures
        self.beginning = beginning or Beginning()
        self.store = store
        self.clock = Clock()
        if self.beginning.now or self.beginning.frozen is not None:
            self.clock.set(self.beginning.now, self.beginning.frozen)
        self.faults = Faults(seed)
        self.journal = Journal(blueprint.journal_size, blueprint.journal_bytes, on_record=blueprint.on_record)
        self.flags = {
            vendor: {**values, **self.beginning.flags.get(vendor, {})} for vendor, values in blueprint.flags.items()
        }
        self.scenarios: dict[str, Scenario] = {}
        self.credentials: dict[str, Credentials] = {}
        self.snapshots: dict[str, bytes] = {}
        self._blueprint = blueprint
        self._first_flags = {vendor: dict(values) for vendor, values in self.flags.items()}
        self.visits = Visits()

    def now(self) -> datetime:
        """Return the sandbox's time (aware, UTC)."""
        return self.clock.now()

    def randomness(self, operation: str) -> str:
        """Return what seeds a call's random choices: sandbox seed and operation; World adds the call's index."""
        return f"{self.seed}:{operation}"

    @property
    def idle(self) -> bool:
        """Tell whether no call is under way."""
        return not self.visits.count

    async def run(
        self,
        vendor: str,
        work: Callable[[World], T],
        *,
        identity: Identity | None = None,
        flags: Mapping[str, Any] | None = None,
        randomness: str = "",
        now: datetime | None = None,
        apart: bool = False,
    ) -> T:
        """Run `work` on this sandbox in one transaction and return what it returns.

        `flags` and `now` are the sandbox's own where they are not given; `apart` tells that it takes long.
        """

        def transaction(db: sqlite3.Connection) -> tuple[T, list[Record] | None]:
            world = World(
                db,
                now=now or self.now(),
                identity=identity,
                flags=self.flags[vendor] if flags is None else flags,
                randomness=randomness,
                sandbox=self.name,
            )
            result = work(world)
            changed = f"{vendor}.credentials" in world.written
            return result, self._blueprint.read_credentials(db, vendor) if changed else None

        result, credentials = await self.store.run(transaction, randomness, apart=apart)
        if credentials is not None:
            self.credentials[vendor] = _book(credentials, self.name)
        return result

    async def read_credentials(self) -> None:
        """Fill the credential books from the records."""
        self.take_credentials(await self.store.run(self._blueprint.read_all_credentials))

    def take_credentials(self, records: Mapping[str, Sequence[Record]]) -> None:
        """Fill the credential books from what is known to be the records."""
        self.credentials = {vendor: _book(of_vendor, self.name) for vendor, of_vendor in records.items()}

    async def switch_on(self, scenario: Scenario, records: bool = True) -> None:
        """Arm a scenario's faults, set its flags and, if `records`, change the records as it says."""
        await self.switch_off(scenario)
        if scenario.records and records:
            await self.run(scenario.vendor, lambda world: self._change_records(world, scenario), apart=True)
        for fault in scenario.faults:
            self.faults.add(fault)
        self.flags[scenario.vendor].update(scenario.flags)
        self.scenarios[scenario.full_name] = scenario

    async def switch_off(self, scenario: Scenario) -> bool:
        """Disarm a scenario's faults and put its flags back; return whether it was on. Records stay as they are."""
        # The one that is on may be older than the one that is named: its file has changed since.
        found = self.scenarios.pop(scenario.full_name, None)
        if found is None:
            return False
        for fault in found.faults:
            self.faults.remove(fault.id)
        for flag in found.flags:
            self.flags[scenario.vendor][flag] = self._flag(scenario.vendor, flag)
        return True

    async def populate(self, collection: Collection, count: int) -> None:
        """Add `count` records that faker makes to a collection."""
        vendor, _, _ = collection.name.partition(".")
        randomness = self.randomness(f"populate {collection.name}")
        await self.run(
            vendor, lambda world: populate(world, collection, count, self._faker), randomness=randomness, apart=True
        )

    async def close(self) -> None:
        """Let go of thread, memory and file handles, once the calls that are here have ended."""
        self.journal.close()
        await self.visits.ended()
        await self.store.close()

    def _flag(self, vendor: str, flag: str) -> Any:
        """Return a flag as the other scenarios have it, else as at the start."""
        value = self._first_flags[vendor][flag]
        for scenario in self.scenarios.values():
            if scenario.vendor == vendor:
                value = scenario.flags.get(flag, value)
        return value

    def _change_records(self, world: World, scenario: Scenario) -> None:
        collections = self._blueprint.collections[scenario.vendor]
        scenario.change_records(world, collections, self._faker)

    def _faker(self, name: str) -> Faker:
        return self._blueprint.faker(self.seed, name)


def _book(records: Sequence[Record], sandbox: str) -> Credentials:
    """Return the credentials by id: those of the records, and the same as the sandbox's own."""
    book: dict[str, Record] = {}
    for record in records:
        id = str(record["id"])
        own_id = f"{id}.{sandbox}"
        book[id], book[own_id] = record, {**record, "id": own_id}
    return book
