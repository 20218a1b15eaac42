"""Information about the emulator: its health, its operations, their evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from emulator import __version__
from emulator.contract.conventions import Switch
from emulator.contract.documents import OPENAPI
from emulator.contract.evidence import Evidence
from emulator.contract.openapi import Contract, responses_of
from emulator.contract.operation import Operation
from emulator.control.handlers import Catalogue, Emulator, Handlers
from emulator.errors import Problem, sentence, unknown
from emulator.exchange import Call, Reply

MEDIA_TYPES = {".yaml": "application/yaml", ".json": "application/schema+json", ".graphql": "application/graphql"}

handlers = Handlers()


@handlers.operation("getHealth")
async def get_health(call: Call, emulator: Emulator) -> Reply:
    """Return 200: the process is alive."""
    return Reply(200, {"status": "ok", "version": __version__})


@handlers.operation("getReady")
async def get_ready(call: Call, emulator: Emulator) -> Reply:
    """Return 200 once the sandboxes are seeded, 503 before."""
    if not emulator.ready:
        raise Problem(503, "The sandboxes are not seeded yet; try again in a moment.")
    return Reply(200, {"status": "ready"})


@handlers.operation("listOperations")
async def list_operations(call: Call, emulator: Emulator) -> Reply:
    """List every emulated operation, by what it is handled, and its evidence."""
    return Reply(200, {"operations": list(describe_operations(emulator.catalogue))})


@handlers.operation("listAssumptions")
async def list_assumptions(call: Call, emulator: Emulator) -> Reply:
    """List every switch with what it decides."""
    contracts = emulator.catalogue.contracts
    return Reply(
        200, {"switches": [_assumption(name, one) for name in contracts for one in contracts[name].switches.values()]}
    )


@handlers.operation("getContractFile")
async def get_contract_file(call: Call, emulator: Emulator) -> Reply:
    """Return one file of a vendor's contract; what was added to a vendor that is not built in is part of it."""
    return _contract_file(call.params["vendor"], call.params["name"], emulator)


@handlers.operation("getContractSchema")
async def get_contract_schema(call: Call, emulator: Emulator) -> Reply:
    """Return one JSON Schema of a vendor's contract, unchanged."""
    return _contract_file(call.params["vendor"], f"schemas/{call.params['name']}", emulator)


@handlers.operation("getAuthority")
async def get_authority(call: Call, emulator: Emulator) -> Reply:
    """Return the certificate authority that was generated at the start."""
    if emulator.tls is None:
        raise Problem(404, "This emulator has no certificates: start it with --tls auto (or EMULATOR_TLS=auto).")
    if emulator.tls.authority is None:
        raise Problem(404, "The setting tls is 'files': trust the authority that signed the certificate in tls_cert.")
    return Reply(200, content=emulator.tls.authority, content_type="application/x-pem-file")


@handlers.operation("getMetrics")
async def get_metrics(call: Call, emulator: Emulator) -> Reply:
    """Return all metrics in Prometheus's text format."""
    text = emulator.metrics.text(emulator.sandboxes)
    return Reply(200, content=text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _contract_file(vendor: str, name: str, emulator: Emulator) -> Reply:
    if vendor not in emulator.catalogue.contracts:
        raise Problem(404, sentence(unknown("vendor", vendor, emulator.catalogue.contracts)))
    contract = emulator.catalogue.contracts[vendor]
    if contract.home is not None and name == OPENAPI:
        # As it is served: with what was added, inferred and corrected. JSON is YAML.
        return Reply(200, content=orjson.dumps(contract.document), content_type=MEDIA_TYPES[".yaml"])
    files = contract.files
    if name not in files:
        said = unknown("file", name, files, f"in the contract of {vendor}")
        raise Problem(404, sentence(said))
    file = files[name]
    return Reply(200, content=file.read_bytes(), content_type=MEDIA_TYPES[file.suffix])


def describe_operations(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """Yield each operation as JSON, as operation.schema.json describes it."""
    for vendor, contract in catalogue.contracts.items():
        for name, operation in contract.handled.items():
            yield _describe(operation, contract, catalogue.ways[vendor][name])


def _assumption(vendor: str, switch: Switch) -> dict[str, Any]:
    return {
        "switch": f"{vendor}.{switch.name}",
        "decides": switch.description,
        "default": switch.default,
        "choices": list(switch.choices),
        "evidence": _evidence(switch.evidence),
    }


def _evidence(evidence: Evidence) -> dict[str, str]:
    return {"level": evidence.level, "source": evidence.source, "note": evidence.note}


def _describe(operation: Operation, contract: Contract, handled_by: str) -> dict[str, Any]:
    responses = responses_of(operation, contract)
    return {
        "vendor": operation.vendor,
        "operation": operation.name,
        "method": operation.root or operation.method,
        "path": operation.path,
        "tag": operation.tag,
        "summary": operation.summary,
        "handled_by": handled_by,
        "neighbour": operation.is_neighbour,
        "evidence": _evidence(operation.evidence),
        "statuses": {str(status): response.evidence.level for status, response in sorted(responses.items())},
    }
