"""The life of one request, top to bottom."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from functools import lru_cache, partial
from http import HTTPStatus

from aiohttp import web

from emulator.addressing import Address
from emulator.contract.fidelity import BrokenContract, check_reply
from emulator.contract.graphql_calls import GraphQLCalls
from emulator.contract.openapi import Contract, responses_of
from emulator.contract.operation import Operation, Response
from emulator.contract.reading import read_call
from emulator.contract.routes import Route, Routes
from emulator.errors import Departure, Problem, Refusal, WorkEnded, is_without_room
from emulator.exchange import EncodedReply, Reply, Violation
from emulator.faults.effect import NO_EFFECT, Effect, Effects, hold_back, reply_of
from emulator.faults.rule import FaultReply
from emulator.faults.scenarios import Scenario
from emulator.faults.subject import CallSubject
from emulator.journal.masking import Masker
from emulator.journal.recording import Recorder, Recording
from emulator.journal.subject import JournalledSubject
from emulator.metrics import Metrics
from emulator.pipeline.handling import Handling, RequestContext
from emulator.runtime.off_loop import Worker
from emulator.settings import Settings
from emulator.transport import wire
from emulator.transport.breaking import send
from emulator.transport.cors import Cors
from emulator.transport.wire import Disconnected
from emulator.vendor import Handlers, Vendor, reply_to

MOST_ROUTES = 1_000
"""Of how many paths the route is kept, by vendor: about 1 MB."""

LONGEST_PATH = 200
"""The route of a longer path is not kept."""

logger = logging.getLogger("emulator")


class Pipeline:
    """Serves one vendor's calls: each takes the same steps in the same order."""

    def __init__(
        self,
        vendor: Vendor,
        contract: Contract,
        handlers: Handlers,
        scenarios: Mapping[str, Scenario],
        graphql: GraphQLCalls | None,
        settings: Settings,
        metrics: Metrics,
        cors: Cors,
        stopping: asyncio.Event,
        worker: Worker,
    ) -> None:
        self._vendor = vendor
        self._dialect = vendor.dialect
        self._contract = contract
        self._effects = Effects(contract, scenarios)
        self._body_limits = wire.BodyLimits(settings.max_body, settings.max_json)
        self._max_depth = settings.max_json_depth
        self._strict = settings.strict
        self._metrics = metrics
        self._cors = cors
        self._stopping = stopping
        self._worker = worker
        self._handling = Handling(vendor, contract, handlers, graphql)
        self._find_route = Routes(contract).find
        self._kept_route = lru_cache(MOST_ROUTES)(self._find_route)
        self._recorder = Recorder(contract, vendor.presented)

    @property
    def title(self) -> str:
        """The vendor's title."""
        return self._vendor.title

    def serves_graphql(self, path: str) -> bool:
        """Return True if a path below the vendor's root is that of a GraphQL endpoint."""
        route = self._route(path)
        operations = route.operations.values() if route else ()
        return any(self._handling.graphql_of(operation) is not None for operation in operations)

    async def serve(self, request: web.BaseRequest, address: Address) -> web.StreamResponse:
        """Serve a request to this vendor in a sandbox: all steps, in order."""
        started = time.perf_counter()
        context = self._arrive(request, address)
        with context:
            try:
                address.origin.check()
                if context.has_body:
                    context.call.body = await wire.read_short(request, self._body_limits.parsed)
                reply: Reply | EncodedReply | None = None
                if len(address.sandbox.stubs):
                    reply = await self._stub(context)
                if reply is None:
                    operation = self._match(context)
                    if context.has_body:
                        await self._read(context, operation)
                    if self._handling.graphql_of(operation) is not None:
                        await self._read_root_fields(context, operation)
                    self._apply_faults(context, operation)
                    self._open(context)
                    if context.effect.seconds:
                        await hold_back(request, context.effect.seconds, self._stopping)
                    reply = context.effect.reply
                    if not context.effect.replaces_call:
                        reply = self._kept_reply(context, operation)
                        if reply is None:
                            await self._admit(context, operation)
                            reply = await self._handling.handle(context, operation)
            except Disconnected:
                reply, context.effect, context.is_abandoned = None, Effect(context.effect.due), True
            except Exception as failure:
                reply = await self._refuse(context, failure)
            if not isinstance(reply, EncodedReply):
                reply = await self._check_reply(context, reply)
            if context.effect is not NO_EFFECT:
                reply = await self._apply_effect(context, reply)
            response = self._journal(context, reply, started)
            return await self._send(context, response)

    def _arrive(self, request: web.BaseRequest, address: Address) -> RequestContext:
        route = self._route(address.path)
        mount = route.mount if route else ""
        base_url = f"{address.origin.url}{address.root}{mount}"
        call = wire.new_call(request, address.path[len(mount) :], base_url, route.params if route else {})
        call.public_url = f"{address.origin.url}{address.public_root}{mount}"
        call.switches = address.sandbox.switches[self._vendor.name]
        sandbox, strict = address.sandbox, address.sandbox.options.strict
        context = RequestContext(request, sandbox, sandbox.now(), route, call)
        context.has_body = wire.has_body(request, self._contract.conventions)
        context.is_strict = self._strict if strict is None else strict
        context.matched = route.operations.get("GET" if call.method == "HEAD" else call.method) if route else None
        context.operations = (context.matched.name,) if context.matched else ()
        return context

    def _route(self, path: str) -> Route | None:
        return self._kept_route(path) if len(path) <= LONGEST_PATH else self._find_route(path)

    async def _stub(self, context: RequestContext) -> Reply | None:
        """Answer a call that no operation matches by a stub of the sandbox, before anybody asks who calls."""
        call, sandbox, mount = context.call, context.sandbox, context.route.mount if context.route else ""
        if not await self._is_unmatched(context):
            return None
        candidates = sandbox.stubs.at(self._vendor.name, call.method, mount + call.path)
        if candidates and not call.body and context.has_body:
            conventions, limits = self._contract.conventions, self._body_limits
            await wire.read_body(context.request, call, None, conventions, limits, context.files)
        # One for all stubs, so that the body is read once.
        field = context.root_fields.unknown[0] if context.root_fields else ""
        subject = CallSubject(call, self._vendor.presented(call), sandbox.name, field)
        found = sandbox.stubs.take(candidates, subject.with_params)
        if found is None:
            return None
        if context.route is None:
            call.move_below(found.route.mount)
        call.params = dict(found.route.params)
        context.stub, context.reply_is_checked = found.stub.name, True
        self._open(context)
        if found.stub.delay is not None and found.stub.delay.is_on_clock:
            sandbox.clock.advance(found.seconds)
        else:
            await hold_back(context.request, found.seconds, self._stopping)
        return found.stub.reply()

    async def _is_unmatched(self, context: RequestContext) -> bool:
        """Return True if no operation has the call's path and method, or, for GraphQL, any of its root fields."""
        operation = context.matched
        if operation is None or self._handling.graphql_of(operation) is None:
            return operation is None
        await self._read(context, operation)
        await self._read_root_fields(context, operation)
        fields = context.root_fields
        return fields is not None and not fields.operations and len(fields.unknown) > 0

    def _match(self, context: RequestContext) -> Operation:
        route = context.route
        if route is None:
            raise Refusal(self._dialect.unknown_path(context.call))
        if context.matched is None:
            raise Refusal(self._dialect.wrong_method(context.call, sorted(route.operations)))
        if route.violations:
            # A router decodes the parameters of its route before authentication.
            context.violations = route.violations
            raise Refusal(self._dialect.invalid(context.call, route.violations))
        return context.matched

    async def _read(self, context: RequestContext, operation: Operation) -> None:
        conventions, call, request = self._contract.conventions, context.call, context.request
        if call.body or not context.has_body:
            return
        if wire.expects_continue(request) and not self._is_known(context, operation):
            return
        try:
            await wire.read_body(request, call, operation.body, conventions, self._body_limits, context.files)
        except Departure as problem:
            # Reported after authentication: no framework parses a body before that.
            context.unreadable_body = problem

    def _is_known(self, context: RequestContext, operation: Operation) -> bool:
        """Return True if the client's credential allows the operation: otherwise the body is not requested."""
        try:
            self._identify(context, operation)
        except Refusal:
            return False
        return True

    async def _read_root_fields(self, context: RequestContext, operation: Operation) -> None:
        """Find the operations of a GraphQL call: its root fields (none if the schema has none), or else the carrier."""
        graphql = self._handling.graphql_of(operation)
        if graphql is None:
            return
        if graphql.is_long(context.call):
            await self._admit(context, operation)
        context.root_fields = await graphql.root_fields(context.call)
        if context.root_fields is not None and (context.root_fields.operations or context.root_fields.unknown):
            context.operations = context.root_fields.operations

    def _apply_faults(self, context: RequestContext, operation: Operation) -> None:
        sandbox, call = context.sandbox, context.call
        call.switches = self._effects.switches_of(call, call.switches)
        if self._effects.may_apply(call, sandbox.faults):
            operations, seed = (
                context.operations or (operation.name,),
                f"{sandbox.seed}:{sandbox.journal.next_number()}",
            )
            subject_of = partial(CallSubject, call, self._vendor.presented(call), sandbox.name)
            context.effect = self._effects.of(call, operations, sandbox.faults, context.now, seed, subject_of)
            if context.effect.clock_seconds:
                sandbox.clock.advance(context.effect.clock_seconds)

    def _open(self, context: RequestContext) -> None:
        """Show the call in the journal: it may be in progress for long."""
        context.recording = self._recording(context)
        context.sandbox.journal.open(context.recording.exchange)

    def _recording(self, context: RequestContext) -> Recording:
        return self._recorder.begin(
            context.call,
            context.sandbox.journal,
            context.sandbox.name,
            context.now,
            context.operations,
            context.root_fields,
            context.effect.due,
            has_route=context.route is not None,
            stub=context.stub,
        )

    def _kept_reply(self, context: RequestContext, operation: Operation) -> EncodedReply | None:
        """Return the reply that was kept of an equal call that reads, to a caller who may make it, or None."""
        if not operation.safe or operation.body is not None or context.has_body:
            return None
        self._identify(context, operation)
        return self._handling.kept(context, operation)

    async def _admit(self, context: RequestContext, operation: Operation) -> None:
        if context.is_admitted:
            return
        self._identify(context, operation)
        if context.unreadable_body is not None:
            raise context.unreadable_body
        context.call.max_depth = self._max_depth
        if len(context.call.body) > wire.QUICK_BODY:
            await self._worker.run(partial(self._check_call, context, operation))
        else:
            self._check_call(context, operation)
        context.is_admitted = True

    def _identify(self, context: RequestContext, operation: Operation) -> None:
        if operation.secured:
            credentials = context.sandbox.credentials.get(self._vendor.name, {})
            context.identity = self._vendor.authenticate(context.call, credentials, context.now)
            self._vendor.authorize(context.call, context.identity, operation.name, operation.safe)

    def _check_call(self, context: RequestContext, operation: Operation) -> None:
        context.violations = read_call(context.call, operation, self._contract.conventions, self._max_depth)
        refused = [found for found in context.violations if context.is_strict or self._dialect.refuses(found)]
        if refused:
            raise Refusal(self._dialect.invalid(context.call, refused))

    async def _refuse(self, context: RequestContext, failure: Exception) -> Reply:
        """Return the vendor's reply to an exception of a step; anything but a refusal is an internal error."""
        if isinstance(failure, Refusal):
            context.violations = context.violations or failure.violations
            return failure.reply
        if isinstance(failure, Departure):
            context.violations = [*context.violations, failure.violation]
        if isinstance(failure, Problem):
            context.reply_is_checked = True
            return failure.reply()
        if is_without_room(failure):
            return self._unavailable(context, failure)
        return reply_to(failure, context.call, self._dialect) or await self._broken(context, failure)

    async def _check_reply(self, context: RequestContext, reply: Reply | None) -> Reply | EncodedReply | None:
        """Validate the reply against the contract; a fault's reply was validated when the fault was armed."""
        if reply is None or context.reply_is_checked or reply is context.effect.reply:
            return reply
        violations = check_reply(reply, self._responses(context))
        if violations:
            return await self._broken(context, BrokenContract(violations))
        return self._handling.keep(context, reply)

    async def _apply_effect(
        self, context: RequestContext, reply: Reply | EncodedReply | None
    ) -> Reply | EncodedReply | None:
        """Return the reply after faults, None if they drop it; it may be delayed."""
        effect, own = context.effect, reply
        if not context.reply_is_checked:
            reply = None if effect.drops_reply else effect.reply or reply
        try:
            await hold_back(context.request, effect.seconds_after, self._stopping)
        except Disconnected:
            reply, context.is_abandoned = None, True
        is_whole = reply is own and not context.is_withheld and not (effect.connection and effect.connection.cuts_reply)
        context.withheld = 0 if own is None or own is effect.reply or is_whole else own.status
        return reply

    def _journal(
        self, context: RequestContext, reply: Reply | EncodedReply | None, started: float
    ) -> web.Response | None:
        """Record and count the exchange, and return the response to send."""
        conventions = self._contract.conventions
        sent = None if reply is None else wire.unless_fresh(context.call, wire.encoded(reply, conventions), conventions)
        recording, seconds = context.recording or self._recording(context), time.perf_counter() - started
        recording.exchange.started, recording.exchange.generated = started, context.generated
        recording.exchange.withheld, recording.exchange.is_abandoned = context.withheld, context.is_abandoned
        recording.exchange.clock_seconds = context.sandbox.clock.seconds_since(context.now, seconds)
        exchange = recording.complete(context.call, sent, context.violations, context.internal_errors, seconds)
        context.sandbox.journal.record(exchange)
        if len(context.sandbox.faults):
            context.sandbox.faults.observe(exchange.vendor, exchange.operations, partial(JournalledSubject, exchange))
        self._metrics.count(exchange)
        return None if sent is None else wire.response_of(sent)

    async def _send(self, context: RequestContext, response: web.Response | None) -> web.StreamResponse:
        if response is not None:
            self._cors.allow(context.request, response)
            if context.effect is NO_EFFECT:
                return response
        return await send(context.request, response, context.effect.connection, self._stopping)

    def _responses(self, context: RequestContext) -> Mapping[int, Response]:
        return self._contract.unmatched if context.matched is None else responses_of(context.matched, self._contract)

    async def _broken(self, context: RequestContext, failure: Exception) -> Reply:
        """Return the vendor's 500 for an internal error, or for a forced record that cannot be served."""
        where = self._where(context)
        broken = failure.violations if isinstance(failure, BrokenContract) else ()
        reason = "; ".join(f"{found.place}{found.pointer}: {found.sentence}" for found in Masker().violations(broken))
        unservable = await context.sandbox.unservable(self._vendor.name)
        if unservable:
            logger.error("internal error in %s: it cannot serve %s", where, unservable)
            context.internal_errors += (Violation("body", "", "record", None, None, f"cannot serve {unservable}"),)
        else:
            logger.error("internal error in %s: %s", where, reason or failure, exc_info=failure)
        context.internal_errors += tuple(broken)
        return self._dialect.broken(context.call)

    def _unavailable(self, context: RequestContext, failure: Exception) -> Reply:
        """Return the vendor's 503 if a disk is full or fails, or if the emulator is stopping."""
        if not isinstance(failure, WorkEnded):
            logger.error("no storage for %s: %s", self._where(context), failure)
        unavailable, operation = FaultReply(HTTPStatus.SERVICE_UNAVAILABLE), (*context.operations, "")[0]
        return reply_of(unavailable, self._responses(context), operation=operation)

    def _where(self, context: RequestContext) -> str:
        path = self._recorder.masked_path(context.call, has_route=context.route is not None)
        return f"{context.call.method} {path} ({self._vendor.name} {', '.join(context.operations)})"
