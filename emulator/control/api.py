"""What the control API answers: is it up, what does it emulate, on what evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from aiohttp import web

from emulator import __version__
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.control.problems import problem
from emulator.data import CONTRACTS

MEDIA_TYPES = {".yaml": "application/yaml", ".json": "application/schema+json", ".graphql": "application/graphql"}


class Control:
    """The control API's routes and handlers. `ready` becomes true once the sandboxes are seeded."""

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self.ready = False
        self._contracts = contracts

    def routes(self) -> list[web.RouteDef]:
        """Return the whole API as one table."""
        return [
            web.get("/_emulator/health", self.get_health),
            web.get("/_emulator/ready", self.get_ready),
            web.get("/_emulator/operations", self.list_operations),
            web.get("/_emulator/contracts/{vendor}/{file:.+}", self.get_contract_file),
            web.route("*", r"/_emulator/{path:[\s\S]*}", self.unknown),
        ]

    async def get_health(self, request: web.Request) -> web.Response:
        """Answer that the process is alive."""
        return _json({"status": "ok", "version": __version__})

    async def get_ready(self, request: web.Request) -> web.Response:
        """Answer 200 once the sandboxes are seeded, 503 before."""
        if not self.ready:
            return problem(503, "Not ready", "The sandboxes are not seeded yet; ask again in a moment.")
        return _json({"status": "ready"})

    async def list_operations(self, request: web.Request) -> web.Response:
        """List every emulated operation with its evidence."""
        return _json({"operations": list(describe_operations(self._contracts))})

    async def get_contract_file(self, request: web.Request) -> web.Response:
        """Return one file of a vendor's contract as it is."""
        vendor, name = request.match_info["vendor"], request.match_info["file"]
        folder = CONTRACTS / vendor
        files = {str(file.relative_to(folder)): file for file in sorted(folder.rglob("*.*"))}
        if vendor not in self._contracts or name not in files:
            known = ", ".join(files) if vendor in self._contracts else ", ".join(self._contracts)
            return problem(404, "No such contract file", f"There is no {vendor}/{name}; there are {known}.")
        file = files[name]
        return web.Response(body=file.read_bytes(), content_type=MEDIA_TYPES.get(file.suffix, "text/plain"))

    async def unknown(self, request: web.Request) -> web.Response:
        """Answer what the control API does not have."""
        routes = ", ".join(route.path for route in self.routes()[:-1])
        return problem(
            404, "No such route", f"The control API has no {request.method} {request.path}; it has {routes}."
        )


def describe_operations(contracts: Mapping[str, Contract]) -> Iterator[dict[str, Any]]:
    """Yield each operation as JSON: vendor, name, method, path, summary, evidence, statuses."""
    for contract in contracts.values():
        for operation in contract.handled.values():
            yield _describe(operation, contract)


def _describe(operation: Operation, contract: Contract) -> dict[str, Any]:
    evidence = operation.evidence
    carrier = contract.operations[contract.graphql.carrier] if contract.graphql else operation
    return {
        "vendor": operation.vendor,
        "operation": operation.name,
        "method": operation.root or operation.method,
        "path": operation.path,
        "summary": operation.summary,
        "evidence": {"level": evidence.level, "source": evidence.source, "note": evidence.note},
        "statuses": {status: response.evidence.level for status, response in sorted(carrier.responses.items())},
    }


def _json(document: object) -> web.Response:
    return web.Response(body=orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS), content_type="application/json")
