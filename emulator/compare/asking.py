"""Asks a live vendor what its contract promises."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from emulator.compare.admission import Admission
from emulator.compare.archive import RecordedExchange
from emulator.compare.graphql_questions import queries
from emulator.compare.live import LiveVendor, Question
from emulator.compare.own_records import MARK, OwnRecords
from emulator.compare.walking import records_of
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation, Parameter
from emulator.declared.guessing import key_names
from emulator.exchange import Record

PARAMETER = re.compile(r"\{([^}]*)\}")


@dataclass
class Interview:
    """Asks a vendor for each operation that only reads: with and without credentials, for known and unknown records.

    With `allows_writes` it also creates records, changes and removes them: only those that it made itself.
    """

    contract: Contract
    vendor: LiveVendor
    allows_writes: bool = False
    own: OwnRecords = field(default_factory=OwnRecords)
    records: dict[str, Record] = field(default_factory=dict)
    admission: Admission = field(default_factory=Admission)

    async def exchanges(self) -> AsyncIterator[RecordedExchange]:
        """Yield each exchange; `own` knows what is left.

        Raises ConfigurationError if the vendor cannot be reached, or refuses the credentials.
        """
        if self.contract.graphql is not None:
            for name, question in self._graphql_questions():
                yield await self._ask(name, question)
        else:
            for operation in self._reads():
                async for exchange in self._read(operation):
                    yield exchange
        self.admission.require()
        if self.allows_writes:
            for operation in self._creates():
                async for exchange in self._write(operation):
                    yield exchange

    async def _ask(self, operation: str, question: Question) -> RecordedExchange:
        answered = await self.vendor.ask(question)
        if not question.is_anonymous:
            self._note_admission(operation, answered)
        return answered

    def _note_admission(self, operation: str, answered: RecordedExchange) -> None:
        if self.contract.operations[operation].secured:
            self.admission.note(operation, answered)

    def _graphql_questions(self) -> Iterator[tuple[str, Question]]:
        graphql = self.contract.graphql
        assert graphql is not None
        path = self._path(self.contract.operations[graphql.carrier], {})
        for name, document in queries(graphql.executable.schema):
            question = Question("POST", path, {"query": document}, is_query=True)
            yield name, question
            yield name, replace(question, is_anonymous=True)

    def _reads(self) -> list[Operation]:
        """Return the operations that read, lists before the records in them."""
        reads = [one for one in self.contract.handled.values() if one.method == "GET"]
        return sorted(reads, key=lambda one: (one.path.count("{"), one.path.count("/"), one.path))

    async def _read(self, operation: Operation) -> AsyncIterator[RecordedExchange]:
        values = self._values(operation)
        query = self._query(operation)
        if values is None or query is None:
            return
        path = self._path(operation, values)
        answered = await self._ask(operation.name, Question("GET", path + query))
        self._keep(operation, answered)
        yield answered
        if operation.secured:
            yield await self.vendor.ask(Question("GET", path + query, is_anonymous=True))
        if values:
            unknown = {name: _unknown(value) for name, value in values.items()}
            yield await self.vendor.ask(Question("GET", self._path(operation, unknown) + query))
        for parameter in operation.parameters:
            if parameter.place == "query" and parameter.type == "integer":
                yield await self.vendor.ask(Question("GET", f"{path}?{parameter.name}=many"))

    def _keep(self, operation: Operation, answered: RecordedExchange) -> None:
        """Keep the first record of a list, for the paths below it."""
        if answered.status == 200:
            record = _first_record(answered.reply.document)
            if record is not None:
                self.records.setdefault(operation.path.rstrip("/"), record)

    def _values(self, operation: Operation) -> dict[str, str] | None:
        """Return values for the path parameters, from records of the lists above; None if there are none."""
        values = {}
        for found in PARAMETER.finditer(operation.path):
            name, collection = found[1], operation.path[: found.start()].rstrip("/")
            value = _key(name, collection, self.records.get(collection, {}))
            if value is None:
                return None
            values[name] = str(value)
        return values

    def _query(self, operation: Operation) -> str | None:
        """Return the required query parameters with the contract's examples; None if one has no example."""
        required = [one for one in operation.parameters if one.place == "query" and one.required]
        values = {one.name: self._example(operation, one) for one in required}
        if None in values.values():
            return None
        return f"?{urlencode(values)}" if values else ""

    def _example(self, operation: Operation, parameter: Parameter) -> Any:
        for one in self._described(operation).get("parameters", ()):
            if one.get("name") == parameter.name:
                return one.get("example", one.get("schema", {}).get("default"))
        return None

    def _path(self, operation: Operation, values: Mapping[str, str]) -> str:
        return PARAMETER.sub(lambda found: quote(values[found[1]], safe=""), operation.path)

    def _creates(self) -> list[Operation]:
        """Return the operations that create a record which can be given a name, and another operation can delete."""
        return [one for one in self._removable() if _examples(one)]

    @property
    def untried(self) -> list[str]:
        """The operations that create what could be deleted again, but not be recognised: it has no name."""
        return [one.name for one in self._removable() if not _examples(one)]

    def _removable(self) -> list[Operation]:
        """Return the operations that create what another one deletes.

        Those that affect more than that record are left out: the contract says `x-harmful`.
        """
        operations = list(self.contract.handled.values())
        removable = {one.path.rpartition("/{")[0] for one in operations if one.method == "DELETE"}
        creates = (one for one in operations if one.method == "POST" and one.path.rstrip("/") in removable)
        return [one for one in creates if "{" not in one.path and "x-harmful" not in self._described(one)]

    def _described(self, operation: Operation) -> Mapping[str, Any]:
        described: Mapping[str, Any] = self.contract.document["paths"][operation.path][operation.method.lower()]
        return described

    async def _write(self, operation: Operation) -> AsyncIterator[RecordedExchange]:
        """Create a record, read it, replace it with itself, delete it, and read it again."""
        path = self._path(operation, {})
        body = {**next(iter(_examples(operation).values())), "name": MARK}
        self.own.begin(path)
        created = await self.vendor.ask(Question("POST", path, body))
        record = self._made(path, created)
        self._note_admission(operation.name, created)
        yield created
        removal = 0
        for one in self._on_one(path) if record else ():
            address = self._address(one, record)
            answered = await self.vendor.ask(Question(one.method, address, body if one.method == "PUT" else None))
            yield answered
            if one.method == "DELETE":
                removal = answered.status
                self._note_removal(address, removal)
            elif removal:
                self._note_removal(address, removal, answered.status)

    def _made(self, path: str, created: RecordedExchange) -> Record:
        """Return the record that was made, {} if none was, or none that can be found again."""
        if not 200 <= created.status < 300:
            self.own.refused(path, created.status)
            return {}
        record: Record = created.reply.document
        known = isinstance(record, dict) and all(_identifier(one, record) is not None for one in self._on_one(path))
        if not known:
            self.own.made(path)
            return {}
        address = self._address(self._on_one(path)[0], record)
        self.own.made_at(address, Question("DELETE", address))
        return record

    def _on_one(self, collection: str) -> Sequence[Operation]:
        """Return what is done to one record of a collection: read, replace, delete, and read again."""
        item = re.compile(re.escape(collection.rstrip("/")) + r"/\{[^/}]*\}/?")
        found = {one.method: one for one in self.contract.handled.values() if item.fullmatch(one.path)}
        return [found[method] for method in ("GET", "PUT", "DELETE", "GET") if method in found]

    def _address(self, operation: Operation, record: Record) -> str:
        [name] = PARAMETER.findall(operation.path)
        return self._path(operation, {name: str(_identifier(operation, record))})

    async def removals(self, collection: str) -> list[Question]:
        """Return the calls that remove the records called MARK in a collection, as far as its list shows them."""
        lists = [one for one in self.contract.handled.values() if (one.method, one.path) == ("GET", collection)]
        deletes = [one for one in self._on_one(collection) if one.method == "DELETE"]
        if not lists or not deletes:
            return []
        found = [one async for one in records_of(self.vendor, self.contract, lists[0]) if one.get("name") == MARK]
        known = [one for one in found if _identifier(deletes[0], one) is not None]
        return [Question("DELETE", self._address(deletes[0], one)) for one in known]

    def _note_removal(self, address: str, status: int, read: int = 0) -> None:
        if 200 <= status < 300:
            self.own.removed(address)
        else:
            self.own.not_removed(address, f"DELETE {address} was refused with {status}", status, read)


def _examples(operation: Operation) -> Mapping[str, Any]:
    """Return the examples of a body with a name, which MARK can replace."""
    media = operation.body.media.get("application/json") if operation.body else None
    examples = media.examples if media else {}
    return {name: value for name, value in examples.items() if isinstance(value, dict) and "name" in value}


def _first_record(document: Any) -> Record | None:
    """Return the first record of a list, also of one inside an object."""
    lists = [document] if isinstance(document, list) else []
    lists += [value for value in document.values() if isinstance(value, list)] if isinstance(document, dict) else []
    return next((one[0] for one in lists if one and isinstance(one[0], dict)), None)


def _identifier(operation: Operation, record: Record) -> Any:
    """Return what identifies a record in the last parameter of a path, None if nothing does."""
    found = list(PARAMETER.finditer(operation.path))[-1]
    return _key(found[1], operation.path[: found.start()].rstrip("/"), record)


def _key(parameter: str, collection: str, record: Record) -> Any:
    names = key_names(parameter, collection.rpartition("/")[2], record)
    return next((record[name] for name in names if isinstance(record[name], str | int)), None)


def _unknown(value: str) -> str:
    """Return a value of the same form that hardly anything has: its digits turned around, and another last one."""
    return re.sub(r"[0-9a-zA-Z](?=[^0-9a-zA-Z]*$)", lambda found: "1" if found[0] == "0" else "0", _reversed(value))


def _reversed(value: str) -> str:
    """Turn the digits around, which keeps the form of numbers, UUIDs and object ids."""
    digits = [sign for sign in value if sign.isdigit()]
    return "".join(digits.pop() if sign.isdigit() else sign for sign in value)
