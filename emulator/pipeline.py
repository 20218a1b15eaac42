"""The life of one request, top to bottom."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar, cast

from aiohttp import web

from emulator import wire
from emulator.contract.fidelity import check_reply
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.contract.reading import UnsupportedType, read_call
from emulator.errors import MalformedBody, Refusal
from emulator.exchange import Call, Reply, Violation
from emulator.routes import Route, Routes
from emulator.sandbox.credentials import Identity
from emulator.sandbox.journal import Exchange
from emulator.sandbox.sandbox import Sandbox
from emulator.sandbox.world import World
from emulator.vendor import Handlers, Vendor

T = TypeVar("T")

logger = logging.getLogger("emulator")


class BrokenContract(Exception):
    """What a handler answered departs from the contract: our own fault."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(f"{found.place}{found.pointer}: {found.sentence}" for found in violations))
        self.violations = violations


@dataclass(slots=True)
class Visit:
    """One call on its way through the stages, and what they found out about it."""

    sandbox: Sandbox
    now: datetime
    call: Call
    route: Route | None
    identity: Identity | None = None
    operations: tuple[str, ...] = ()
    violations: Sequence[Violation] = ()
    faults_of_ours: list[Violation] = field(default_factory=list)


class Pipeline:
    """Serves one vendor's calls, each through the same stages in the same order.

    `max_body` is in bytes; `strict` refuses what the vendor is tolerant of.
    """

    def __init__(self, vendor: Vendor, contract: Contract, handlers: Handlers, *, max_body: int, strict: bool) -> None:
        self._vendor = vendor
        self._dialect = vendor.dialect
        self._contract = contract
        self._handlers = handlers
        self._routes = Routes(contract)
        self._max_body = max_body
        self._strict = strict

    async def serve(self, request: web.BaseRequest, sandbox: Sandbox, root: str, path: str) -> web.Response:
        """Answer a request in a sandbox. The URL's path is `root`, where the vendor stands, then `path`."""
        started = time.perf_counter()
        visit = self._arrive(request, sandbox, root, path)
        with ExitStack() as files:
            try:
                operation = self._match(visit)
                await wire.read_body(request, visit.call, operation.takes_parts, self._max_body, files)
                self._identify(visit, operation)
                self._check_call(visit, operation)
                reply = await self._handle(visit, operation)
            except Refusal as refusal:
                reply = refusal.reply
            except wire.TooLarge:
                reply = self._dialect.too_large(visit.call, self._max_body)
            except UnsupportedType as problem:
                reply = self._dialect.unsupported_type(visit.call, problem.accepted)
            except MalformedBody as problem:
                reply = self._dialect.malformed(visit.call, problem)
            except Exception as failure:
                reply = self._broken(visit, failure)
        reply = self._check_reply(visit, reply)
        sandbox.journal.record(self._exchange(visit, reply, time.perf_counter() - started))
        return wire.respond(visit.call, reply, self._contract.conventions)

    def _arrive(self, request: web.BaseRequest, sandbox: Sandbox, root: str, path: str) -> Visit:
        route = self._routes.find(path)
        mount = route.mount if route else ""
        flags = sandbox.flags[self._vendor.name]
        call = wire.new_call(request, path[len(mount) :], root + mount, route.params if route else {}, flags)
        return Visit(sandbox, sandbox.now(), call, route)

    def _match(self, visit: Visit) -> Operation:
        if visit.route is None:
            raise Refusal(self._dialect.unknown_path(visit.call))
        method = "GET" if visit.call.method == "HEAD" else visit.call.method
        operation = visit.route.operations.get(method)
        if operation is None:
            raise Refusal(self._dialect.wrong_method(visit.call, sorted(visit.route.operations)))
        visit.operations = (operation.name,)
        return operation

    def _identify(self, visit: Visit, operation: Operation) -> None:
        if operation.secured:
            book = visit.sandbox.credentials.get(self._vendor.name, {})
            visit.identity = self._vendor.authenticate(visit.call, book, visit.now)
            self._vendor.authorize(visit.identity, operation.name, operation.safe)

    def _check_call(self, visit: Visit, operation: Operation) -> None:
        visit.violations = read_call(visit.call, operation, self._contract.conventions.missing_content_type)
        refused = [found for found in visit.violations if self._strict or self._dialect.refuses(found)]
        if refused:
            raise Refusal(self._dialect.invalid(visit.call, refused))

    async def _handle(self, visit: Visit, operation: Operation) -> Reply:
        if self._contract.graphql and operation.name == self._contract.graphql.carrier:
            return await self._execute(visit)
        transactions = _Transactions(visit, self._vendor.name)
        if operation.name in self._handlers.streaming:
            return await self._handlers.streaming[operation.name](visit.call, transactions)
        handler = self._handlers.transactional[operation.name]
        reply: Reply = await transactions.run(lambda world: handler(visit.call, world))
        return reply

    async def _execute(self, visit: Visit) -> Reply:
        graphql, request = self._contract.graphql, cast("dict[str, Any]", visit.call.document)
        assert graphql is not None
        visit.operations = graphql.root_fields(request, visit.call.flags) or visit.operations

        def execute(world: World) -> dict[str, Any]:
            return graphql.execute(
                request, visit.call.flags, lambda name, given: self._resolve(visit, world, name, given)
            )

        result = await _Transactions(visit, self._vendor.name).run(execute)
        return self._vendor.graphql_reply(result, visit.call.flags)

    def _resolve(self, visit: Visit, world: World, name: str, arguments: dict[str, Any]) -> Any:
        with world.savepoint():
            payload = self._handlers.transactional[name](replace(visit.call, params=arguments), world)
        check = self._contract.operations[name].payload
        broken = check.violations(payload, "body", f"/data/{name}") if check else []
        if broken:
            raise BrokenContract(broken)
        return payload

    def _check_reply(self, visit: Visit, reply: Reply) -> Reply:
        violations = check_reply(reply, self._responses(visit))
        if not violations:
            return reply
        return self._broken(visit, BrokenContract(violations))

    def _responses(self, visit: Visit) -> Mapping[int, Any]:
        if visit.route is None or not visit.operations:
            return self._contract.unmatched
        graphql = self._contract.graphql
        return self._contract.operations[graphql.carrier if graphql else visit.operations[0]].responses

    def _broken(self, visit: Visit, failure: Exception) -> Reply:
        where = f"{visit.call.method} {visit.call.path} ({self._vendor.name} {', '.join(visit.operations)})"
        logger.error("our own fault in %s: %s", where, failure, exc_info=failure)
        visit.faults_of_ours += getattr(failure, "violations", ())
        return self._dialect.broken(visit.call)

    def _exchange(self, visit: Visit, reply: Reply, seconds: float) -> Exchange:
        return Exchange(
            number=visit.sandbox.journal.next_number(),
            time=visit.now,
            vendor=self._vendor.name,
            operations=visit.operations,
            call=visit.call,
            reply=reply,
            call_violations=visit.violations,
            reply_violations=visit.faults_of_ours,
            seconds=seconds,
        )


@dataclass
class _Transactions:
    """The transactions of one visit, each with random choices of its own."""

    visit: Visit
    vendor: str

    async def run(self, work: Callable[[World], T]) -> T:
        visit = self.visit
        randomness = visit.sandbox.randomness(",".join(visit.operations))
        return await visit.sandbox.run(self.vendor, work, identity=visit.identity, randomness=randomness, now=visit.now)
