"""Handles a call: runs its operation's handler, or its GraphQL document, in transactions of its sandbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from emulator.contract.fidelity import check_payload
from emulator.contract.graphql_calls import GraphQLCalls
from emulator.contract.openapi import Contract
from emulator.contract.operation import GraphQLResult, Operation, RootFields
from emulator.contract.routes import Route
from emulator.exchange import Call, EncodedReply, Reply, Violation
from emulator.faults.effect import NO_EFFECT, Effect, add_errors
from emulator.faults.rule import GraphQLFault
from emulator.journal.recording import Recording
from emulator.sandbox.replies import Kept, Made, State
from emulator.sandbox.sandbox import Sandbox
from emulator.store.credentials import Identity
from emulator.store.world import World
from emulator.transport.wire import encoded
from emulator.vendor import Handlers, Vendor

T = TypeVar("T")

NO_HEADERS: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())

LARGE_BODY_BYTES = 16 * 1024
"""The handler of a larger body (1,000 tags, a patch of 300 operations) would block the event loop."""


@dataclass(slots=True)
class RequestContext:
    """One call on its way through the steps, with their results: a context manager, while the call is in progress.

    `matched` is the operation at its path; `operations` are those in the journal: for a GraphQL call the root fields,
    none if the contract has none of them. With `is_strict`, every violation of the contract is refused. `generated` are
    fields of records that nobody gave. `keep_as` is for what in which state the reply may be given again. `stub` is
    the name of the stub that answers it, "" if none does. `withheld` is the status of the vendor's own reply if the
    client does not get that whole; `is_withheld` if a fault changed it, `is_abandoned` if the client left before the
    reply.
    """

    request: web.BaseRequest
    sandbox: Sandbox
    now: datetime
    route: Route | None
    call: Call
    is_strict: bool = False
    identity: Identity | None = None
    matched: Operation | None = None
    has_body: bool = False
    operations: tuple[str, ...] = ()
    root_fields: RootFields | None = None
    effect: Effect = NO_EFFECT
    failed_fields: tuple[tuple[str, GraphQLFault], ...] = ()
    violations: Sequence[Violation] = ()
    generated: tuple[str, ...] = ()
    internal_errors: tuple[Violation, ...] = ()
    reply_is_checked: bool = False
    unreadable_body: Exception | None = None
    is_admitted: bool = False
    recording: Recording | None = None
    keep_as: tuple[Made, str] | None = None
    stub: str = ""
    withheld: int = 0
    is_withheld: bool = False
    is_abandoned: bool = False
    _files: ExitStack | None = None

    def __enter__(self) -> None:
        self.sandbox.in_flight.begin()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._files is not None:
                self._files.close()
        finally:
            self.sandbox.in_flight.end()

    @property
    def files(self) -> ExitStack:
        """What closes the files of the call's parts at its end."""
        self._files = self._files or ExitStack()
        return self._files


class Handling:
    """Handles the admitted calls of one vendor."""

    def __init__(self, vendor: Vendor, contract: Contract, handlers: Handlers, graphql: GraphQLCalls | None) -> None:
        self._vendor = vendor
        self._contract = contract
        self._handlers = handlers
        self._graphql = graphql

    def graphql_of(self, operation: Operation) -> GraphQLCalls | None:
        """Return the GraphQL calls of an operation that carries them, else None."""
        return self._graphql if self._graphql is not None and operation.name == self._graphql.carrier else None

    def kept(self, context: RequestContext, operation: Operation) -> EncodedReply | None:
        """Return the reply that was kept of an equal call without a body, or None.

        The contract says the same of both: their typed parameters and violations are equal, too.
        """
        kept = self._find(context, _said_by(context.call, operation))
        if kept is None:
            return None
        context.call.params, context.violations = dict(kept.made.params), kept.made.violations
        return kept.reply

    def handle(self, context: RequestContext, operation: Operation) -> Awaitable[Reply | EncodedReply]:
        """Return the reply of the operation's handler, or of its GraphQL document. Raises what they raise.

        One that was kept is encoded already: it was validated for an earlier call.
        """
        graphql = self.graphql_of(operation)
        if graphql is not None:
            return self._execute(context, graphql)
        if operation.name in self._handlers.streaming:
            began_in = context.sandbox.store.generation
            transactions = _Transactions(context, self._vendor.name, on_thread=True, generation=began_in)
            return self._handlers.streaming[operation.name](context.call, transactions)
        call, handler = context.call, self._handlers.transactional[operation.name]
        is_large = len(call.body) > LARGE_BODY_BYTES
        if not operation.safe:
            return _Transactions(context, self._vendor.name, is_large).run(partial(handler, call))

        def read(world: World) -> Reply:
            answer: Reply = handler(replace(call, headers=NO_HEADERS), world)
            return answer

        return self._make(context, _said_by(call, operation), read, is_large)

    def keep(self, context: RequestContext, reply: Reply) -> Reply | EncodedReply:
        """Keep a reply that was validated, if it may be given again; return it encoded."""
        if context.keep_as is None:
            return reply
        kept = encoded(reply, self._contract.conventions)
        context.sandbox.replies.put(self._vendor.name, *context.keep_as, kept)
        return kept

    def _find(self, context: RequestContext, said: str) -> Kept | None:
        """Return what was kept of an equal call: of the same address, of which `said` is the same."""
        call, sandbox, vendor = context.call, context.sandbox, self._vendor.name
        if call.switches is not sandbox.switches[vendor]:
            return None
        return sandbox.replies.get(vendor, self._state(context), _key(context, said))

    def _make(
        self, context: RequestContext, said: str, work: Callable[[World], Reply], on_thread: bool
    ) -> Awaitable[Reply]:
        """Return what `work` returns, which only reads; it may be kept if it depends on nothing but what _find knows.

        It sees no headers but those that the contract names as parameters.
        """
        call, sandbox, vendor = context.call, context.sandbox, self._vendor.name
        if call.switches is not sandbox.switches[vendor]:
            return _Transactions(context, vendor, on_thread).run(work)

        def observed(world: World) -> Reply:
            state, violations, number = self._state(context), context.violations, sandbox.replies.changes.number
            reply, accesses = work(world), world.accesses
            if world.is_repeatable and not accesses.written and context.violations is violations:
                made = Made(state, tuple(accesses.read), number, call.params, violations)
                context.keep_as = made, _key(context, said)
            return reply

        return _Transactions(context, vendor, on_thread).run(observed)

    def _state(self, context: RequestContext) -> State:
        return context.sandbox.store.generation, context.call.switches, self._contract, context.is_strict

    async def _execute(self, context: RequestContext, graphql: GraphQLCalls) -> Reply | EncodedReply:
        call, document = context.call, await graphql.prepare(context.call)
        if document.refusal is not None:
            return self._result(context, document.refusal)
        on_thread = graphql.takes_long(call, document)

        def execute(world: World) -> Reply:
            resolvers = partial(self._resolve, context, world), partial(self._resolve_nested, context, world)
            result = graphql.execute(call, document, *resolvers)
            return self._result(context, result)

        if context.root_fields is None or context.root_fields.root != "query" or context.effect.graphql:
            return await _Transactions(context, self._vendor.name, on_thread).run(execute)
        said = graphql.meaning(call, document)
        kept = self._find(context, said)
        return await self._make(context, said, execute, on_thread) if kept is None else kept.reply

    def _result(self, context: RequestContext, result: GraphQLResult) -> Reply:
        if result.violations:
            context.violations = [*context.violations, *result.violations]
        is_refused = bool(result.violations) and context.is_strict
        answer = add_errors(result.document, context.failed_fields)
        return self._vendor.graphql_reply(answer, not result.violations, is_refused, context.call.switches)

    def _resolve(self, context: RequestContext, world: World, name: str, key: str, arguments: dict[str, Any]) -> Any:
        errors = context.effect.errors_of(name, key)
        if errors is not None:
            context.failed_fields += ((key, errors.fault),)
            if not errors.fault.keep_data and not errors.after_commit:
                return None
        operation = self._contract.operations[name]
        headers = NO_HEADERS if operation.safe else context.call.headers
        with world.savepoint():
            payload = self._handlers.transactional[name](
                replace(context.call, params=arguments, headers=headers), world
            )
        check_payload(payload, operation)
        context.is_withheld = context.is_withheld or errors is not None
        return payload if errors is None or errors.fault.keep_data else None

    def _resolve_nested(
        self, context: RequestContext, world: World, name: str, parent: Any, arguments: dict[str, Any]
    ) -> Any:
        call = replace(context.call, params=arguments, headers=NO_HEADERS, document=parent)
        return self._handlers.transactional[name](call, world)


@dataclass
class _Transactions:
    """The transactions of one call: on a thread if it is large, in one `generation`, so that none follows a restore."""

    context: RequestContext
    vendor: str
    on_thread: bool = False
    generation: int | None = None

    def run(self, work: Callable[[World], T]) -> Coroutine[Any, Any, T]:
        context = self.context

        def noted(world: World) -> T:
            result = work(world)
            context.generated += tuple(world.generated)
            return result

        return context.sandbox.run(
            self.vendor,
            noted,
            identity=context.identity,
            switches=context.call.switches,
            randomness=context.sandbox.randomness(",".join(context.operations)),
            now=context.now,
            on_thread=self.on_thread,
            generation=self.generation,
        )


def _key(context: RequestContext, said: str) -> str:
    call = context.call
    return f"{call.method} {context.request.raw_path} {call.base_url} {call.public_url} {said}"


def _said_by(call: Call, operation: Operation) -> str:
    """Return what a reply to a read may depend on besides its path: the headers of the contract, and the body."""
    headers = [call.headers.getall(name, ()) for name in operation.header_names]
    return f"{headers} {call.body!r}"
