"""Seeded templates: sandboxes are copied from them, since copying is quick and seeding is not."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from emulator.errors import ConfigurationError
from emulator.sandbox.blueprint import Blueprint
from emulator.sandbox.fixtures import Fixture, Fixtures, create_schema
from emulator.sandbox.template import Template
from emulator.store.database import Store
from emulator.store.records import RecordExists
from emulator.store.world import World

if TYPE_CHECKING:
    from faker import Faker

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
"""The time of seeding: fixed, so that the same seed gives the same records."""

TEMPLATES_KEPT = 8
"""How many seeded templates are cached, one for each set of fixtures and seed; the least recently used is evicted."""

TEMPLATES_BYTES = 256 * 1024**2
"""How much memory they may take together; one is always cached, whatever its size."""


class Templates:
    """The templates of one process, by fixtures and seed; `interruptible` lets the end of the process stop seeding."""

    def __init__(self, blueprint: Blueprint, interruptible: Callable[[Store], AbstractContextManager[None]]) -> None:
        self._blueprint = blueprint
        self._interruptible = interruptible
        self._templates: OrderedDict[tuple[int, int], Template] = OrderedDict()

    def __len__(self) -> int:
        return len(self._templates)

    def close(self) -> None:
        """Close all templates."""
        for template in self._templates.values():
            template.close()

    async def get(self, fixtures: Fixtures, seed: int) -> Template:
        """Return the template of these fixtures and this seed. Raises ConfigurationError if seeding fails."""
        key = (id(fixtures), seed)
        template = self._templates.get(key)
        if template is None:
            template = await self._seeded(fixtures, seed)
        self._templates[key] = template
        self._templates.move_to_end(key)
        while len(self._templates) > TEMPLATES_KEPT or (len(self._templates) > 1 and self._bytes > TEMPLATES_BYTES):
            self._templates.popitem(last=False)[1].close()
        return template

    @property
    def _bytes(self) -> int:
        return sum(template.bytes for template in self._templates.values())

    async def _seeded(self, fixtures: Fixtures, seed: int) -> Template:
        store = Store()
        try:
            with self._interruptible(store):
                await store.run(partial(self._seed_world, fixtures, seed), on_thread=True)
                credentials = await store.run(self._blueprint.read_all_credentials)
                return Template(fixtures, await store.dump(), credentials)
        finally:
            await store.close()

    def _seed_world(self, fixtures: Fixtures, seed: int, db: sqlite3.Connection) -> None:
        # All tables first: their position in the file must not depend on the fixtures.
        for of_vendor in fixtures.values():
            create_schema(db, [fixture.collection for fixture in of_vendor])
        for vendor, of_vendor in fixtures.items():
            seed_vendor(db, vendor, of_vendor, seed, self._blueprint.switches[vendor], self._blueprint.faker)


def seed_vendor(
    db: sqlite3.Connection,
    vendor: str,
    fixtures: Sequence[Fixture],
    seed: int,
    switches: Mapping[str, Any],
    faker: Callable[[int, str], Faker],
) -> None:
    """Fill a vendor's existing tables. Raises ConfigurationError if its fixtures cannot be loaded."""
    world = World(db, now=EPOCH, identity=None, switches=switches, randomness=f"{seed}:{vendor}:fixtures")
    for fixture in fixtures:
        with _loading(fixture):
            fixture.load(world)
    # What is generated takes ids that no record has, in whichever file that is.
    for fixture in fixtures:
        with _loading(fixture):
            fixture.generate(world, seed, faker)


@contextmanager
def _loading(fixture: Fixture) -> Iterator[None]:
    """Name the collection in what goes wrong."""
    try:
        yield
    except (RecordExists, sqlite3.Error, LookupError, TypeError, ValueError) as problem:
        reason = f"{type(problem).__name__}: {problem}"
        raise ConfigurationError(f"fixtures: {fixture.collection.name} cannot be loaded: {reason}") from problem


def seeded_faker(seed: int, collection: str) -> Faker:
    """Return the Faker for a collection's records: the same seed gives the same records."""
    return cast("Faker", _LaterFaker(f"{seed}:{collection}"))


class _LaterFaker:
    """A Faker that is made once it is used: nothing declared uses it."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)

    @cached_property
    def _made(self) -> Faker:
        from faker import Faker  # noqa: PLC0415 - it takes 0.16 s, and most starts do not need it

        fake = Faker("en_US")
        fake.seed_instance(self._seed)
        return fake
