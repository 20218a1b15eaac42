"""The life of one request, top to bottom."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from emulator.addressing import Address
from emulator.contract.fidelity import check_reply
from emulator.contract.graphql_calls import GraphQLCalls
from emulator.contract.near_misses import NearMiss, near_misses, near_root_fields
from emulator.contract.openapi import Contract, responses_of
from emulator.contract.operation import GraphQLLimits, GraphQLResult, Operation, Response, RootFields
from emulator.contract.reading import UnsupportedType, read_call
from emulator.contract.routes import Route, Routes
from emulator.errors import Departure, MalformedBody, Problem, Refusal, UndecodableBody, WorkEnded, is_without_room
from emulator.exchange import Call, Reply, Violation
from emulator.faults.effect import NOTHING_DUE, Spoiling, flags_of, hold_back, reply_of, spoil_result, spoiling_of
from emulator.faults.rule import FaultReply, GraphQLFault
from emulator.faults.scenarios import Scenario
from emulator.journal.entry import LONGEST_SENTENCE, Exchange, journalled_call, journalled_reply
from emulator.journal.masking import Masker
from emulator.journal.secret_paths import SecretPaths
from emulator.metrics import Metrics
from emulator.runtime.off_loop import Worker
from emulator.sandbox.sandbox import Sandbox
from emulator.store.credentials import Identity
from emulator.store.world import World
from emulator.transport import wire
from emulator.transport.connection import break_off
from emulator.transport.cors import Cors
from emulator.transport.wire import Disconnected
from emulator.vendor import Handlers, Vendor

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")

logger = logging.getLogger("emulator")

LARGE_BODY_BYTES = 16 * 1024
"""What a handler does with a larger body (1,000 tags, a patch of 300 operations) would hold the event loop."""


class BrokenContract(Exception):
    """What a handler answered departs from the contract: our own fault."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        masked = Masker().violations(violations, LONGEST_SENTENCE)
        super().__init__("; ".join(f"{found.place}{found.pointer}: {found.sentence}" for found in masked))
        self.violations = violations


@dataclass(frozen=True)
class Limits:
    """What a call may not exceed: bytes of a body, levels of JSON, size of a GraphQL document.

    `strict` refuses what the vendor is tolerant of, in sandboxes that do not choose for themselves.
    """

    body: wire.BodyLimits
    max_depth: int
    graphql: GraphQLLimits
    strict: bool


@dataclass(slots=True)
class Visit:
    """One call on its way through the stages, and what they found out about it.

    A context manager: meanwhile its sandbox stays open. `files` hold the parts of its body; they are closed at the end.
    `matched` is the operation at its path; `operations` are those it is journalled under: of a GraphQL call the root
    fields, none if the contract has none of them.
    """

    sandbox: Sandbox
    now: datetime
    address: Address
    route: Route | None
    call: Call
    identity: Identity | None = None
    matched: Operation | None = None
    operations: tuple[str, ...] = ()
    root_fields: RootFields | None = None
    spoiling: Spoiling = field(default_factory=lambda: NOTHING_DUE)
    spoilt_fields: list[tuple[str, GraphQLFault]] = field(default_factory=list)
    violations: Sequence[Violation] = ()
    faults_of_ours: list[Violation] = field(default_factory=list)
    reply_is_checked: bool = False
    unreadable_body: Exception | None = None
    files: ExitStack | None = None

    def __enter__(self) -> None:
        self.sandbox.visits.begin()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sandbox.visits.end()
        if self.files is not None:
            self.files.close()


class Pipeline:
    """Serves one vendor's calls, each through the same stages in the same order."""

    def __init__(
        self,
        vendor: Vendor,
        contract: Contract,
        handlers: Handlers,
        scenarios: Mapping[str, Scenario],
        limits: Limits,
        metrics: Metrics,
        cors: Cors,
        stopping: asyncio.Event,
        worker: Worker,
    ) -> None:
        self._vendor = vendor
        self._dialect = vendor.dialect
        self._contract = contract
        self._handlers = handlers
        self._scenarios = scenarios
        self._limits = limits
        self._metrics = metrics
        self._cors = cors
        self._stopping = stopping
        self._worker = worker
        self._graphql = (
            GraphQLCalls(contract.graphql, limits.graphql, contract.conventions.reading) if contract.graphql else None
        )
        self._routes = Routes(contract)
        self._secret_paths = SecretPaths([*contract.mounts, *(one.path for one in contract.operations.values())])

    async def serve(self, request: web.BaseRequest, address: Address) -> web.StreamResponse:
        """Answer a request to this vendor in a sandbox."""
        started = time.perf_counter()
        visit = self._arrive(request, address)
        with visit:
            try:
                address.origin.check()
                if wire.has_short_body(request, self._limits.body.parsed):
                    visit.call.body = await wire.read_short(request)
                operation = self._match(visit)
                if not visit.call.body:
                    await self._read(visit, operation, request)
                graphql = self._graphql_of(operation)
                is_long = graphql is not None and graphql.is_long(visit.call)
                if is_long:
                    await self._admit(visit, operation)
                if graphql is not None:
                    await self._read_root_fields(visit, graphql)
                self._meet_faults(visit, operation)
                if visit.spoiling.seconds:
                    await hold_back(request, visit.spoiling.seconds, self._stopping)
                reply = visit.spoiling.reply if visit.spoiling.replaces_call else None
                if not visit.spoiling.replaces_call:
                    if not is_long:
                        await self._admit(visit, operation)
                    reply = await self._handle(visit, operation)
            except Disconnected:
                reply, visit.spoiling = None, Spoiling(visit.spoiling.faults)
            except Exception as refusal:
                reply = await self._refuse(visit, refusal)
            reply = self._spoil(visit, await self._check_reply(visit, reply))
            if visit.spoiling.seconds_after:
                reply = await self._hold_back(visit, reply, request)
            return await self._answer(visit, reply, request, started)

    def _arrive(self, request: web.BaseRequest, address: Address) -> Visit:
        route = self._routes.find(address.path)
        mount = route.mount if route else ""
        base_url = f"{address.origin.url}{address.root}{mount}"
        call = wire.new_call(request, address.path[len(mount) :], base_url, route.params if route else {})
        call.public_url = f"{address.origin.url}{address.public_root}{mount}"
        call.flags = address.sandbox.flags[self._vendor.name]
        matched = route.operations.get("GET" if call.method == "HEAD" else call.method) if route else None
        operations = (matched.name,) if matched else ()
        now = address.sandbox.now()
        return Visit(address.sandbox, now, address, route, call, matched=matched, operations=operations)

    def _match(self, visit: Visit) -> Operation:
        route = visit.route
        if route is None:
            raise Refusal(self._dialect.unknown_path(visit.call))
        if visit.matched is None:
            raise Refusal(self._dialect.wrong_method(visit.call, sorted(route.operations)))
        if route.violations:
            # A router decodes what it has found, before anybody asks who calls.
            visit.violations = route.violations
            raise Refusal(self._dialect.invalid(visit.call, route.violations))
        return visit.matched

    async def _read(self, visit: Visit, operation: Operation, request: web.BaseRequest) -> None:
        conventions, limits = self._contract.conventions, self._limits.body
        if not wire.has_body(request, conventions):
            return
        if wire.expects_continue(request) and not self._is_known(visit, operation):
            return
        if operation.body is None:
            visit.call.body = await wire.read_ignored(request)
            return
        visit.files = ExitStack()
        try:
            await wire.read_body(request, visit.call, operation.body, conventions, limits, visit.files)
        except Departure as problem:
            # Told once it is known who asks: no framework parses a body before.
            visit.unreadable_body = problem

    def _is_known(self, visit: Visit, operation: Operation) -> bool:
        """Return True if the client's credential is good for the operation: else nobody looks at what it would send."""
        try:
            self._identify(visit, operation)
        except Refusal:
            return False
        return True

    def _graphql_of(self, operation: Operation) -> GraphQLCalls | None:
        return self._graphql if self._graphql is not None and operation.name == self._graphql.carrier else None

    async def _read_root_fields(self, visit: Visit, graphql: GraphQLCalls) -> None:
        """Find the operations of a GraphQL call: its root fields, else the operation that carries them.

        It has none if the schema has none of its root fields.
        """
        visit.root_fields = await graphql.root_fields(visit.call)
        if visit.root_fields is not None and (visit.root_fields.operations or visit.root_fields.unknown):
            visit.operations = visit.root_fields.operations

    def _meet_faults(self, visit: Visit, operation: Operation) -> None:
        sandbox = visit.sandbox
        visit.call.flags = flags_of(visit.call, sandbox.flags[self._vendor.name], self._contract, self._scenarios)
        visit.spoiling = spoiling_of(
            visit.call,
            visit.operations or (operation.name,),
            sandbox.faults,
            self._contract,
            self._scenarios,
            visit.now,
            f"{sandbox.seed}:{sandbox.journal.next_number()}",
        )

    async def _admit(self, visit: Visit, operation: Operation) -> None:
        self._identify(visit, operation)
        if visit.unreadable_body is not None:
            raise visit.unreadable_body
        visit.call.max_depth = self._limits.max_depth
        check = partial(self._check_call, visit, operation)
        if len(visit.call.body) > wire.QUICK_BODY:
            await self._worker.run(check)
        else:
            check()

    def _identify(self, visit: Visit, operation: Operation) -> None:
        if operation.secured:
            book = visit.sandbox.credentials.get(self._vendor.name, {})
            visit.identity = self._vendor.authenticate(visit.call, book, visit.now)
            self._vendor.authorize(visit.call, visit.identity, operation.name, operation.safe)

    def _check_call(self, visit: Visit, operation: Operation) -> None:
        visit.violations = read_call(visit.call, operation, self._contract.conventions, self._limits.max_depth)
        if not visit.violations:
            return
        strict = self._is_strict(visit)
        refused = [found for found in visit.violations if strict or self._dialect.refuses(found)]
        if refused:
            raise Refusal(self._dialect.invalid(visit.call, refused))

    def _is_strict(self, visit: Visit) -> bool:
        chosen = visit.sandbox.beginning.strict
        return self._limits.strict if chosen is None else chosen

    async def _handle(self, visit: Visit, operation: Operation) -> Reply:
        graphql = self._graphql_of(operation)
        if graphql is not None:
            return await self._execute(visit, graphql)
        if operation.name in self._handlers.streaming:
            began_in = visit.sandbox.store.generation
            transactions = _Transactions(visit, self._vendor.name, apart=True, generation=began_in)
            return await self._handlers.streaming[operation.name](visit.call, transactions)
        handler = self._handlers.transactional[operation.name]
        is_large = len(visit.call.body) > LARGE_BODY_BYTES
        reply: Reply = await _Transactions(visit, self._vendor.name, is_large).run(partial(handler, visit.call))
        return reply

    async def _execute(self, visit: Visit, graphql: GraphQLCalls) -> Reply:
        document = await graphql.prepare(visit.call)
        result = document.refusal
        if result is None:

            def execute(world: World) -> GraphQLResult:
                return graphql.execute(visit.call, document, partial(self._resolve, visit, world))

            apart = graphql.takes_long(visit.call, document)
            result = await _Transactions(visit, self._vendor.name, apart).run(execute)
        visit.violations = [*visit.violations, *result.violations]
        is_refused = bool(result.violations) and self._is_strict(visit)
        answer = spoil_result(result.document, visit.spoilt_fields)
        return self._vendor.graphql_reply(answer, not result.violations, is_refused, visit.call.flags)

    def _resolve(self, visit: Visit, world: World, name: str, key: str, arguments: dict[str, Any]) -> Any:
        fault, after_commit = visit.spoiling.graphql.get(name, (None, False))
        if fault is not None:
            visit.spoilt_fields.append((key, fault))
            if not fault.keep_data and not after_commit:
                return None
        with world.savepoint():
            payload = self._handlers.transactional[name](replace(visit.call, params=arguments), world)
        check = self._contract.operations[name].payload
        broken = check.violations(payload, "body", f"/data/{name}") if check else []
        if broken:
            raise BrokenContract(broken)
        return payload if fault is None or fault.keep_data else None

    async def _refuse(self, visit: Visit, refusal: Exception) -> Reply:
        """Return the vendor's answer to what a stage has raised; what is no refusal is our own fault."""
        if isinstance(refusal, Refusal):
            visit.violations = visit.violations or refusal.violations
            return refusal.reply
        if isinstance(refusal, Departure):
            visit.violations = [*visit.violations, refusal.violation]
        if isinstance(refusal, wire.TooLarge):
            return self._dialect.too_large(visit.call, refusal.limit)
        if isinstance(refusal, wire.UnsupportedEncoding):
            return self._dialect.unsupported_encoding(visit.call, refusal.encoding)
        if isinstance(refusal, UndecodableBody):
            return self._dialect.undecodable(visit.call, refusal)
        if isinstance(refusal, UnsupportedType):
            return self._dialect.unsupported_type(visit.call, refusal.accepted)
        if isinstance(refusal, MalformedBody):
            return self._dialect.malformed(visit.call, refusal)
        if isinstance(refusal, Problem):
            visit.reply_is_checked = True
            return refusal.reply()
        if is_without_room(refusal):
            return self._unavailable(visit, refusal)
        return await self._broken(visit, refusal)

    async def _check_reply(self, visit: Visit, reply: Reply | None) -> Reply | None:
        """Hold the reply to the contract; what a fault replies was held to it when the fault was armed."""
        if reply is None or visit.reply_is_checked or reply is visit.spoiling.reply:
            return reply
        violations = check_reply(reply, self._responses(visit))
        return await self._broken(visit, BrokenContract(violations)) if violations else reply

    def _spoil(self, visit: Visit, reply: Reply | None) -> Reply | None:
        if visit.reply_is_checked:
            return reply
        if visit.spoiling.connection in ("reset", "close"):
            return None
        return visit.spoiling.reply or reply

    async def _hold_back(self, visit: Visit, reply: Reply | None, request: web.BaseRequest) -> Reply | None:
        try:
            await hold_back(request, visit.spoiling.seconds_after, self._stopping)
        except Disconnected:
            return None
        return reply

    async def _answer(
        self, visit: Visit, reply: Reply | None, request: web.BaseRequest, started: float
    ) -> web.StreamResponse:
        """Journal the exchange, then send the reply or break the connection."""
        response = None if reply is None else wire.respond(visit.call, reply, self._contract.conventions)
        exchange = self._exchange(visit, response, time.perf_counter() - started)
        visit.sandbox.journal.record(exchange)
        self._metrics.count(exchange)
        if response is None:
            return break_off(request, visit.spoiling.connection or "close")
        self._cors.allow(request, response)
        if visit.spoiling.connection is not None:
            return await wire.send_brokenly(request, response, visit.spoiling.connection, self._stopping)
        return response

    def _responses(self, visit: Visit) -> Mapping[int, Response]:
        return self._contract.unmatched if visit.matched is None else responses_of(visit.matched, self._contract)

    async def _broken(self, visit: Visit, failure: Exception) -> Reply:
        """Return the vendor's 500 to a defect of ours, or to a record that was forced in and cannot be served."""
        where = self._where(visit)
        unservable = await visit.sandbox.unservable(self._vendor.name)
        if unservable:
            logger.error("our own fault in %s: it cannot serve %s", where, unservable)
            visit.faults_of_ours.append(Violation("body", "", "record", None, None, f"cannot serve {unservable}"))
        else:
            logger.error("our own fault in %s: %s", where, failure, exc_info=failure)
        visit.faults_of_ours += getattr(failure, "violations", ())
        return self._dialect.broken(visit.call)

    def _unavailable(self, visit: Visit, failure: Exception) -> Reply:
        """Return the vendor's 503 where there is no room for what a call brings, a disk fails, or the end has come."""
        if not isinstance(failure, WorkEnded):
            logger.error("no storage for %s: %s", self._where(visit), failure)
        responses, operation = self._responses(visit), visit.operations[0] if visit.operations else ""
        unavailable = FaultReply(HTTPStatus.SERVICE_UNAVAILABLE)
        return reply_of(unavailable, responses, operation=operation)

    def _where(self, visit: Visit) -> str:
        path = Masker().path(visit.call.path, self._secret_paths, matched=visit.route is not None)
        return f"{visit.call.method} {path} ({self._vendor.name} {', '.join(visit.operations)})"

    def _near_misses(self, visit: Visit, path: str) -> tuple[NearMiss, ...]:
        if visit.operations:
            return ()
        if visit.root_fields is not None:
            return near_root_fields(visit.root_fields, self._contract)
        return near_misses(visit.call.method, path, self._contract)

    def _exchange(self, visit: Visit, response: web.Response | None, seconds: float) -> Exchange:
        masker, reply = Masker(), None
        call = journalled_call(visit.call, masker, self._secret_paths, matched=visit.route is not None)
        if response is not None:
            content = response.body if isinstance(response.body, bytes) else b""
            reply = journalled_reply(response.status, response.headers, content, masker)
        return Exchange(
            number=visit.sandbox.journal.next_number(),
            time=visit.now,
            sandbox=visit.sandbox.name,
            vendor=self._vendor.name,
            operations=visit.operations,
            call=call,
            reply=reply,
            faults=visit.spoiling.faults,
            call_violations=masker.violations(visit.violations, LONGEST_SENTENCE) if visit.violations else (),
            reply_violations=masker.violations(visit.faults_of_ours, LONGEST_SENTENCE) if visit.faults_of_ours else (),
            near_misses=self._near_misses(visit, call.path),
            seconds=seconds,
        )


@dataclass
class _Transactions:
    """The transactions of one visit, each with random choices of its own; `apart` if they are many or large.

    Those of several belong to one `generation` of the records: none of them comes after a restore.
    """

    visit: Visit
    vendor: str
    apart: bool = False
    generation: int | None = None

    def run(self, work: Callable[[World], T]) -> Coroutine[Any, Any, T]:
        visit = self.visit
        return visit.sandbox.run(
            self.vendor,
            work,
            identity=visit.identity,
            flags=visit.call.flags,
            randomness=visit.sandbox.randomness(",".join(visit.operations)),
            now=visit.now,
            apart=self.apart,
            generation=self.generation,
        )
