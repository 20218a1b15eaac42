"""Handling a call: its operation's handler, or its GraphQL document, in transactions of its sandbox."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from aiohttp import web

from emulator.contract.fidelity import check_payload
from emulator.contract.graphql_calls import GraphQLCalls
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation, RootFields
from emulator.contract.routes import Route
from emulator.exchange import Call, Reply, Violation
from emulator.faults.effect import NO_EFFECT, Effect, add_errors
from emulator.faults.rule import GraphQLFault
from emulator.journal.recording import Recording
from emulator.sandbox.sandbox import Sandbox
from emulator.store.credentials import Identity
from emulator.store.world import World
from emulator.vendor import Handlers, Vendor

T = TypeVar("T")

LARGE_BODY_BYTES = 16 * 1024
"""What a handler does with a larger body (1,000 tags, a patch of 300 operations) would hold the event loop."""


@dataclass(slots=True)
class RequestContext:
    """One call on its way through the steps, and what they found out about it.

    `files` hold the parts of its body until the end. `matched` is the operation at its path; `operations` are those
    it is journalled under: of a GraphQL call the root fields, none if the contract has none of them. `is_strict` tells
    that whatever departs from the contract is refused.
    """

    request: web.BaseRequest
    sandbox: Sandbox
    now: datetime
    route: Route | None
    call: Call
    is_strict: bool = False
    identity: Identity | None = None
    matched: Operation | None = None
    operations: tuple[str, ...] = ()
    root_fields: RootFields | None = None
    effect: Effect = field(default_factory=lambda: NO_EFFECT)
    failed_fields: list[tuple[str, GraphQLFault]] = field(default_factory=list)
    violations: Sequence[Violation] = ()
    internal_errors: list[Violation] = field(default_factory=list)
    reply_is_checked: bool = False
    unreadable_body: Exception | None = None
    is_admitted: bool = False
    recording: Recording | None = None
    files: ExitStack = field(default_factory=ExitStack)


class Handling:
    """Handles the calls of one vendor once they are admitted."""

    def __init__(self, vendor: Vendor, contract: Contract, handlers: Handlers, graphql: GraphQLCalls | None) -> None:
        self._vendor = vendor
        self._contract = contract
        self._handlers = handlers
        self._graphql = graphql

    def graphql_of(self, operation: Operation) -> GraphQLCalls | None:
        """Return what reads and runs the operation's calls if it carries GraphQL; else None."""
        return self._graphql if self._graphql is not None and operation.name == self._graphql.carrier else None

    async def handle(self, context: RequestContext, operation: Operation) -> Reply:
        """Return what the operation's handler replies, or its GraphQL document comes to. Raises what they raise."""
        graphql = self.graphql_of(operation)
        if graphql is not None:
            return await self._execute(context, graphql)
        if operation.name in self._handlers.streaming:
            began_in = context.sandbox.store.generation
            transactions = _Transactions(context, self._vendor.name, on_thread=True, generation=began_in)
            return await self._handlers.streaming[operation.name](context.call, transactions)
        handler = self._handlers.transactional[operation.name]
        is_large = len(context.call.body) > LARGE_BODY_BYTES
        reply: Reply = await _Transactions(context, self._vendor.name, is_large).run(partial(handler, context.call))
        return reply

    async def _execute(self, context: RequestContext, graphql: GraphQLCalls) -> Reply:
        call, document = context.call, await graphql.prepare(context.call)
        result = document.refusal
        if result is None:
            transactions = _Transactions(context, self._vendor.name, graphql.takes_long(call, document))
            result = await transactions.run(
                lambda world: graphql.execute(call, document, partial(self._resolve, context, world))
            )
        context.violations = [*context.violations, *result.violations]
        is_refused = bool(result.violations) and context.is_strict
        answer = add_errors(result.document, context.failed_fields)
        return self._vendor.graphql_reply(answer, not result.violations, is_refused, call.switches)

    def _resolve(self, context: RequestContext, world: World, name: str, key: str, arguments: dict[str, Any]) -> Any:
        fault, after_commit = context.effect.graphql.get(name, (None, False))
        if fault is not None:
            context.failed_fields.append((key, fault))
            if not fault.keep_data and not after_commit:
                return None
        with world.savepoint():
            payload = self._handlers.transactional[name](replace(context.call, params=arguments), world)
        check_payload(payload, self._contract.operations[name])
        return payload if fault is None or fault.keep_data else None


@dataclass
class _Transactions:
    """The transactions of one call: on a thread if they are large, of one `generation`, so none follows a restore."""

    context: RequestContext
    vendor: str
    on_thread: bool = False
    generation: int | None = None

    def run(self, work: Callable[[World], T]) -> Coroutine[Any, Any, T]:
        context = self.context
        return context.sandbox.run(
            self.vendor,
            work,
            identity=context.identity,
            switches=context.call.switches,
            randomness=context.sandbox.randomness(",".join(context.operations)),
            now=context.now,
            on_thread=self.on_thread,
            generation=self.generation,
        )
