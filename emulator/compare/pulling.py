"""Reads the records of a live vendor through its read operations (pulls.yaml, beside the contract)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import orjson

from emulator.compare.archive import RecordedExchange
from emulator.compare.live import LiveVendor, Question
from emulator.compare.probes import is_read
from emulator.compare.steps import NothingKept, filled, question_of, values_at
from emulator.contract.documents import load
from emulator.contract.openapi import Contract
from emulator.contract.schemas import Check, Schemas
from emulator.errors import ConfigurationError, unknown
from emulator.exchange import NOTHING, Record, pointer_to
from emulator.files.yaml_file import place
from emulator.store.collection import Collection

PULLS = "pulls.yaml"
CREDENTIALS = "credentials"
OFFSET, NUMBER, USER = "offset", "number", "user"
"""Names that are not fields: of the page's first record, of a made record, of the credentials' user."""

MOST_PAGES = 1000

Kept = Mapping[str, Sequence[Any]]


class Puller:
    """Reads the collections of a vendor, at most `most` records of each. `notes` say in sentences what is missing."""

    def __init__(self, contract: Contract, collections: Sequence[Collection], vendor: LiveVendor, most: int) -> None:
        self.notes: list[str] = []
        self._contract = contract
        self._vendor = vendor
        self._most = most
        self._keys = {one.name.partition(".")[2]: one.key for one in collections}

    async def pull(self, pulls: Mapping[str, Any]) -> dict[str, list[Record]]:
        """Return the records by collection. Raises ConfigurationError if the vendor refuses, or is not reached."""
        found: dict[str, list[Record]] = {}
        users = user_collection(pulls)
        for name, described in pulls.items():
            for one in parts_of(described) if name != CREDENTIALS else ():
                user = [record[self._keys[users]] for record in found.get(users, ())[:1]]
                found[name] = [*found.get(name, ()), *await self._collection(name, one, found, {USER: user})]
        return found

    async def _collection(
        self, name: str, described: Mapping[str, Any], found: Mapping[str, Sequence[Record]], kept: Kept
    ) -> list[Record]:
        records: dict[str, Record] = {}
        for parent in found[described["for"]] if "for" in described else [{}]:
            async for record in self._records(name, described, {**kept, **_fields(parent)}):
                known = {**_fields(record), **kept, **_fields(parent), NUMBER: [len(records) + 1]}
                whole = record | self._set(name, described, known)
                if self._keys[name] in whole:
                    records.setdefault(str(whole[self._keys[name]]), whole)
                if len(records) >= self._most:
                    self.notes.append(f"{name}: only the first {self._most} records; --limit takes more")
                    return list(records.values())
        return list(records.values())

    def _set(self, name: str, described: Mapping[str, Any], kept: Kept) -> dict[str, Any]:
        """Return the fields that pulls.yaml sets; none if the record lacks what they are made of."""
        try:
            fields: dict[str, Any] = filled(described.get("set", {}), kept)
        except NothingKept as missing:
            self._note(f"{name}: a record has no {missing}")
            return {}
        return fields

    async def _records(self, name: str, described: Mapping[str, Any], kept: Kept) -> AsyncIterator[Record]:
        if "call" not in described:
            yield {}
            return
        async for exchange in self._pages(name, described, kept):
            if not self._is_readable(name, described["call"], exchange):
                return
            for record in _listed(described, exchange):
                if isinstance(record, dict):
                    yield await self._whole(name, described, record, kept)

    async def _whole(self, name: str, described: Mapping[str, Any], record: Record, kept: Kept) -> Record:
        """Return a listed record as the operation says that reads one."""
        if "read" not in described:
            return record
        read = described["read"]
        try:
            question = question_of(self._contract, read, {**kept, **_fields(record)})
        except NothingKept as missing:
            self._note(f"{name}: a record has no {missing}")
            return record
        exchange = await self._vendor.ask(question)
        if not self._is_readable(name, read["call"], exchange):
            return record
        found = next(values_at(exchange.reply.document, read.get("records", "")), record)
        return found if isinstance(found, dict) else record

    async def _pages(self, name: str, described: Mapping[str, Any], kept: Kept) -> AsyncIterator[RecordedExchange]:
        offset, following = 0, described.get("next", "")
        try:
            question = question_of(self._contract, described, {**kept, OFFSET: [0]})
        except NothingKept as missing:
            self._note(f"{name}: what it belongs to has no {missing}")
            return
        for _ in range(MOST_PAGES):
            exchange = await self._vendor.ask(question)
            yield exchange
            number = len(_listed(described, exchange))
            if isinstance(following, dict):
                offset += following["offset"]
                if number < following["offset"]:
                    return
                question = question_of(self._contract, described, {**kept, OFFSET: [offset]})
            else:
                path = self._vendor.path_of(_next_url(exchange, following)) if following else ""
                if not path or not number:
                    return
                question = Question("GET", path)

    def _is_readable(self, name: str, operation: str, exchange: RecordedExchange) -> bool:
        """Return True for a reply with records. Raises ConfigurationError if the credentials are refused."""
        document = exchange.reply.document
        if exchange.status == 401:
            raise ConfigurationError(f"credentials: {operation} got 401")
        errors = isinstance(document, dict) and "errors" in document and self._contract.graphql is not None
        is_json = document is not NOTHING
        if exchange.status == 200 and is_json and not errors:
            return True
        if exchange.status not in (204, 404):
            flaw = " with errors" if errors else "" if is_json else " without JSON"
            self._note(f"{name}: {operation} got {exchange.status}{flaw}")
        return False

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


def parts_of(described: Any) -> Sequence[Mapping[str, Any]]:
    """Return how a collection is read: in one way, or in several, one after the other."""
    return described if isinstance(described, list) else [described]


def user_collection(pulls: Mapping[str, Any]) -> str:
    """Return the collection with the user of the credentials, "" if none is named."""
    users: str = pulls.get(CREDENTIALS, {}).get("user", "")
    return users


def _listed(described: Mapping[str, Any], exchange: RecordedExchange) -> list[Any]:
    """Return the records of a reply; if nothing says where they are, its list, or the first one in it."""
    document = exchange.reply.document
    if "records" in described:
        return list(values_at(document, described["records"]))
    inner = document.values() if isinstance(document, dict) else ()
    return next((one for one in (document, *inner) if isinstance(one, list)), [])


def _fields(record: Record) -> dict[str, list[Any]]:
    return {name: [value] for name, value in record.items() if isinstance(value, str | int)}


def _next_url(exchange: RecordedExchange, following: str) -> str:
    """Return the URL of the next page: in the header Link, or at a JSON pointer of the reply; "" if there is none."""
    if following != "link":
        url = next(values_at(exchange.reply.document, following), None)
        return urljoin(exchange.url, url) if isinstance(url, str) else ""
    links = (value for name, value in exchange.reply.headers if name.lower() == "link")
    parts = [part for value in links for part in value.split(", ")]
    found = next((part for part in parts if 'rel="next"' in part), "")
    return urljoin(exchange.url, found.partition("<")[2].partition(">")[0]) if found else ""


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
            yield words["collection"], {"call": operation.name, "next": "link"}


@cache
def _form() -> Check:
    file = Path(__file__).with_name("pulls.schema.json")
    address = "file:///pulls.schema.json"
    return Schemas({address: orjson.loads(file.read_bytes())}).check(address)
