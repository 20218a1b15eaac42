"""Pages of a long list, however it is written to in between: those of the whole list."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.sandbox.collection import Collection, RecordExists
from emulator.sandbox.fixtures import create_schema
from emulator.sandbox.rankings import MOST, Rankings
from emulator.sandbox.store import Store
from emulator.sandbox.world import World

ORDERED = Collection("acme.ordered", order=("rank", "name"), indexes=("kind",))
INSERTED = Collection("acme.inserted")

ids = st.integers(0, 7)
ranks = st.sampled_from([None, 0, 1, 1.5, "a", "ä", "\U0001f600", "￿", True])
records = st.fixed_dictionaries({"id": ids, "rank": ranks, "name": ranks, "kind": st.sampled_from("xy")})
writes = st.one_of(
    st.tuples(st.just("insert"), records),
    st.tuples(st.just("insert"), st.builds(lambda record, id: {**record, "id": id}, records, st.integers(8, 99))),
    st.tuples(st.just("replace"), records),
    st.tuples(st.just("delete"), ids),
    st.tuples(st.just("delete of a kind"), st.sampled_from("xy")),
    st.tuples(st.just("insert many"), st.lists(records, max_size=3)),
)
BEGINNING = [{"id": id, "rank": id % 3, "name": "n", "kind": "xy"[id % 2]} for id in (5, 1, 3, 0, 4)]

transactions = st.tuples(
    st.sampled_from(["kept", "kept", "kept", "undone", "undone inside"]), st.lists(writes, max_size=3)
)
places = st.tuples(st.integers(0, 4), st.integers(0, 8), st.sampled_from([{}, {"kind": "x"}]))


class Undone(Exception):
    """Ends a transaction."""


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([ORDERED, INSERTED]), st.lists(st.tuples(transactions, places), min_size=2, max_size=12))
def test_a_page_is_a_page_of_all(collection: Collection, program: list[Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emulator.sandbox.collection.DEEP", 0)
        asyncio.run(run(collection, program))


async def run(collection: Collection, program: list[Any]) -> None:
    store = Store()
    try:
        await store.run(lambda db: create_schema(db, [collection]))
        await store.run(transaction(store, collection, "kept", [("insert many", BEGINNING)]))
        for (end, changes), (skip, limit, where) in program:
            with suppress(Undone):
                await store.run(transaction(store, collection, end, changes))

            def read(world: World, skip: int = skip, limit: int = limit, where: dict[str, str] = where) -> None:
                found, everything = world[collection], world[collection].all(where)
                assert found.page(skip, limit, where) == everything[skip : skip + limit]
                assert found.count(where) == len(everything)

            await store.run(in_world(store, read))
    finally:
        await store.close()


def in_world(store: Store, work: Callable[[World], None]) -> Callable[[sqlite3.Connection], None]:
    now = datetime(2024, 1, 1, tzinfo=UTC)
    return lambda db: work(World(db, now=now, identity=None, flags={}, randomness="", rankings=store.rankings))


def transaction(
    store: Store, collection: Collection, end: str, changes: list[Any]
) -> Callable[[sqlite3.Connection], None]:
    def write(world: World) -> None:
        for change, what in changes:
            with suppress(RecordExists, KeyError):
                CHANGES[change](world, collection, what)

    def work(world: World) -> None:
        if end != "undone inside":
            write(world)
        else:
            with suppress(Undone), world.savepoint():
                write(world)
                raise Undone
        if end == "undone":
            raise Undone

    return in_world(store, work)


CHANGES: dict[str, Callable[[World, Collection, Any], object]] = {
    "insert": lambda world, collection, record: world[collection].insert(record),
    "replace": lambda world, collection, record: world[collection].replace(record),
    "delete": lambda world, collection, id: world[collection].delete(id),
    "delete of a kind": lambda world, collection, kind: world[collection].delete_all({"kind": kind}),
    "insert many": lambda world, collection, records: world[collection].insert_many(records),
}


def test_no_more_orders_are_kept_than_some() -> None:
    rankings = Rankings()
    for number in range(3 * MOST):
        rankings.keep(ORDERED, {"kind": f"{number}"}, 0)
        assert rankings.find(ORDERED, {"kind": f"{number}"}) is not None
        assert len(rankings.of(ORDERED)) <= MOST
