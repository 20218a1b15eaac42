"""The sandboxes of one process: how a world is made, and made anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from emulator.sandbox.collection import Collection
from emulator.sandbox.fixtures import Fixture, create_schema
from emulator.sandbox.sandbox import Sandbox
from emulator.sandbox.store import Store
from emulator.sandbox.world import World

if TYPE_CHECKING:
    from datetime import datetime

    from faker import Faker

DEFAULT = "default"


class Sandboxes:
    """All sandboxes by name, each copied from one seeded template."""

    def __init__(
        self,
        fixtures: Mapping[str, Sequence[Fixture]],
        *,
        seed: int,
        flags: Mapping[str, Mapping[str, Any]],
        journal_size: int,
        epoch: datetime,
    ) -> None:
        self._fixtures = fixtures
        self._seed = seed
        self._flags = flags
        self._journal_size = journal_size
        self._epoch = epoch
        self._template = Store()
        self._sandboxes: dict[str, Sandbox] = {}

    @property
    def default(self) -> Sandbox:
        """The sandbox that is always there."""
        return self._sandboxes[DEFAULT]

    async def start(self) -> None:
        """Seed the template and make the default sandbox."""
        await self._template
        await self._template.run(self._seed_template)
        await self.reset(DEFAULT)

    async def reset(self, name: str) -> Sandbox:
        """Put a fresh copy of the template in the place of the sandbox `name`, and return it."""
        store = await Store()
        await self._template.copy_to(store)  # type: ignore[arg-type]
        sandbox = Sandbox(
            name,
            store,  # type: ignore[arg-type]
            seed=self._seed,
            flags=self._flags,
            credentials=self._credential_collections(),
            journal_size=self._journal_size,
        )
        await sandbox.read_credentials()
        former = self._sandboxes.get(name)
        self._sandboxes[name] = sandbox
        if former is not None:
            await former.close()
        return sandbox

    async def close(self) -> None:
        """Let go of everything."""
        for sandbox in self._sandboxes.values():
            await sandbox.close()
        await self._template.close()

    def _credential_collections(self) -> dict[str, Collection]:
        return {
            vendor: fixture.collection
            for vendor, fixtures in self._fixtures.items()
            for fixture in fixtures
            if fixture.collection.name == f"{vendor}.credentials"
        }

    def _seed_template(self, db: sqlite3.Connection) -> None:
        for vendor, fixtures in self._fixtures.items():
            create_schema(db, [fixture.collection for fixture in fixtures])
            randomness = f"{self._seed}:{vendor}:fixtures"
            world = World(db, now=self._epoch, identity=None, flags=self._flags[vendor], randomness=randomness)
            for fixture in fixtures:
                fixture.load(world, partial(_seeded_faker, self._seed))


def _seeded_faker(seed: int, collection: str) -> Faker:
    from faker import Faker  # noqa: PLC0415 - it costs 0.16 s, and a world without `populate` needs none

    fake = Faker("en_US")
    fake.seed_instance(f"{seed}:{collection}")
    return fake
