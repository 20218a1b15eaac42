"""Numbers of a sequence: as if each were written into the database, in its transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from emulator.sandbox.fixtures import create_schema
from emulator.store.database import Store
from emulator.store.world import World

names = st.sampled_from(["a", "b"])
numbers = st.tuples(names, st.integers(1, 20))
steps: st.SearchStrategy[tuple[str, list[tuple[str, int]]]] = st.one_of(
    st.tuples(st.sampled_from(["kept", "undone", "undone inside"]), st.lists(numbers, max_size=3)),
    st.tuples(st.sampled_from(["save", "restore"]), st.just([])),
)


class Undone(Exception):
    """Ends a transaction."""


@given(st.lists(steps, max_size=12), st.booleans())
def test_numbers_are_part_of_the_records(program: list[tuple[str, list[tuple[str, int]]]], in_file: bool) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(run(program, f"{folder}/world.db" if in_file else ""))


async def run(program: list[tuple[str, list[tuple[str, int]]]], path: str) -> None:
    """Run a program against a store and against two dicts: what is there, and what was saved."""
    store = await opened(path)
    there: dict[str, int] = {}
    saved, saved_there = await store.dump(), dict(there)
    try:
        for step, taken in program:
            if step == "save":
                saved, saved_there = await store.dump(), dict(there)
            elif step == "restore":
                await store.load(saved, lambda db: None)
                there = dict(saved_there)
            else:
                expected = dict(there)
                for name, start in taken:
                    expected[name] = max(expected.get(name, start - 1) + 1, start)
                assert await take(store, step, taken) == [
                    expected[name] for name in sorted({name for name, _ in taken})
                ]
                there = expected if step == "kept" else there
    finally:
        await store.close()


async def opened(path: str) -> Store:
    store = Store(path)
    await store.run(lambda db: create_schema(db, []))
    return store


async def take(store: Store, step: str, taken: list[tuple[str, int]]) -> list[int]:
    """Take numbers in one transaction and return the last of each sequence; keep them if the step is "kept"."""
    last: dict[str, int] = {}

    def work(db: sqlite3.Connection) -> None:
        now = datetime(2024, 1, 1, tzinfo=UTC)
        world = World(db, now=now, identity=None, switches={}, randomness="")
        with suppress(Undone) if step == "undone inside" else world.savepoint(), world.savepoint():
            last.update({name: world.next_number(name, start) for name, start in taken})
            if step == "undone inside":
                raise Undone
        if step == "undone":
            raise Undone

    with suppress(Undone):
        await store.run(work)
    return [last[name] for name in sorted(last)]


async def test_in_a_file_they_are_there_when_the_transaction_ends(tmp_path: Path) -> None:
    store = await opened(str(tmp_path / "world.db"))
    await take(store, "kept", [("a", 7)])
    await store.close()
    with closing(sqlite3.connect(tmp_path / "world.db")) as other:
        assert other.execute("SELECT name, value FROM sequences").fetchall() == [("a", 7)]
