"""What a transaction read and wrote, and when that has changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.store import accesses
from emulator.store.accesses import Access, Accesses, Changes
from emulator.store.collection import Collection
from emulator.store.records import Records

THINGS = Collection("acme.things")
READS: dict[str, Callable[[Records], Any]] = {
    "all": lambda records: records.all({"name": "x"}),
    "page": lambda records: records.page(1, 2),
    "containing": lambda records: records.containing("x", 0, 1),
    "prefixed": lambda records: records.prefixed("a"),
    "ids": lambda records: list(records.ids()),
    "count": lambda records: records.count(),
    "unreadable": lambda records: records.unreadable(),
}
WRITES: dict[str, Callable[[Records], Any]] = {
    "insert_many": lambda records: records.insert_many([{"id": "c"}]),
    "delete_all": lambda records: records.delete_all(),
    "delete_prefixed": lambda records: records.delete_prefixed("a"),
}
OF_ONE: dict[str, Callable[[Records], Any]] = {
    "insert": lambda records: records.insert({"id": "b"}),
    "replace": lambda records: records.replace({"id": "a", "name": "y"}),
    "delete": lambda records: records.delete("a"),
}


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:")
    THINGS.create(db)
    Records(db, THINGS).insert({"id": "a", "name": "x"})
    yield db
    db.close()


def test_every_method_of_records_is_tried() -> None:
    public = {name for name in dir(Records) if not name.startswith("_")}
    assert public == {"get", *READS, *WRITES, *OF_ONE}


@pytest.mark.parametrize("name", READS)
def test_whoever_reads_several_records_depends_on_all(db: sqlite3.Connection, name: str) -> None:
    seen = Accesses()
    READS[name](Records(db, THINGS, seen))
    assert (seen.read, seen.written) == ({("acme.things", None)}, set())


@pytest.mark.parametrize("id", ["a", "not there"])
def test_whoever_reads_one_record_depends_on_that(db: sqlite3.Connection, id: str) -> None:
    for read in (Records.get, Records.__contains__):
        seen = Accesses()
        read(Records(db, THINGS, seen), id)
        assert (seen.read, seen.written) == ({("acme.things", id)}, set())


@pytest.mark.parametrize("name", [*WRITES, *OF_ONE])
def test_every_write_is_noted(db: sqlite3.Connection, name: str) -> None:
    seen = Accesses()
    {**WRITES, **OF_ONE}[name](Records(db, THINGS, seen))
    id = None if name in WRITES else "b" if name == "insert" else "a"
    assert (seen.read, seen.written) == (set(), {("acme.things", id)})
    assert (seen.writes_to("acme.things"), seen.writes_to("acme.others")) == (True, False)


accessed = st.tuples(st.sampled_from(["flows", "jobs"]), st.sampled_from([None, "1", "2", "3", "4"]))


def overlap(one: Access, other: Access) -> bool:
    return one[0] == other[0] and (None in (one[1], other[1]) or one[1] == other[1])


@given(st.lists(st.sets(accessed, max_size=3), max_size=12), st.sets(accessed, max_size=3), st.integers(0, 12))
def test_nothing_that_has_changed_counts_as_current(written: list[set[Access]], read: set[Access], number: int) -> None:
    """As if each pair was compared; beyond the limit of what is remembered, at most more counts as changed."""
    with pytest.MonkeyPatch.context() as patch:
        for most in (accesses.MOST_CHANGES, 2):
            patch.setattr(accesses, "MOST_CHANGES", most)
            changes = Changes()
            for one in written:
                changes.note(one)
            later = [access for one in written[number:] for access in one]
            expected = not any(overlap(one, other) for one in read for other in later)
            found = changes.is_current(read, number)
            assert found is expected if most > 2 else not found or expected
