"""Reads a stub from its document, and refuses one that could never apply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf

from emulator.contract.evidence import Evidence
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.contract.routes import Routes
from emulator.errors import ConfigurationError, unknown
from emulator.exchange import NOTHING, Record
from emulator.faults.check import check_headers
from emulator.faults.rule import delay_of
from emulator.json_text import has_surrogate
from emulator.matching.where import where_of
from emulator.stubs.stub import Stub

SEGMENT = re.compile(r"[^{}?#]*|\{[A-Za-z_][A-Za-z0-9_]*\}")
"""A segment of a stub's path: fixed, or a parameter."""

ANY_SEGMENT = "x"
WITHOUT_BODY = (204, 205, 304)


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
        raise ConfigurationError(f"path: {path!r} is not a path below the base URL, such as /tools or /tools/{{id}}")
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
