"""The store: every piece of work is one transaction, and none interleaves."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import StorageFailure, WorkEnded
from emulator.sandbox.fixtures import create_schema
from emulator.sandbox.template import Template
from emulator.store.collection import ANY, INDEXED_FROM, Collection
from emulator.store.database import SLOW_SECONDS, Store
from emulator.store.records import Records
from emulator.store.sqlite import IN_MEMORY_CACHE_KIB, PAGE_BYTES
from emulator.store.world import World

THINGS = Collection("made.things", order=("rank",), indexes=("kind",))


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = Store()
    await store.run(lambda db: create_schema(db, [THINGS]))
    yield store
    await store.close()


def things(db: sqlite3.Connection) -> Records:
    return Records(db, THINGS)


def empty(is_indexed: bool) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    create_schema(db, [THINGS])
    if is_indexed:
        THINGS.create_indexes(db)
    return db


def world(db: sqlite3.Connection, randomness: str = "") -> World:
    now = datetime(2024, 1, 1, tzinfo=UTC)
    return World(db, now=now, identity=None, switches={}, randomness=randomness)


async def test_work_is_committed_when_it_returns_and_rolled_back_when_it_raises(store: Store) -> None:
    def broken(db: sqlite3.Connection) -> None:
        things(db).insert({"id": "b", "rank": 2})
        raise ZeroDivisionError

    await store.run(lambda db: things(db).insert({"id": "a", "rank": 1}))
    with pytest.raises(ZeroDivisionError):
        await store.run(broken)
    assert await store.run(lambda db: [thing["id"] for thing in things(db).all()]) == ["a"]


async def test_two_pieces_of_work_that_read_think_and_write_lose_nothing(store: Store) -> None:
    def count_up(db: sqlite3.Connection) -> None:
        counter = things(db).get("counter") or {}
        things(db).replace({**counter, "value": counter["value"] + 1})

    await store.run(lambda db: things(db).insert({"id": "counter", "value": 0}))
    await asyncio.gather(*(store.run(count_up) for _ in range(100)))
    assert await store.run(lambda db: things(db).get("counter")) == {"id": "counter", "value": 100}


async def test_records_are_in_the_declared_order_then_as_inserted(store: Store) -> None:
    def work(db: sqlite3.Connection) -> list[str]:
        things(db).insert_many({"id": id, "rank": rank} for id, rank in (("a", 2), ("b", 1), ("c", 2), ("d", 1)))
        return [thing["id"] for thing in things(db).page(skip=1, limit=2)]

    assert await store.run(work) == ["d", "a"]


async def test_where_matches_null_booleans_and_nested_fields(store: Store) -> None:
    def work(db: sqlite3.Connection) -> list[list[str]]:
        things(db).insert({"id": "a", "on": True, "kind": None, "in": {"side": "x"}})
        things(db).insert({"id": "b", "on": False, "kind": "k", "in": {"side": "y"}})
        found = [things(db).all(where) for where in ({"on": True}, {"kind": None}, {"in.side": "y"}, {"kind": "z"})]
        return [[thing["id"] for thing in some] for some in found]

    assert await store.run(work) == [["a"], ["a"], ["b"], []]


def uses_index(db: sqlite3.Connection) -> bool:
    sql = """EXPLAIN QUERY PLAN SELECT record FROM "made.things" WHERE json_extract(record, '$.kind') IS 'k'"""
    return "USING INDEX made.things:kind" in db.execute(sql).fetchall()[0][3]


async def test_a_collection_is_indexed_once_it_has_enough_records(store: Store) -> None:
    for number in range(INDEXED_FROM):
        assert not await store.run(uses_index)
        await store.run(lambda db, number=number: things(db).insert({"id": number}))  # type: ignore[misc]
    assert await store.run(uses_index)


async def test_records_that_are_added_together_are_indexed_and_a_rollback_undoes_that(store: Store) -> None:
    def add(db: sqlite3.Connection) -> None:
        things(db).insert_many({"id": number} for number in range(INDEXED_FROM))

    def broken(db: sqlite3.Connection) -> None:
        add(db)
        raise ZeroDivisionError

    with suppress(ZeroDivisionError):
        await store.run(broken)
    assert not await store.run(uses_index)
    await store.run(add)
    assert await store.run(uses_index)


async def test_content_that_is_copied_is_cached_as_little_as_what_was_made_here(store: Store) -> None:
    cached = "PRAGMA cache_size"
    if ("OMIT_DEPRECATED",) in await store.run(lambda db: db.execute("PRAGMA compile_options").fetchall()):
        pytest.skip("this SQLite has no PRAGMA default_cache_size")
    copy = Store(content=await store.dump())
    own, copied = [await one.run(lambda db: db.execute(cached).fetchone()[0]) for one in (store, copy)]
    await copy.close()
    assert own == copied == IN_MEMORY_CACHE_KIB * 1024 // PAGE_BYTES


async def test_replacing_what_is_not_there_is_an_error_and_deleting_it_is_not(store: Store) -> None:
    assert await store.run(lambda db: things(db).delete("a")) is False
    with pytest.raises(KeyError):
        await store.run(lambda db: things(db).replace({"id": "a"}))


async def test_savepoint_undoes_only_what_was_written_inside(store: Store) -> None:
    def work(db: sqlite3.Connection) -> list[dict[str, Any]]:
        here = world(db)
        here[THINGS].insert({"id": "kept"})
        with suppress(ZeroDivisionError), here.savepoint():
            here[THINGS].insert({"id": "undone"})
            raise ZeroDivisionError
        return here[THINGS].all()

    assert await store.run(work) == [{"id": "kept"}]


async def test_sequence_never_gives_a_number_twice(store: Store) -> None:
    def work(db: sqlite3.Connection) -> list[int]:
        here = world(db)
        return [here.next_number("a"), here.next_number("a"), here.next_number("b", 7), here.next_number("a", 9)]

    assert await store.run(work) == [1, 2, 7, 9]


async def draw(store: Store, randomness: str) -> tuple[str, str, float]:
    def work(db: sqlite3.Connection) -> tuple[str, str, float]:
        here = world(db, randomness)
        return here.uuid(), here.hex(24), here.random.random()

    return await store.run(work)


async def test_random_choices_are_the_same_for_the_same_randomness_in_an_equal_sandbox(store: Store) -> None:
    equal = Store()
    try:
        await draw(store, "1:op")
        await equal.load(await store.dump(), lambda db: None)
        first = [await draw(store, randomness) for randomness in ("1:op", "1:op", "2:op")]
        again = [await draw(equal, randomness) for randomness in ("1:op", "1:op", "2:op")]
    finally:
        await equal.close()
    assert first == again
    assert len(set(first)) == 3, "each transaction draws anew"
    assert len(first[0][1]) == 24


async def test_copy_is_exact_and_separate(store: Store) -> None:
    await store.run(lambda db: things(db).insert({"id": "a"}))
    copy = Store()
    try:
        await copy.load(await store.dump(), lambda db: None)
        await copy.run(lambda db: things(db).insert({"id": "b"}))
        assert await copy.run(lambda db: things(db).count()) == 2
        assert await store.run(lambda db: things(db).count()) == 1
    finally:
        await copy.close()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text().filter(lambda name: name != "id"), json_values), st.text())
def test_a_record_is_returned_as_stored(fields: dict[str, Any], id: str) -> None:
    db = sqlite3.connect("", isolation_level=None)
    try:
        create_schema(db, [THINGS])
        things(db).insert({**fields, "id": id})
        assert things(db).get(id) == {**fields, "id": id}
    finally:
        db.close()


async def test_quick_work_is_done_at_once_and_slow_work_on_a_thread(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, threads, spent = threading.get_ident(), [], [0.0]
    for clock in ("perf_counter", "thread_time"):
        monkeypatch.setattr(f"emulator.store.database.time.{clock}", lambda: spent[0])

    def work(db: sqlite3.Connection) -> None:
        threads.append(threading.get_ident())

    def sometimes_slow(db: sqlite3.Connection) -> None:
        work(db)
        spent[0] += 2 * SLOW_SECONDS if len(threads) in (2, 4, 5) else 0

    await store.run(work)
    for _ in range(6):
        await store.run(sometimes_slow, "slow once, then twice")
    await store.run(work, "another kind")
    await store.run(work, on_thread=True)
    assert [thread == here for thread in threads] == [True, *[True] * 4, False, True, True, False]


async def test_what_is_new_in_a_large_database_is_tried_on_the_thread(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, threads, spent = threading.get_ident(), [], [0.0]
    for clock in ("perf_counter", "thread_time"):
        monkeypatch.setattr(f"emulator.store.database.time.{clock}", lambda: spent[0])
    monkeypatch.setattr(store, "_longest", 64 * 1024)
    many = [{"id": f"{number}", "text": "x" * 1000} for number in range(100)]
    await store.run(lambda db: things(db).insert_many(many), on_thread=True)

    def work(db: sqlite3.Connection) -> None:
        threads.append(threading.get_ident())

    def slow_at_first(db: sqlite3.Connection) -> None:
        work(db)
        spent[0] += 2 * SLOW_SECONDS if len(threads) <= 5 else 0

    for _ in range(3):
        await store.run(work, "quick")
    for _ in range(4):
        await store.run(slow_at_first, "slow at first")
    assert [thread == here for thread in threads] == [False, True, True, False, False, False, True]


async def test_abandoned_work_ends_before_the_next_begins(store: Store) -> None:
    begun, may_end, order = asyncio.Event(), threading.Event(), []
    loop = asyncio.get_running_loop()

    def long(db: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        may_end.wait()
        things(db).insert({"id": "long"})
        order.append("long")

    waiting = asyncio.create_task(store.run(long, on_thread=True))
    await begun.wait()
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    next_one = asyncio.create_task(store.run(lambda db: order.append("next")))
    await asyncio.sleep(0)
    may_end.set()
    await next_one
    assert order == ["long", "next"]


@pytest.mark.parametrize("on_thread", [False, True])
async def test_a_database_that_grows_large_moves_to_a_file_and_stays_what_it_is(
    store: Store, on_thread: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_longest", 256 * 1024)
    for number in range(400):
        await store.run(
            lambda db, id=f"{number}": things(db).insert({"id": id, "text": "x" * 1000}),  # type: ignore[misc]
            on_thread=on_thread,
        )
    files = await store.run(lambda db: db.execute("PRAGMA database_list").fetchall())
    assert files[0][2].endswith(".db")
    assert not await asyncio.to_thread(Path(files[0][2]).exists), "nothing is left behind, however the process ends"
    assert await store.run(lambda db: things(db).count()) == store.revision == 400
    with pytest.raises(ZeroDivisionError):
        await store.run(lambda db: [things(db).delete("7"), 1 / 0])
    copy = Store(content=await store.dump())
    try:
        assert await copy.run(lambda db: things(db).get("7")) == {"id": "7", "text": "x" * 1000}
    finally:
        await copy.close()


async def test_a_large_database_stays_in_memory_if_there_is_no_space_for_a_file(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_longest", 64 * 1024)
    monkeypatch.setattr("emulator.store.sqlite.tempfile.mkstemp", refuse)
    for number in range(160):
        await store.run(lambda db, id=f"{number}": things(db).insert({"id": id, "text": "x" * 1000}))  # type: ignore[misc]
    assert await store.run(lambda db: things(db).count()) == 160
    assert "stays in memory: [Errno 28] No space left on device" in caplog.messages[0]
    assert len(caplog.messages) <= 3, "said when it has doubled, not each time"


async def test_a_reused_database_contains_no_old_data(store: Store) -> None:
    await store.run(lambda db: things(db).insert({"id": "a"}))
    template = Template({}, await store.dump(), {})
    for _ in range(3):
        copy = template.copy()
        assert await copy.run(lambda db: [thing["id"] for thing in things(db).all()]) == ["a"]
        await copy.run(lambda db: things(db).insert({"id": "b"}))
        await copy.close()
    template.close()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xy")), max_size=30),
    st.integers(0, 40),
    st.integers(0, 12),
    st.sampled_from([None, {"kind": "x"}]),
    st.booleans(),
)
def test_a_page_is_a_slice_of_all_records(
    rows: list[tuple[int, str]], skip: int, limit: int, where: dict[str, str] | None, is_indexed: bool
) -> None:
    with closing(empty(is_indexed)) as db:
        things(db).insert_many({"id": id, "rank": rank, "kind": kind} for id, (rank, kind) in enumerate(rows))
        assert things(db).page(skip, limit, where) == things(db).all(where)[skip : skip + limit]


VALUES = st.sampled_from([None, 0, 1, 2.5, True, "a", "b", "", 10**30, {"a": 1}, [1, "a"]])
NAMES = st.sampled_from(["kind", "it's"])


def equals(thing: dict[str, Any], unless: dict[str, Any]) -> bool:
    return all(
        thing.get(name) is not None if value is ANY else thing.get(name) == value for name, value in unless.items()
    )


@given(
    st.lists(st.fixed_dictionaries({}, optional={"kind": VALUES, "it's": VALUES}), max_size=20),
    st.dictionaries(NAMES, st.lists(VALUES, max_size=3)),
    st.dictionaries(NAMES, VALUES | st.just(ANY)),
    st.booleans(),
)
def test_records_are_found_by_values_and_one_of_several_and_left_out_by_others(
    rows: list[dict[str, Any]], several: dict[str, list[Any]], unless: dict[str, Any], is_indexed: bool
) -> None:
    with closing(empty(is_indexed)) as db:
        things(db).insert_many({"id": id, **row} for id, row in enumerate(rows))
        where = {
            name: one[0] if len(one) == 1 and not isinstance(one[0], list) else one for name, one in several.items()
        }
        found = [
            thing
            for thing in things(db).all()
            if all(thing.get(name) in one for name, one in several.items()) and not (unless and equals(thing, unless))
        ]
        assert things(db).page(where=where, unless=unless) == found
        assert things(db).count(where, unless) == len(found)
        assert list(things(db).ids(where, unless)) == [str(thing["id"]) for thing in found]


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([None, 1, "a", "b"])), max_size=20), st.booleans())
def test_records_are_sorted_by_fields_null_first_and_numbers_before_texts(
    rows: list[tuple[int, Any]], is_indexed: bool
) -> None:
    def ranked(thing: dict[str, Any]) -> tuple[int, str]:
        return (thing["kind"] is not None) + isinstance(thing["kind"], str), str(thing["kind"])

    with closing(empty(is_indexed)) as db:
        things(db).insert_many({"id": id, "rank": rank, "kind": kind} for id, (rank, kind) in enumerate(rows))
        expected = sorted(things(db).page(by=["position"]), key=lambda thing: int(thing["id"]))
        expected.sort(key=ranked, reverse=True)
        expected.sort(key=lambda thing: int(thing["rank"]))
        assert things(db).page(by=["rank", "-kind"]) == expected


async def test_a_savepoint_reports_that_sqlite_rolled_back_the_transaction(store: Store) -> None:
    def fill(db: sqlite3.Connection) -> None:
        here = world(db)
        here[THINGS].insert({"id": "first"})
        with suppress(StorageFailure, sqlite3.OperationalError), here.savepoint():
            db.execute("ROLLBACK")  # as SQLite does on a full disk
            raise sqlite3.OperationalError("database or disk is full")
        with here.savepoint():
            here[THINGS].insert({"id": "outside any transaction"})

    with pytest.raises(StorageFailure, match="the transaction was rolled back: the disk is full or fails"):
        await store.run(fill)
    assert await store.run(lambda db: things(db).all()) == []


async def test_an_error_inside_a_savepoint_is_raised_even_if_the_savepoint_cannot_be_rolled_back(store: Store) -> None:
    def work(db: sqlite3.Connection) -> None:
        with world(db).savepoint():
            db.execute("ROLLBACK")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.run(work)


async def test_work_that_continues_after_sqlite_has_rolled_back_is_a_failure(store: Store) -> None:
    with pytest.raises(StorageFailure, match="the transaction was rolled back"):
        await store.run(lambda db: db.execute("ROLLBACK"))


async def test_long_work_is_undone_when_the_store_is_interrupted(store: Store) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def endless(db: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        number = 0
        while True:
            things(db).insert({"id": f"{number}"})
            number += 1

    working = asyncio.create_task(store.run(endless, on_thread=True))
    await begun.wait()
    store.interrupt()
    with pytest.raises(WorkEnded, match="the emulator is stopping"):
        await working
    with pytest.raises(WorkEnded, match="the emulator is stopping"):
        await store.run(lambda db: None)


async def test_work_after_a_transaction_runs_before_the_next_one_begins(store: Store) -> None:
    order: list[str] = []

    def work(name: str) -> Callable[[sqlite3.Connection], None]:
        return lambda db: order.append(f"{name} begins")

    def keep(name: str) -> Callable[[None], None]:
        return lambda _: order.append(f"{name} kept")

    works = (store.run(work(name), on_thread=name in "024", then=keep(name)) for name in "012345")
    await asyncio.gather(*works)
    assert sorted(order[::2]) == [f"{number} begins" for number in range(6)]
    assert order[1::2] == [entry.replace("begins", "kept") for entry in order[::2]]


async def test_a_load_that_is_not_prepared_changes_nothing(store: Store) -> None:
    await store.run(lambda db: things(db).insert({"id": "a"}))
    file = await store.dump()
    await store.run(lambda db: things(db).insert({"id": "b"}))
    with pytest.raises(ZeroDivisionError):
        await store.load(file, lambda db: 1 / 0)
    assert await store.run(lambda db: things(db).count()) == 2
