"""Asks a live vendor what its contract promises."""

from __future__ import annotations

import re
from asyncio import sleep
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, hdrs

from emulator.compare.archive import RecordedExchange, RecordedMessage
from emulator.compare.graphql_questions import queries
from emulator.compare.upstream import Upstream
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation, Parameter
from emulator.errors import ConfigurationError
from emulator.exchange import Record
from emulator.json_text import write_json

TIMEOUT_SECONDS = 60
LONGEST_PAUSE_SECONDS = 300
MOST_TRIES = 3
PARAMETER = re.compile(r"\{([^}]*)\}")
MARK = "emulator compare, may be deleted"
"""The name of what is made in the live vendor, so that a person recognises it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A call to the vendor. `path` is encoded, below its base URL, with its query."""

    method: str
    path: str
    body: Any = None
    is_anonymous: bool = False


class LiveVendor:
    """A live vendor, called with `headers`. Waits as Retry-After says. A context manager."""

    def __init__(self, upstream: Upstream, headers: Mapping[str, str]) -> None:
        self._url = upstream.root + upstream.mount
        self._headers = headers
        self._session: ClientSession | None = None

    async def __aenter__(self) -> LiveVendor:
        timeout = ClientTimeout(TIMEOUT_SECONDS)
        self._session = ClientSession(timeout=timeout, cookie_jar=DummyCookieJar(), trust_env=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, question: Question) -> RecordedExchange:
        """Return the exchange. Raises ConfigurationError if the vendor cannot be reached."""
        for _ in range(MOST_TRIES):
            exchange = await self._call(question)
            pause = _pause(exchange)
            if pause is None:
                break
            await sleep(pause)
        return exchange

    async def _call(self, question: Question) -> RecordedExchange:
        assert self._session is not None
        body = None if question.body is None else write_json(question.body)
        headers = {} if question.is_anonymous else dict(self._headers)
        headers |= {} if body is None else {hdrs.CONTENT_TYPE: "application/json"}
        url, started, now = self._url + question.path, perf_counter(), datetime.now(UTC)
        try:
            async with self._session.request(
                question.method, url, headers=headers, data=body, allow_redirects=False
            ) as reply:
                content = await reply.read()
        except (ClientError, TimeoutError, OSError, ValueError) as problem:
            raise ConfigurationError(f"upstream: {self._url} cannot be reached: {problem}") from None
        return RecordedExchange(
            f"{question.method} {question.path}",
            question.method,
            url,
            RecordedMessage(list(headers.items()), body or b""),
            reply.status,
            RecordedMessage(list(reply.headers.items()), content),
            now,
            perf_counter() - started,
        )


def _pause(exchange: RecordedExchange) -> float | None:
    """Return how many seconds to wait before the call is repeated, None if it need not be."""
    seconds = next((value for name, value in exchange.reply.headers if name.lower() == "retry-after"), "")
    # A write that got 503 may have been done.
    is_repeatable = exchange.status == 429 or (exchange.status == 503 and exchange.method == "GET")
    if not is_repeatable or not seconds.isdecimal():
        return None
    return min(int(seconds), LONGEST_PAUSE_SECONDS)


@dataclass
class Interview:
    """Asks a vendor for each operation that only reads: with and without credentials, for known and unknown records.

    With `allows_writes` it also creates records, changes and removes them: only those that it made itself.
    """

    contract: Contract
    vendor: LiveVendor
    allows_writes: bool = False
    records: dict[str, Record] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    async def exchanges(self) -> AsyncIterator[RecordedExchange]:
        """Yield each exchange. Afterwards, `left` are sentences about records that could not be removed."""
        if self.contract.graphql is not None:
            for question in self._graphql_questions():
                yield await self.vendor.ask(question)
            return
        for operation in self._reads():
            async for exchange in self._read(operation):
                yield exchange
        if self.allows_writes:
            for operation in self._creates():
                async for exchange in self._write(operation):
                    yield exchange

    def _graphql_questions(self) -> Iterator[Question]:
        graphql = self.contract.graphql
        assert graphql is not None
        path = self._path(self.contract.operations[graphql.carrier], {})
        for _, document in queries(graphql.executable.schema):
            yield Question("POST", path, {"query": document})
            yield Question("POST", path, {"query": document}, is_anonymous=True)

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
        answered = await self.vendor.ask(Question("GET", path + query))
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
        if answered.status == 200 and answered.reply.body:
            record = _first_record(self.contract.conventions.reading.read(answered.reply.body, "utf-8"))
            if record is not None:
                self.records.setdefault(operation.path.rstrip("/"), record)

    def _values(self, operation: Operation) -> dict[str, str] | None:
        """Return values for the path parameters, from records of the lists above; None if there are none."""
        values = {}
        for found in PARAMETER.finditer(operation.path):
            name, collection = found[1], operation.path[: found.start()].rstrip("/")
            value = _identifier(name, collection, self.records.get(collection, {}))
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
        described = self.contract.document["paths"][operation.path][operation.method.lower()]
        for one in described.get("parameters", ()):
            if one.get("name") == parameter.name:
                return one.get("example", one.get("schema", {}).get("default"))
        return None

    def _path(self, operation: Operation, values: Mapping[str, str]) -> str:
        return PARAMETER.sub(lambda found: quote(values[found[1]], safe=""), operation.path)

    def _creates(self) -> list[Operation]:
        """Return the operations that create a record which another operation can delete."""
        operations = list(self.contract.handled.values())
        removable = {one.path.rpartition("/{")[0] for one in operations if one.method == "DELETE"}
        return [
            one
            for one in operations
            if one.method == "POST" and one.path.rstrip("/") in removable and "{" not in one.path and _examples(one)
        ]

    async def _write(self, operation: Operation) -> AsyncIterator[RecordedExchange]:
        """Create a record, read it, replace it with itself, delete it, and read it again."""
        collection = operation.path.rstrip("/")
        body = {**next(iter(_examples(operation).values())), "name": MARK}
        created = await self.vendor.ask(Question("POST", self._path(operation, {}), body))
        yield created
        if not 200 <= created.status < 300 or not created.reply.body:
            return
        record = self.contract.conventions.reading.read(created.reply.body, "utf-8")
        for method in ("GET", "PUT", "DELETE", "GET"):
            for one in self.contract.handled.values():
                if one.method == method and re.fullmatch(re.escape(collection) + r"/\{[^/}]*\}/?", one.path):
                    value = _identifier(PARAMETER.findall(one.path)[0], collection, record)
                    if value is None:
                        self.left.append(f"{collection}: {MARK!r} was created and its id is unknown")
                        return
                    path = self._path(one, {PARAMETER.findall(one.path)[0]: str(value)})
                    answered = await self.vendor.ask(Question(method, path, body if method == "PUT" else None))
                    yield answered
                    if method == "DELETE" and not 200 <= answered.status < 300:
                        self.left.append(f"DELETE {path} was refused with {answered.status}: {MARK!r} is still there")


def _examples(operation: Operation) -> Mapping[str, Any]:
    media = operation.body.media.get("application/json") if operation.body else None
    return {name: value for name, value in media.examples.items() if isinstance(value, dict)} if media else {}


def _first_record(document: Any) -> Record | None:
    """Return the first record of a list, also of one inside an object."""
    lists = [document] if isinstance(document, list) else []
    lists += [value for value in document.values() if isinstance(value, list)] if isinstance(document, dict) else []
    return next((one[0] for one in lists if one and isinstance(one[0], dict)), None)


def _identifier(parameter: str, collection: str, record: Record) -> Any:
    """Return what identifies a record in a path: the property of the parameter's name, or one of the usual names."""
    noun = collection.rpartition("/")[2].removesuffix("s")
    known = {name.lower().replace("_", ""): value for name, value in record.items()}
    for name in (parameter, "id", "uid", f"{noun}id", "uuid", "key", "name"):
        value = known.get(name.lower().replace("_", ""))
        if isinstance(value, str | int):
            return value
    return None


def _unknown(value: str) -> str:
    """Return a value of the same form that hardly anything has: its digits turned around, and another last one."""
    return re.sub(r"[0-9a-zA-Z](?=[^0-9a-zA-Z]*$)", lambda found: "1" if found[0] == "0" else "0", _reversed(value))


def _reversed(value: str) -> str:
    """Turn the digits around, which keeps the form of numbers, UUIDs and object ids."""
    digits = [sign for sign in value if sign.isdigit()]
    return "".join(digits.pop() if sign.isdigit() else sign for sign in value)
