"""Stubs: replies to calls that no operation matches, in one sandbox."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from random import Random

from emulator.contract.evidence import Evidence
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.contract.routes import Route, Routes
from emulator.errors import ConfigurationError, unknown
from emulator.exchange import NOTHING, Document, Nothing, Record, Reply
from emulator.faults.check import check_headers
from emulator.faults.rule import Delay, delay_of
from emulator.json_text import has_surrogate
from emulator.matching.where import Subject, Where, where_of

SEGMENT = re.compile(r"[^{}?#]*|\{[A-Za-z_][A-Za-z0-9_]*\}")
"""A segment of a stub's path: fixed, or a parameter."""

ANY_SEGMENT = "x"
TEXT_TYPE = "text/plain; charset=utf-8"
WITHOUT_BODY = (204, 205, 304)


@dataclass(frozen=True, slots=True)
class Stub:
    """A reply to calls of a method and a path below the vendor's base URL, with the values of `where`.

    At most `times` calls are answered. `json` and `text` are the body, NOTHING if there is none; `document` is what it
    was made from.
    """

    id: str
    vendor: str
    method: str
    path: str
    routes: Routes
    where: Where
    times: float
    status: int
    headers: Mapping[str, str]
    json: Document | Nothing
    text: str | Nothing
    delay: Delay | None
    document: Record

    @property
    def name(self) -> str:
        """Return "GET /flows/{id}"."""
        return f"{self.method} {self.path}"

    @property
    def params(self) -> Sequence[str]:
        """Return the names of the parameters in the path."""
        return [segment[1:-1] for segment in self.path.split("/") if segment.startswith("{")]

    def reply(self) -> Reply:
        """Return the reply."""
        headers = {name: value for name, value in self.headers.items() if name.lower() != "content-type"}
        kind = next((value for name, value in self.headers.items() if name.lower() == "content-type"), "")
        if isinstance(self.text, str):
            return Reply(self.status, headers=headers, content=self.text.encode(), content_type=kind or TEXT_TYPE)
        return Reply(self.status, self.json, headers, content_type=kind)


@dataclass(frozen=True, slots=True)
class Stubbed:
    """A stub for a call, the route of the call's path, and the delay in seconds that was drawn for it."""

    stub: Stub
    route: Route
    seconds: float


class Stubs:
    """The stubs of one sandbox, in the order of their creation, and how many calls each has replied to."""

    def __init__(self, seed: int | str) -> None:
        self._seed = seed
        self._stubs: dict[str, Stub] = {}
        self._hits: Counter[str] = Counter()
        self._number = 0

    def __iter__(self) -> Iterator[Stub]:
        return iter(self._stubs.values())

    def __len__(self) -> int:
        return len(self._stubs)

    def next_id(self) -> str:
        """Return an id for a new stub."""
        self._number += 1
        return f"stub-{self._number}"

    def hits(self, id: str) -> int:
        """Return how many calls a stub has replied to."""
        return self._hits[id]

    def add(self, stub: Stub) -> None:
        """Add a stub."""
        self._stubs[stub.id] = stub

    def remove(self, id: str) -> bool:
        """Remove a stub; return whether it existed."""
        del self._hits[id]
        return self._stubs.pop(id, None) is not None

    def at(self, vendor: str, method: str, path: str) -> Sequence[tuple[Stub, Route]]:
        """Return the stubs for a method and a path below the vendor's root; stubs for GET also apply to HEAD."""
        method = "GET" if method == "HEAD" else method
        found = [(stub, stub.routes.find(path)) for stub in self if (stub.vendor, stub.method) == (vendor, method)]
        return [(stub, route) for stub, route in found if route is not None]

    def take(
        self, candidates: Sequence[tuple[Stub, Route]], subject_of: Callable[[Mapping[str, str]], Subject]
    ) -> Stubbed | None:
        """Count a call for the first stub that it matches and that is not used up; None if there is none.

        `subject_of(path parameters)` is what conditions match.
        """
        for stub, route in candidates:
            is_used_up = stub.id not in self._stubs or self._hits[stub.id] >= stub.times
            if is_used_up or any(stub.where.differences(subject_of(route.params))):
                continue
            self._hits[stub.id] += 1
            random = Random(f"{self._seed}:{stub.id}:{self._hits[stub.id]}")
            return Stubbed(stub, route, stub.delay.draw(random) if stub.delay else 0.0)
        return None


def stub_of(document: Record, id: str, contracts: Mapping[str, Contract]) -> Stub:
    """Return the stub of a document that is valid against stub.schema.json.

    Raises ConfigurationError for one that could never apply, and for one for an emulated operation.
    """
    if document["vendor"] not in contracts:
        raise ConfigurationError(unknown("vendor", document["vendor"], contracts))
    contract, path = contracts[document["vendor"]], document["path"]
    _check_path(path)
    _check_is_below(path, contract)
    stub = Stub(
        id=id,
        vendor=contract.vendor,
        method=document["method"],
        path=path,
        routes=Routes(contract, [_operation(contract, document["method"], path)]),
        where=where_of(document.get("where", {})),
        times=document.get("times", inf),
        status=int(document.get("status", 200)),
        headers=document.get("headers", {}),
        json=document.get("json", NOTHING),
        text=document.get("text", NOTHING),
        delay=delay_of(document["delay"]) if "delay" in document else None,
        document=document,
    )
    _check(stub, contract)
    return stub


def _operation(contract: Contract, method: str, path: str) -> Operation:
    return Operation(contract.vendor, "", "", "", Evidence("assumed", "a stub"), method, path)


def _check_path(path: str) -> None:
    if "?" in path:
        raise ConfigurationError('path: a query is a condition: where {"query": {…}}')
    segments = path.split("/")
    if segments[0] or not all(SEGMENT.fullmatch(segment) for segment in segments):
        raise ConfigurationError(f"path: {path!r} is not a path below the base URL, such as /flows or /flows/{{id}}")
    names = [segment for segment in segments if segment.startswith("{")]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"path: {path!r} has a parameter twice")


def _check_is_below(path: str, contract: Contract) -> None:
    """Refuse a path that contains the base path, below which it is: the vendor's own paths do not begin like that."""
    mounts = [mount.format_map(contract.variables) for mount in contract.mounts]
    bases = [f"/{contract.vendor}{mount}/" for mount in mounts]
    # Of a vendor that is also served without its base path, the longer path is one, too.
    bases += [] if "" in mounts else [f"{mount}/" for mount in mounts]
    own = [operation.path for operation in contract.operations.values()]
    for base in bases:
        if path.startswith(base) and not any(one.startswith(base) for one in own):
            right = path.removeprefix(base[:-1])
            raise ConfigurationError(f"path: {path!r} begins with the base path {base[:-1]}: write {right!r}")


def _check(stub: Stub, contract: Contract) -> None:
    _check_is_free(stub, contract)
    if stub.where.looks_at("status"):
        raise ConfigurationError("where: status cannot be used, because a stub gives it")
    for name in stub.where.names("path"):
        if name not in stub.params:
            raise ConfigurationError(f"where: path: {unknown('parameter', name, stub.params)}")
    has_body = stub.json is not NOTHING or stub.text is not NOTHING
    if stub.json is not NOTHING and stub.text is not NOTHING:
        raise ConfigurationError("give either json or text")
    if has_body and stub.status in WITHOUT_BODY:
        raise ConfigurationError(f"a reply with status {stub.status} has no body")
    if isinstance(stub.text, str) and has_surrogate(stub.text):
        raise ConfigurationError("text has a lone surrogate, which UTF-8 cannot encode")
    check_headers(stub.headers)


def _check_is_free(stub: Stub, contract: Contract) -> None:
    """Refuse a stub for the calls of an operation. What carries GraphQL is not one: its root fields are."""
    sample = re.sub(r"\{[^}]*\}", ANY_SEGMENT, contract.mounts[0] + stub.path)
    route = Routes(contract).find(sample)
    operation = route.operations.get(stub.method) if route else None
    if operation is not None and operation.name in contract.handled:
        raise ConfigurationError(
            f"{stub.name} is the operation {operation.name} of {stub.vendor}, which is emulated;"
            " for another reply use a fault"
        )
