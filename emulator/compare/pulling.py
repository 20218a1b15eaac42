"""Reads the records of a live vendor through its read operations (pulls.yaml, beside the contract)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from emulator.compare.archive import RecordedExchange
from emulator.compare.listed import departure, next_url, records_in
from emulator.compare.live import LiveVendor, Question
from emulator.compare.probes import is_read
from emulator.compare.steps import NothingKept, filled, question_of, values_at
from emulator.compare.walking import Walk, page_parameters
from emulator.contract.documents import load
from emulator.contract.openapi import Contract
from emulator.contract.schemas import Check, Schemas
from emulator.errors import ConfigurationError, unknown
from emulator.exchange import Record, pointer_to
from emulator.files.yaml_file import place
from emulator.store.collection import Collection

PULLS = "pulls.yaml"
CREDENTIALS = "credentials"
OFFSET, NUMBER, USER = "offset", "number", "user"
"""Names that are not fields: of the page's first record, of a made record, of the credentials' user."""

ANY = "any"
"""The next page is where the reply says so, or where it is by the usual names."""

MOST_PAGES = 1000

Kept = Mapping[str, Sequence[Any]]


class Puller:
    """Reads the collections of a vendor, at most `most` records of each. `notes` say in sentences what is missing.

    `is_incomplete` says that something of it was not left out by `most`, but refused, or could not be read.
    """

    def __init__(self, contract: Contract, collections: Sequence[Collection], vendor: LiveVendor, most: int) -> None:
        self.notes: list[str] = []
        self.is_incomplete = False
        self._read: set[str] = set()
        self._as_listed: set[str] = set()
        self._contract = contract
        self._vendor = vendor
        self._most = most
        self._keys = {one.own_name: one.key for one in collections}

    async def pull(self, pulls: Mapping[str, Any]) -> dict[str, list[Record]]:
        """Return the records by collection.

        Raises ConfigurationError if the vendor refuses, is not reached, or if no collection can be read.
        """
        found: dict[str, list[Record]] = {}
        users = user_collection(pulls)
        for name, described in pulls.items():
            for one in parts_of(described) if name != CREDENTIALS else ():
                user = [record[self._keys[users]] for record in found.get(users, ())[:1]]
                found[name] = [*found.get(name, ()), *await self._collection(name, one, found, {USER: user})]
        if not self._read:
            why = self.notes[0] if self.notes else "the contract declares no lists"
            raise ConfigurationError(f"upstream: no collection could be read: {why}")
        return found

    async def _collection(
        self, name: str, described: Mapping[str, Any], found: Mapping[str, Sequence[Record]], kept: Kept
    ) -> list[Record]:
        records: dict[str, Record] = {}
        lacks: Counter[str] = Counter()
        for parent in found[described["for"]] if "for" in described else [{}]:
            async for record in self._records(name, described, {**kept, **_fields(parent)}):
                known = {**_fields(record), **kept, **_fields(parent), NUMBER: [len(records) + 1]}
                try:
                    whole = record | filled(described.get("set", {}), known)
                    records.setdefault(str(_key_of(whole, self._keys[name])), whole)
                except NothingKept as missing:
                    lacks[str(missing)] += 1
                if len(records) >= self._most:
                    self._note(f"{name}: only the first {self._most} records; --limit takes more")
                    return list(records.values())
        for missing_name, number in lacks.items():
            self._miss(f"{name}: {number} without {missing_name} left out")
        if lacks and not records:
            self._read.discard(name)
        return list(records.values())

    async def _records(self, name: str, described: Mapping[str, Any], kept: Kept) -> AsyncIterator[Record]:
        if "call" not in described:
            yield {}
            return
        before = 0
        async for exchange in self._pages(name, described, kept):
            if not self._is_readable(name, described, exchange, before, may_lack="for" in described):
                return
            self._read.add(name)
            records = records_in(described, exchange)
            before += len(records)
            if not all(isinstance(one, dict) for one in records):
                self._miss(f"{name}: what is not an object left out")
            for record in records:
                if isinstance(record, dict):
                    yield await self._whole(name, described, record, kept)

    async def _whole(self, name: str, described: Mapping[str, Any], record: Record, kept: Kept) -> Record:
        """Return a listed record as the operation says that reads one."""
        if "read" not in described or name in self._as_listed:
            return record
        read = described["read"]
        try:
            question = question_of(self._contract, read, {**kept, **_fields(record)})
        except NothingKept:
            return record
        exchange = await self._vendor.ask(question)
        if not self._is_readable(name, {"records": "", **read}, exchange, may_lack=True):
            if exchange.status == 403:  # so will be the others
                self._as_listed.add(name)
            return record
        found: Record = next(values_at(exchange.reply.document, read.get("records", "")), record)
        return found

    async def _pages(self, name: str, described: Mapping[str, Any], kept: Kept) -> AsyncIterator[RecordedExchange]:
        offset, following = 0, described.get("next", "")
        before: list[Any] = []
        walk = Walk(described.get("parameters", {}), self._keys[name])
        try:
            question = question_of(self._contract, described, {**kept, OFFSET: [0]})
        except NothingKept as missing:
            self._note(f"{name}: not read where there is no {missing}")
            return
        for _ in range(MOST_PAGES):
            exchange = await self._vendor.ask(question)
            records = records_in(described, exchange)
            if before and records == before:  # the vendor does not page, or not so
                self._note_rest(name, walk)
                return
            yield exchange
            before, offset = records, offset + len(records)
            if following == OFFSET:
                if not records:
                    return
                question = question_of(self._contract, described, {**kept, OFFSET: [offset]})
                continue
            url = walk.next_url(exchange, records) if following == ANY else next_url(exchange, following)
            path = self._path(name, url) if url and records else ""
            if not path:
                self._note_rest(name, walk)
                return
            question = Question("GET", path)
        self._miss(f"{name}: only the first {MOST_PAGES} pages")

    def _note_rest(self, name: str, walk: Walk) -> None:
        if walk.said > walk.read:
            self._miss(f"{name}: only {walk.read} of {walk.said} records: how the next page is read, is not known")

    def _path(self, name: str, url: str) -> str:
        path = self._vendor.path_of(url) if url else ""
        if url and not path:
            self._miss(f"{name}: the next page is not at the upstream")
        return path

    def _is_readable(
        self, name: str, described: Mapping[str, Any], exchange: RecordedExchange, before: int = 0, *, may_lack: bool
    ) -> bool:
        """Return True for a reply with records; note what else came, `before` records after the first.

        What lacks, and may lack, is nothing to note. Raises ConfigurationError if the credentials are refused.
        """
        if exchange.status == 401:
            raise ConfigurationError(f"credentials: {described['call']} got 401")
        if exchange.status == 404 and may_lack:
            return False
        came = departure(described, exchange, is_graphql=self._contract.graphql is not None)
        if came:
            self._miss(f"{name}: {described['call']} got {came}{f' after {before} records' if before else ''}")
        return not came

    def _miss(self, note: str) -> None:
        """Note what should have been read."""
        self.is_incomplete = True
        self._note(note)

    def _note(self, note: str) -> None:
        self.notes += [] if note in self.notes else [note]


def parts_of(described: Any) -> Sequence[Mapping[str, Any]]:
    """Return how a collection is read: in one way, or in several, one after the other."""
    return described if isinstance(described, list) else [described]


def set_names(pulls: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that pulls set in records."""
    for described in pulls.values():
        for part in parts_of(described):
            yield from part.get("set", {})


def user_collection(pulls: Mapping[str, Any]) -> str:
    """Return the collection with the user of the credentials, "" if none is named."""
    users: str = pulls.get(CREDENTIALS, {}).get("user", "")
    return users


def _key_of(record: Record, key: str) -> Any:
    """Return the key of a record. Raises NothingKept."""
    if record.get(key) is None:
        raise NothingKept(key)
    return record[key]


def _fields(record: Record) -> dict[str, list[Any]]:
    return {name: [value] for name, value in record.items() if isinstance(value, str | int)}


def read_pulls(contract: Contract) -> dict[str, Any]:
    """Return how the collections of a contract are read; without pulls.yaml, by the lists that it declares.

    Raises ConfigurationError, naming file and line, for a wrong one.
    """
    for problem in pull_problems(contract):
        raise ConfigurationError(problem)
    return _document(contract) if PULLS in contract.files else dict(_declared(contract))


def pull_problems(contract: Contract) -> Iterator[str]:
    """Yield what is wrong with the pulls of a contract, with file and line."""
    if PULLS not in contract.files:
        return
    try:
        document = _document(contract)
    except ConfigurationError as problem:
        yield str(problem)
        return
    file, found = contract.files[PULLS], list(_form().violations(document, "document"))
    for violation in found:
        yield f"{place(file, violation.pointer)}: {violation.sentence}"
    before: list[str] = []
    for name, described in () if found else document.items():
        for number, part in enumerate(parts_of(described)):
            steps = (name, number) if isinstance(described, list) else (name,)
            for pointer, sentence in _problems_of(pointer_to(*steps), part, before, contract):
                yield f"{place(file, pointer)}: {sentence}"
        before.append(name)


def _problems_of(
    pointer: str, described: Mapping[str, Any], before: Sequence[str], contract: Contract
) -> Iterator[tuple[str, str]]:
    for field in ("for", "user"):
        if field in described and described[field] not in before:
            yield f"{pointer}/{field}", unknown("collection", described[field], before, "that is pulled before")
    for steps, step in (("/call", described), ("/read/call", described.get("read", {}))):
        if "call" in step and step["call"] not in contract.handled:
            yield pointer + steps, unknown("operation", step["call"], sorted(contract.handled))
        elif "call" in step and not is_read(step, contract):
            yield pointer + steps, f"{step['call']} does not only read"


def _document(contract: Contract) -> dict[str, Any]:
    document = load(contract.files[PULLS])
    return document if isinstance(document, dict) else {"pulls": document}


def _declared(contract: Contract) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the lists of whole collections that a contract declares."""
    for operation in contract.handled.values():
        described = contract.document["paths"].get(operation.path, {}).get(operation.method.lower(), {})
        words = described.get("x-emulator")
        if (
            operation.method == "GET"
            and "{" not in operation.path
            and isinstance(words, dict)
            and "collection" in words
        ):
            parameters = page_parameters(contract, operation)
            yield words["collection"], {"call": operation.name, "next": ANY, "parameters": parameters}


@cache
def _form() -> Check:
    file = Path(__file__).with_name("pulls.schema.json")
    address = "file:///pulls.schema.json"
    return Schemas({address: orjson.loads(file.read_bytes())}).check(address)
