"""A sandbox's records: list, read, put, delete, generate."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from itertools import islice, repeat
from typing import Any, TypeVar

from emulator.control.handlers import ROOT, Emulator, Handlers, refusal, whole_numbers
from emulator.errors import Problem, sentence, unknown
from emulator.exchange import Call, Record, Reply
from emulator.sandbox.sandbox import Sandbox
from emulator.store.collection import Collection
from emulator.store.records import RecordExists, Records

T = TypeVar("T")

PAGE = 100
"""How many records a page has by default."""

RECORDS = 10_000
"""How many records one call may add."""

PROBLEMS = 100
"""How many mistakes in a record are reported at most."""

handlers = Handlers()


@handlers.sandbox_operation("listCollections")
async def list_collections(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """List the collections with their sizes at one moment."""
    collections = _collections(emulator)
    fixtures = [fixture for of_vendor in sandbox.initial.fixtures.values() for fixture in of_vendor]
    generated = {one.collection.name: sorted(one.completion.keys) for one in fixtures if one.completion}

    def count(db: sqlite3.Connection) -> list[dict[str, Any]]:
        return [
            {**_describe(one, Records(db, one).count()), "generated": generated.get(one.name, [])}
            for one in collections.values()
        ]

    return Reply(200, {"collections": await sandbox.store.run(count)})


@handlers.sandbox_operation("populateCollection")
async def populate_collection(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Add records that faker generates, and return them."""
    document = whole_numbers(call.document)
    collection = _named(document["collection"], emulator, 422)
    if collection.populate is None:
        able = ", ".join(one.name for one in _collections(emulator).values() if one.populate)
        raise Problem(422, f"{collection.name} cannot be populated; collections that can: {able}.")
    try:
        return Reply(200, {"records": await sandbox.add(collection, repeat({}, document["count"]))})
    except LookupError as problem:
        raise refusal(422, problem) from None


@handlers.sandbox_operation("addRecords")
async def add_records(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Add a record, or several, with the fields that the body gives; the others are generated."""
    document: Any = call.document
    collection = _found(call, emulator)
    given, is_one = _given(document)

    def check(record: Record) -> None:
        _check_record(record, collection, sandbox, _advice(call, collection))

    try:
        added = await sandbox.add(collection, given, check)
    except RecordExists:
        raise _taken(given, collection) from None
    except LookupError as problem:
        raise refusal(422, problem) from None
    return Reply(201, added[0] if is_one else {"records": added})


@handlers.sandbox_operation("listRecords")
async def list_records(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return a page of a collection, or of its records that contain a text."""
    collection, text = _found(call, emulator), call.params.get("text", "")
    skip, limit = call.params.get("skip", 0), call.params.get("limit", PAGE)

    def page(records: Records) -> Reply:
        found, total = records.containing(text, skip, limit) if text else (records.page(skip, limit), records.count())
        return Reply(200, {"records": found, "total": total})

    return await _run(sandbox, collection, page)


@handlers.sandbox_operation("getRecord")
async def get_record(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return one record."""
    collection = _found(call, emulator)
    record = await _run(sandbox, collection, lambda records: records.get(call.params["id"]))
    if record is None:
        raise _missing(call, collection)
    return Reply(200, record)


@handlers.sandbox_operation("putRecord")
async def put_record(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Insert or replace a record, validated against the schema of its collection unless it is forced."""
    record: Any = call.document
    collection = _found(call, emulator)
    _check_id(record, call.params["id"], collection)
    _check_record(record, collection, sandbox, _advice(call, collection))
    replaced = await _run(sandbox, collection, lambda records: _put(records, record, call.params["id"]))
    return Reply(200 if replaced else 201, record)


@handlers.sandbox_operation("deleteRecord")
async def delete_record(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Delete a record."""
    collection = _found(call, emulator)
    if not await _run(sandbox, collection, lambda records: records.delete(call.params["id"])):
        raise _missing(call, collection)
    return Reply(204)


async def _run(sandbox: Sandbox, collection: Collection, work: Callable[[Records], T]) -> T:
    """Run `work` on a collection's records in one transaction."""
    return await sandbox.run(collection.vendor, lambda world: work(world[collection]))


def _put(records: Records, record: Record, id: str) -> bool:
    """Insert or replace a record; return whether one was replaced."""
    if records.get(id) is None:
        records.insert(record)
        return False
    records.replace(record)
    return True


def _check_id(record: Record, id: str, collection: Collection) -> None:
    found = collection.keyed(record).get(collection.key)
    if not isinstance(found, str | int) or isinstance(found, bool) or str(found) != id:
        raise Problem(422, f"The path names the record {id!r}, so its {collection.key} must be that, not {found!r}.")


def _given(document: Any) -> tuple[list[Record], bool]:
    """Return the records that a body gives, and whether it is one of them itself."""
    records = document.get("records")
    if document.keys() != {"records"} or not isinstance(records, list):
        return [document], True
    if not 0 < len(records) <= RECORDS:
        raise Problem(422, f"There are {len(records)} records; give from 1 to {RECORDS}.")
    for number, record in enumerate(records):
        if not isinstance(record, dict):
            raise Problem(422, f"body /records/{number}: {record!r} is not a record; expected an object.")
    return records, False


def _taken(given: Sequence[Record], collection: Collection) -> Problem:
    ids = [record[collection.key] for record in map(collection.keyed, given) if collection.key in record]
    which = f"a record whose {collection.key} is {ids[0]!r}" if len(ids) == 1 else f"one of these {collection.key}s"
    return Problem(409, f"{collection.name} has {which} already, or it is given twice; PUT replaces a record.")


def _advice(call: Call, collection: Collection) -> str | None:
    """Return what to say about a record that departs from its schema; None if it is forced.

    A credential cannot be: without its fields nobody could present it.
    """
    if collection.is_of_credentials:
        return ""
    return None if call.params.get("force") else " Pass ?force=true to store it as it is."


def _check_record(record: Record, collection: Collection, sandbox: Sandbox, advice: str | None) -> None:
    if advice is None:
        return
    problems = list(islice(sandbox.problems_in(record, collection), PROBLEMS))
    if problems:
        # A vendor's own schema for its credentials may repeat the common one's mistakes.
        sentences = "; ".join(dict.fromkeys(f"{pointer or '/'}: {sentence}" for pointer, sentence in problems))
        raise Problem(422, f"The record violates the schema of {collection.name}: {sentences}.{advice}")


def _found(call: Call, emulator: Emulator) -> Collection:
    return _named(call.params["collection"], emulator, 404)


def _named(name: str, emulator: Emulator, status: int) -> Collection:
    collections = _collections(emulator)
    if name not in collections:
        vendor = name.partition(".")[0]
        own = [known for known in collections if known.startswith(f"{vendor}.")]
        known = unknown("collection", name, own or collections, listed_by=f"GET {ROOT}/state")
        raise Problem(status, sentence(known))
    return collections[name]


def _missing(call: Call, collection: Collection) -> Problem:
    return Problem(404, f"{collection.name} has no record whose {collection.key} is {call.params['id']!r}.")


def _collections(emulator: Emulator) -> Mapping[str, Collection]:
    vendors = emulator.catalogue.vendors.values()
    return {collection.name: collection for vendor in vendors for collection in vendor.collections}


def _describe(collection: Collection, records: int) -> dict[str, Any]:
    return {
        "collection": collection.name,
        "vendor": collection.vendor,
        "key": collection.key,
        "records": records,
        "populates": collection.populate is not None,
    }
