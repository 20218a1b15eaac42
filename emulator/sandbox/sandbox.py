"""A sandbox: an isolated environment of records, credentials, faults, scenarios, clock, journal and randomness."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.errors import ConfigurationError
from emulator.exchange import Record
from emulator.faults.armed import Faults
from emulator.faults.scenarios import Scenario
from emulator.sandbox.blueprint import Blueprint, SandboxOptions, sentence_of
from emulator.sandbox.clock import Clock
from emulator.sandbox.fixtures import Fixtures
from emulator.sandbox.in_flight import InFlightCalls
from emulator.sandbox.lifetime import Lifetime
from emulator.sandbox.replies import Replies
from emulator.sandbox.snapshots import Snapshots
from emulator.sandbox.switches import Switches
from emulator.sandbox.template import InitialRecords
from emulator.store.accesses import Accesses
from emulator.store.collection import Collection
from emulator.store.credentials import Credentials, Identity, expired
from emulator.store.database import Store
from emulator.store.populating import add_more
from emulator.store.records import Records
from emulator.store.world import World
from emulator.stubs.stubs import Stubs

if TYPE_CHECKING:
    from faker import Faker

T = TypeVar("T")

TOKEN_PREFIX = "sandbox-token-"
"""How the journal recognizes a sandbox's token, to mask it."""

LOOKED_AT = 1000
"""How many records of a collection are checked to find one that cannot be served."""


class Sandbox:
    """One isolated environment. `switches` are the switches by vendor, `credentials` those of each vendor by id.

    A vendor's switches are replaced, never changed in place: a call keeps those it began with. `read_switches` are the
    full names of those that calls have read so far. In addition to the
    fixtures' credentials a sandbox has its own copies, with "." and its name appended to the id. `fixtures` are its
    own, None means those of the process. Inside `with sandbox.in_flight:` it stays open, even if it is dropped
    meanwhile. `token` gives access to its routes of the control API.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        blueprint: Blueprint,
        seed: int,
        fixtures: Fixtures | None = None,
        options: SandboxOptions | None = None,
    ) -> None:
        self.name = name
        self.token = f"{TOKEN_PREFIX}{secrets.token_urlsafe(32)}"
        self.seed = seed
        self.fixtures = fixtures
        self.options = options or SandboxOptions()
        self.initial = InitialRecords()
        self.store = store
        self.clock = Clock(self.options.now, self.options.frozen)
        self.faults = Faults(seed)
        self.stubs = Stubs(seed)
        self.journal = blueprint.new_journal()
        self._first_switches = {
            vendor: {**values, **self.options.switches.get(vendor, {})} for vendor, values in blueprint.switches.items()
        }
        self.read_switches: set[str] = set()
        self.switches = {
            vendor: Switches(vendor, values, self.read_switches) for vendor, values in self._first_switches.items()
        }
        self.scenarios: dict[str, Scenario] = {}
        self.credentials: dict[str, Credentials] = {}
        self.replies = Replies(blueprint.replies)
        self.snapshots = Snapshots(blueprint.snapshots)
        self._blueprint = blueprint
        self.in_flight = InFlightCalls(Lifetime(self.options.ttl, self.options.idle))

    def now(self) -> datetime:
        """Return the sandbox's time (aware, UTC)."""
        return self.clock.now()

    def randomness(self, operation: str) -> str:
        """Return the seed of a call's random choices: sandbox seed and operation; World adds the call's index."""
        return f"{self.seed}:{operation}"

    @property
    def collections(self) -> Sequence[Collection]:
        """All collections, of all vendors."""
        return [collection for of_vendor in self._blueprint.collections.values() for collection in of_vendor]

    def problem_in(self, record: Record, collection: Collection) -> str:
        """Return the first mistake in a record of a collection, "" if it is valid."""
        return self._blueprint.problem_in(record, collection)

    def problems_in(self, record: Record, collection: Collection) -> Iterator[tuple[str, str]]:
        """Yield (JSON pointer, sentence) for each mistake in a record of a collection."""
        return self._blueprint.problems_of(record, collection)

    @property
    def lifetime(self) -> Lifetime:
        """When it was created and last used."""
        return self.in_flight.lifetime

    @property
    def idle(self) -> bool:
        """Return True if no call is in progress."""
        return not self.in_flight.count

    async def run(
        self,
        vendor: str,
        work: Callable[[World], T],
        *,
        identity: Identity | None = None,
        switches: Mapping[str, Any] | None = None,
        randomness: str = "",
        now: datetime | None = None,
        on_thread: bool = False,
        generation: int | None = None,
    ) -> T:
        """Run `work` on this sandbox in one transaction and return its result.

        `switches` and `now` default to the sandbox's own; `on_thread` marks slow work. `generation` is that of the
        store when the call began: after a restore the work fails.
        """

        def transaction(db: sqlite3.Connection) -> tuple[T, Credentials | None, Accesses]:
            world = self._world(db, vendor, now or self.now(), identity, switches, randomness)
            self._blueprint.due(vendor, world)
            result = work(world)
            changed = world.accesses.writes_to(f"{vendor}.credentials")
            return result, self._read_credentials_by_id(db, vendor) if changed else None, world.accesses

        def keep(done: tuple[T, Credentials | None, Accesses]) -> None:
            _, credentials, accesses = done
            if credentials is not None:
                self.credentials[vendor] = credentials
            if accesses.written:
                self.replies.changes.note(accesses.written)

        result, *_ = await self.store.run(
            transaction, randomness, on_thread=on_thread, then=keep, generation=generation
        )
        return result

    async def open_kept(self) -> None:
        """Use the records in the store, after removing what interrupted calls have left behind.

        Raises ConfigurationError for an unusable credential, or an unreadable record.
        """

        def prepare(db: sqlite3.Connection) -> dict[str, Credentials]:
            self._refuse_unreadable(db)
            return self._prepare(db)

        await self.store.run(prepare, on_thread=True, then=self._take_credentials)

    async def restore(self, file: bytes) -> None:
        """Replace all records, including credentials, by those of a SQLite file, or none of them.

        Raises ConfigurationError for an unusable credential.
        """
        await self.store.load(file, self._prepare, then=self._take_credentials)

    def take_credentials(self, records: Mapping[str, Sequence[Record]]) -> None:
        """Fill the credentials from their known records."""
        self._take_credentials(
            {vendor: _credentials_by_id(of_vendor, self.name) for vendor, of_vendor in records.items()}
        )

    def set_switches(self, vendor: str, values: Mapping[str, Any]) -> None:
        """Set some of a vendor's switches, for the calls that begin from now on."""
        self.switches[vendor] = self.switches[vendor].changed(values)

    async def unservable(self, vendor: str) -> str:
        """Return a mistake in one of a vendor's records, "" if all checked records are valid."""

        def look(db: sqlite3.Connection) -> str:
            for collection in self._blueprint.collections[vendor]:
                for record in Records(db, collection).page(limit=LOOKED_AT):
                    problem = self.problem_in(record, collection)
                    if problem:
                        return problem
            return ""

        return await self.store.run(look, on_thread=True)

    async def switch_on(self, scenario: Scenario, records: bool = True) -> None:
        """Arm a scenario's faults, set its switches and, if `records`, apply its record changes."""
        await self.switch_off(scenario)
        if scenario.records and records:
            await self.run(scenario.vendor, lambda world: self._change_records(world, scenario), on_thread=True)
        for fault in scenario.faults:
            self.faults.add(fault)
        self.set_switches(scenario.vendor, scenario.switches)
        self.scenarios[scenario.full_name] = scenario

    async def switch_off(self, scenario: Scenario) -> bool:
        """Disarm a scenario's faults and restore its switches; return whether it was on. Records stay as they are."""
        # The scenario that is on may be an older version: its file may have changed since.
        found = self.scenarios.pop(scenario.full_name, None)
        if found is None:
            return False
        for fault in found.faults:
            self.faults.remove(fault.id)
        self.set_switches(scenario.vendor, {switch: self._switch(scenario.vendor, switch) for switch in found.switches})
        return True

    async def add(
        self, collection: Collection, given: Iterable[Record], check: Callable[[Record], None] = lambda record: None
    ) -> list[Record]:
        """Add a record for each that is given, its other fields generated, and return them.

        `check` raises for a record that is not to be added; then none is. Raises RecordExists, LookupError.
        """

        def work(world: World) -> list[Record]:
            added = add_more(world, collection, given, self._faker, self._blueprint.sample(collection))
            for record in added:
                check(record)
            return added

        randomness = self.randomness(f"populate {collection.name}")
        return await self.run(collection.vendor, work, randomness=randomness, on_thread=True)

    async def close(self) -> None:
        """Release thread, memory and file handles, after the calls in progress have ended."""
        self.journal.close()
        await self.in_flight.ended()
        self.replies.clear()
        await self.store.close()

    def _world(
        self,
        db: sqlite3.Connection,
        vendor: str,
        now: datetime,
        identity: Identity | None = None,
        switches: Mapping[str, Any] | None = None,
        randomness: str = "",
    ) -> World:
        return World(
            db,
            now=now,
            identity=identity,
            switches=self.switches[vendor] if switches is None else switches,
            randomness=randomness,
            sandbox=self.name,
        )

    def _refuse_unreadable(self, db: sqlite3.Connection) -> None:
        """Raise ConfigurationError for a record without its id; credentials are checked elsewhere."""
        credentials = [self._blueprint.credentials(vendor) for vendor in self._blueprint.collections]
        for collection in self.collections:
            id = None if collection in credentials else Records(db, collection).unreadable()
            if id is not None:
                raise ConfigurationError(
                    f"the record {id!r} of {collection.name} is not a JSON object with the key {collection.key}"
                )

    def _prepare(self, db: sqlite3.Connection) -> dict[str, Credentials]:
        """Remove what interrupted calls have left behind, and return the credentials."""
        for vendor, sweep in self._blueprint.sweeps.items():
            sweep(self._world(db, vendor, self.now()))
        return {vendor: self._read_credentials_by_id(db, vendor) for vendor in self._blueprint.collections}

    def _take_credentials(self, credentials: dict[str, Credentials]) -> None:
        self.credentials = credentials

    def _read_credentials_by_id(self, db: sqlite3.Connection, vendor: str) -> Credentials:
        """Return the credentials by id. Raises ConfigurationError for an unusable one."""
        try:
            records = self._blueprint.read_credentials(db, vendor)
        except ValueError as problem:
            raise ConfigurationError(f"{vendor}.credentials contains a record that is not JSON: {problem}") from None
        known, collection = self.credentials.get(vendor, {}), self._blueprint.credentials(vendor)
        for record in records:
            if collection is not None and known.get(str(record.get("id"))) != record:
                self._check_credential(record, collection)
        return _credentials_by_id(records, self.name)

    def _check_credential(self, record: Record, collection: Collection) -> None:
        problem = self._blueprint.problem_in(record, collection)
        if problem:
            raise ConfigurationError(problem)
        try:
            expired(record, self.now())
        except ValueError as unreadable:
            raise ConfigurationError(sentence_of(record, collection, "/expires_at", str(unreadable))) from None

    def _switch(self, vendor: str, switch: str) -> Any:
        """Return a switch's value in the other scenarios that are on, or else at the start."""
        value = self._first_switches[vendor][switch]
        for scenario in self.scenarios.values():
            if scenario.vendor == vendor:
                value = scenario.switches.get(switch, value)
        return value

    def _change_records(self, world: World, scenario: Scenario) -> None:
        collections = self._blueprint.collections[scenario.vendor]
        scenario.change_records(world, collections, self._faker)

    def _faker(self, name: str) -> Faker:
        return self._blueprint.faker(self.seed, name)


def _credentials_by_id(records: Sequence[Record], sandbox: str) -> Credentials:
    """Return the credentials by id: those of the records, and the sandbox's own copies."""
    found: dict[str, Record] = {}
    for record in records:
        id = str(record["id"])
        own_id = f"{id}.{sandbox}"
        found[id], found[own_id] = record, {**record, "id": own_id}
    return found
