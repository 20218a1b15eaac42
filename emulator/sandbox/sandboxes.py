"""The sandboxes of one process: how they are created, found, reset and dropped."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from emulator.errors import ConfigurationError, StorageFailure
from emulator.faults.scenarios import Scenario
from emulator.runtime.off_loop import Worker
from emulator.sandbox.blueprint import Blueprint, SandboxOptions
from emulator.sandbox.changes import Changes, changes
from emulator.sandbox.fixtures import Fixtures
from emulator.sandbox.lifetime import Expiry, Lifetime
from emulator.sandbox.sandbox import Sandbox
from emulator.sandbox.snapshots import fit_layout, is_filled
from emulator.sandbox.template import InitialRecords, Template
from emulator.sandbox.templates import Templates
from emulator.store.database import Store

DEFAULT = "default"
NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?")


class SandboxExists(Exception):
    """A sandbox with that name already exists."""


class TooManySandboxes(Exception):
    """The limit on sandboxes is reached: str() names the longest unused one."""


class Sandboxes:
    """All sandboxes by name, copied from templates, which are seeded once for each seed and set of fixtures.

    `scenarios` are those that every sandbox starts with, `limit` is how many sandboxes may exist besides the default
    one, `database` a file that stores the default one across restarts ("": none). `on_retire` gets each sandbox that is
    dropped or replaced.
    """

    def __init__(
        self,
        fixtures: Fixtures,
        blueprint: Blueprint,
        *,
        seed: int,
        scenarios: Sequence[Scenario] = (),
        limit: int = 1000,
        database: str = "",
        on_retire: Callable[[Sandbox], None] = lambda sandbox: None,
    ) -> None:
        self.scenarios = scenarios
        self._fixtures = fixtures
        self._blueprint = blueprint
        self._seed = seed
        self._limit = limit
        self._database = database
        self._templates = Templates(blueprint, self._interruptible)
        self._sandboxes: dict[str, Sandbox] = {}
        self._withdrawn: set[Sandbox] = set()
        self._in_making: set[str] = set()
        self._closing: dict[asyncio.Task[None], Sandbox] = {}
        self._unfinished: set[Store] = set()
        self._is_ending = False
        self._resetting = asyncio.Lock()
        # One after the other: what looks at a whole database takes the memory of it, once or twice.
        self._whole = asyncio.Lock()
        self._worker = Worker()
        self._on_retire = on_retire
        self._expiry = Expiry(self._sandboxes, self.drop)

    def __iter__(self) -> Iterator[Sandbox]:
        return iter(list(self._sandboxes.values()))

    def __len__(self) -> int:
        return len(self._sandboxes)

    @property
    def default(self) -> Sandbox:
        """The sandbox that always exists."""
        return self._sandboxes[DEFAULT]

    def get(self, name: str) -> Sandbox | None:
        """Return the sandbox of that name, or None."""
        return self._sandboxes.get(name)

    def names(self) -> list[str]:
        """Return the names of the sandboxes, oldest first."""
        return list(self._sandboxes)

    async def start(self) -> None:
        """Seed the template and create the default sandbox, or open its file."""
        if not self._database:
            self._sandboxes[DEFAULT] = await self._make(DEFAULT, self._seed)
            return
        store = Store(self._database)
        try:
            self._sandboxes[DEFAULT] = await self._opened(store)
        except BaseException as problem:
            await store.close()
            if isinstance(problem, StorageFailure | sqlite3.Error):
                raise ConfigurationError(f"database: {self._database} cannot be used: {problem}") from None
            raise

    async def create(
        self,
        name: str,
        seed: int | None = None,
        fixtures: Fixtures | None = None,
        options: SandboxOptions | None = None,
    ) -> Sandbox:
        """Create a sandbox with its own seed and fixtures (None: those of the process) and return it.

        Raises ConfigurationError for an invalid name, SandboxExists, TooManySandboxes, and BudgetExceeded if the
        template in its options exceeds the budget of snapshots.
        """
        options = options or SandboxOptions()
        if not NAME.fullmatch(name):
            raise ConfigurationError(f"invalid sandbox name {name!r}; use up to 64 of a-z, 0-9, _ and -")
        if name in self._sandboxes or name in self._in_making:
            raise SandboxExists(name)
        if len(self._sandboxes) + len(self._in_making) > self._limit:
            raise TooManySandboxes(self._no_room())
        # Reserve the name before the first await; `get` finds it only when the sandbox is ready.
        self._in_making.add(name)
        try:
            seed = self._seed if seed is None else seed
            with self._room_for(options.template):
                sandbox = await self._make(name, seed, fixtures, options)
        finally:
            self._in_making.discard(name)
        self.admit(sandbox)
        return sandbox

    def withdraw(self, name: str) -> Sandbox | None:
        """Take a sandbox out of those that are found, listed and counted, and return it; None if there is none."""
        sandbox = self._sandboxes.pop(name, None)
        if sandbox is not None:
            self._withdrawn.add(sandbox)
        return sandbox

    def admit(self, sandbox: Sandbox) -> None:
        """Let a sandbox be found, listed and counted, as made now: a new one, or one that was withdrawn."""
        sandbox.in_flight.lifetime = Lifetime(sandbox.options.ttl, sandbox.options.idle)
        self._withdrawn.discard(sandbox)
        self._sandboxes[sandbox.name] = sandbox
        if (left := sandbox.lifetime.seconds_left) is not None:
            self._expiry.look(left)

    async def reset(self, name: str) -> Sandbox:
        """Replace the sandbox `name` by a new one with its first records and return that. Snapshots stay.

        Calls in progress end in the sandbox that they began in. Raises KeyError if it is dropped meanwhile, and
        StorageFailure, without changing anything, if its file cannot be written.
        """
        if name != DEFAULT or not self._database:
            return await self._reset(name)
        # One after the other: each writes the same file.
        async with self._resetting:
            return await self._reset(name)

    async def _reset(self, name: str) -> Sandbox:
        former = self._sandboxes[name]
        sandbox = await self._make(name, former.seed, former.fixtures, former.options)
        sandbox.snapshots = former.snapshots
        sandbox.in_flight.lifetime, sandbox.token = former.lifetime, former.token
        sandbox.read_switches |= former.read_switches
        try:
            if name == DEFAULT and self._database:
                kept = await former.store.part(await sandbox.store.dump())
                await sandbox.store.close()
                sandbox.store = kept
        except BaseException:
            await sandbox.close()
            raise
        if self._sandboxes.get(name) is not former:
            # It was reset or dropped meanwhile.
            await self._retire(sandbox)
            return self._sandboxes[name]
        self._sandboxes[name] = sandbox
        await self._retire(former)
        return sandbox

    async def changes(self, sandbox: Sandbox, since: bytes | None, limit: int) -> list[Changes]:
        """Return what has changed in the records since a snapshot (None: since the beginning), as `changes` does."""
        before = await self.beginning(sandbox) if since is None else since
        async with self._whole:
            compare = partial(changes, before, await sandbox.store.dump(), sandbox.collections, limit)
            return await self._worker.run(compare)

    async def beginning(self, sandbox: Sandbox) -> bytes:
        """Return the records with which a sandbox began, as a SQLite file."""
        initial, seed = sandbox.initial, sandbox.seed
        template = sandbox.options.template or await self._templates.get(initial.fixtures, seed)
        if not initial.scenarios:
            return template.content
        again = Sandbox(sandbox.name, template.copy(), self._blueprint, seed)
        try:
            with self._interruptible(again.store):
                for scenario in initial.scenarios:
                    await again.switch_on(scenario)
                return await again.store.dump()
        finally:
            await again.close()

    async def copied(self, sandbox: Sandbox) -> Template:
        """Return a sandbox's current records, without the unfinished writes of calls in progress."""
        async with self._whole:
            return await self._copied(sandbox)

    async def _copied(self, sandbox: Sandbox) -> Template:
        store = Store(content=await sandbox.store.dump())
        try:
            with self._interruptible(store):
                await Sandbox(sandbox.name, store, self._blueprint, sandbox.seed).open_kept()
                credentials = await store.run(self._blueprint.read_all_credentials)
                return Template(self._fixtures, await store.dump(), credentials)
        finally:
            await store.close()

    async def apply_reload(
        self, fixtures: Fixtures, known: Mapping[str, Scenario], starting: Sequence[Scenario]
    ) -> None:
        """Start new sandboxes, and those that are reset, with other fixtures and scenarios; `starting` are on.

        Raises ConfigurationError, without changing anything, if the fixtures cannot be loaded.
        """
        await self._templates.get(fixtures, self._seed)
        self._fixtures, self.scenarios = fixtures, starting
        for sandbox in self:
            scenarios = [known.get(scenario.full_name, scenario) for scenario in sandbox.options.scenarios]
            sandbox.options = replace(sandbox.options, scenarios=scenarios)

    async def drop(self, name: str) -> bool:
        """Drop a sandbox, and close it after its calls have ended; return whether it existed."""
        sandbox = self.withdraw(name)
        if sandbox is not None:
            await self.discard(sandbox)
        return sandbox is not None

    async def discard(self, sandbox: Sandbox) -> None:
        """Close a sandbox that was withdrawn, after its calls have ended."""
        self._withdrawn.discard(sandbox)
        sandbox.snapshots.clear()
        if sandbox.options.template is not None:
            sandbox.options.template.close()
            self._blueprint.snapshots.give_back(len(sandbox.options.template.content))
        await self._retire(sandbox)

    def interrupt(self) -> None:
        """Stop and roll back the current work in all databases, and let them accept no more."""
        stores = [sandbox.store for sandbox in (*self, *self._withdrawn, *self._closing.values())]
        self._is_ending = True
        for store in (*stores, *self._unfinished):
            store.interrupt()

    async def close(self) -> None:
        """Release everything; roll back what is still in progress."""
        self.interrupt()
        await self._expiry.close()
        for sandbox in (*self, *self._withdrawn):
            if sandbox.options.template is not None:
                sandbox.options.template.close()
            await sandbox.close()
        self._sandboxes.clear()
        self._withdrawn.clear()
        await asyncio.gather(*self._closing)
        self._templates.close()

    async def _opened(self, store: Store) -> Sandbox:
        """Return the default sandbox from its file; if that is empty, create it and write it there."""
        # Seeded in any case: a mistake in the fixtures stops the start.
        await self._templates.get(self._fixtures, self._seed)
        if not await store.run(is_filled):
            sandbox = await self._make(DEFAULT, self._seed)
            await store.load(await sandbox.store.dump(), lambda db: None)
            await sandbox.store.close()
            sandbox.store = store
            return sandbox
        await self._check_kept(store)
        sandbox = Sandbox(DEFAULT, store, self._blueprint, self._seed)
        try:
            await sandbox.open_kept()
            await store.compact()
        except ConfigurationError as problem:
            raise ConfigurationError(f"database: {self._database} cannot be used: {problem}") from None
        await self._switch_on(sandbox, records=False)
        sandbox.initial = InitialRecords(self._fixtures, [scenario for scenario in self.scenarios if scenario.records])
        return sandbox

    async def _make(
        self,
        name: str,
        seed: int,
        fixtures: Fixtures | None = None,
        options: SandboxOptions | None = None,
    ) -> Sandbox:
        """Return a new sandbox in memory, ready to use."""
        copied, now = options.template if options else None, fixtures or self._fixtures
        template = copied or await self._templates.get(now, seed)
        sandbox = Sandbox(name, template.copy(), self._blueprint, seed, fixtures, options)
        sandbox.take_credentials(template.credentials)
        try:
            with self._interruptible(sandbox.store):
                scenarios = await self._switch_on(sandbox, records=copied is None)
        except BaseException:
            await sandbox.store.close()
            raise
        sandbox.initial = InitialRecords(now, scenarios)
        return sandbox

    @contextmanager
    def _room_for(self, template: Template | None) -> Iterator[None]:
        """Count a sandbox's own template in the budget of snapshots, unless the block raises. Raises BudgetExceeded."""
        size = len(template.content) if template else 0
        self._blueprint.snapshots.take(size)
        try:
            yield
        except BaseException:
            self._blueprint.snapshots.give_back(size)
            raise

    async def _retire(self, sandbox: Sandbox) -> None:
        """Close a sandbox that was removed: at once, or when its calls have ended."""
        self._on_retire(sandbox)
        if sandbox.idle:
            await sandbox.close()
        else:
            task = asyncio.create_task(sandbox.close())
            self._closing[task] = sandbox
            task.add_done_callback(self._closing.pop)

    def _no_room(self) -> str:
        others = [sandbox for name, sandbox in self._sandboxes.items() if name != DEFAULT]
        unused = min(others, key=lambda sandbox: sandbox.lifetime.last_used_at, default=None)
        said = f"there are {self._limit} sandboxes already"
        if unused is None:
            return f"{said}; raise sandbox_limit"
        since = unused.lifetime.last_used_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        return f"{said}; drop {unused.name!r}, which is the longest unused (since {since}), or raise sandbox_limit"

    async def _switch_on(self, sandbox: Sandbox, records: bool = True) -> list[Scenario]:
        """Turn on the scenarios of every sandbox, with their changes of records if `records`, then its own.

        Return the scenarios that have changed records.
        """
        every, own = self.scenarios, sandbox.options.scenarios
        for scenario in every:
            await sandbox.switch_on(scenario, records)
        for scenario in own:
            await sandbox.switch_on(scenario)
        return [scenario for scenario in (*(every if records else ()), *own) if scenario.records]

    @contextmanager
    def _interruptible(self, store: Store) -> Iterator[None]:
        """Let `interrupt` find a store that does not belong to a sandbox yet."""
        if self._is_ending:
            store.interrupt()
        self._unfinished.add(store)
        try:
            yield
        finally:
            self._unfinished.discard(store)

    async def _check_kept(self, store: Store) -> None:
        try:
            collections = [one for of_vendor in self._blueprint.collections.values() for one in of_vendor]
            await store.run(partial(fit_layout, collections=collections))
        except ConfigurationError:
            raise ConfigurationError(
                f"database: {self._database} was not created by this version of the emulator with these vendors;"
                " name another file"
            ) from None
