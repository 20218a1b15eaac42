"""What a vendor package hands over to the core: handlers, dialect, authentication, collections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar

from emulator.contract.reading import UnsupportedType
from emulator.errors import ContractError, MalformedBody, UndecodableBody
from emulator.exchange import Call, Record, Reply, Violation
from emulator.store.collection import Collection
from emulator.store.credentials import Credentials, Identity
from emulator.store.world import World
from emulator.transport.wire import TooLarge, UnsupportedEncoding

__all__ = ["Dialect", "Handler", "Handlers", "StreamingHandler", "Switches", "Transactions", "Vendor"]

T = TypeVar("T")

Switches: TypeAlias = Mapping[str, Any]
"""A vendor's switches by name, without the vendor's prefix: what the contract declares in x-switches."""

Handler: TypeAlias = Callable[[Call, World], Any]
"""Answers one operation inside one transaction: a Reply (REST) or the field's value (GraphQL).

That of an operation that only reads is given no headers: one that it needs is a parameter in the contract.
"""


class Transactions(Protocol):
    """What a streaming handler gets: as many transactions as it needs, one after the other."""

    async def run(self, work: Callable[[World], T]) -> T:
        """Run `work` in one transaction of its own and return what it returns."""


StreamingHandler: TypeAlias = Callable[[Call, Transactions], Awaitable[Reply]]
"""Answers one operation that is too long for one transaction (a large upload)."""


H = TypeVar("H", bound=Handler)
S = TypeVar("S", bound=StreamingHandler)


class Handlers:
    """The handlers of one module, by operation."""

    def __init__(self) -> None:
        self.transactional: dict[str, Handler] = {}
        self.streaming: dict[str, StreamingHandler] = {}

    def operation(self, name: str) -> Callable[[H], H]:
        """Bind a plain function to the operation `name`; it runs inside one transaction."""

        def bind(handler: H) -> H:
            self._refuse_second(name)
            self.transactional[name] = handler
            return handler

        return bind

    def long_operation(self, name: str) -> Callable[[H], H]:
        """Bind a plain function that may take long: its one transaction runs on a thread."""

        def bind(handler: H) -> H:
            async def run(call: Call, transactions: Transactions) -> Reply:
                reply: Reply = await transactions.run(partial(handler, call))
                return reply

            self.streaming_operation(name)(run)
            return handler

        return bind

    def streaming_operation(self, name: str) -> Callable[[S], S]:
        """Bind an async function to the operation `name`; it makes its own transactions."""

        def bind(handler: S) -> S:
            self._refuse_second(name)
            self.streaming[name] = handler
            return handler

        return bind

    def merge(self, other: Handlers) -> None:
        """Take over the handlers of `other`."""
        for name in (*other.transactional, *other.streaming):
            self._refuse_second(name)
        self.transactional.update(other.transactional)
        self.streaming.update(other.streaming)

    def all(self) -> dict[str, Handler | StreamingHandler]:
        """Return all handlers by operation."""
        return {**self.transactional, **self.streaming}

    def names(self) -> set[str]:
        """Return the operations that have a handler."""
        return self.transactional.keys() | self.streaming.keys()

    def _refuse_second(self, name: str) -> None:
        if name in self.names():
            raise ContractError(f"operation {name} has two handlers; keep one")


class Dialect(Protocol):
    """How a vendor words what the core finds. Every method returns the vendor's own answer."""

    def unknown_path(self, call: Call) -> Reply:
        """Answer a path that no operation has."""

    def wrong_method(self, call: Call, allowed: Sequence[str]) -> Reply:
        """Answer a path that exists, for other methods only."""

    def too_large(self, call: Call, limit: int) -> Reply:
        """Answer a body of more than `limit` bytes."""

    def unsupported_type(self, call: Call, accepted: Sequence[str]) -> Reply:
        """Answer a body whose content type the operation does not take."""

    def malformed(self, call: Call, problem: MalformedBody) -> Reply:
        """Answer a body that does not parse."""

    def unsupported_encoding(self, call: Call, encoding: str) -> Reply:
        """Answer a body whose content encoding is not unpacked ("br")."""

    def undecodable(self, call: Call, problem: UndecodableBody) -> Reply:
        """Answer a compressed body that does not unpack."""

    def refuses(self, violation: Violation) -> bool:
        """Say whether the vendor refuses the call for this; if not it is served, and recorded."""

    def invalid(self, call: Call, violations: Sequence[Violation]) -> Reply:
        """Answer a call that departs from the contract in what the vendor refuses."""

    def broken(self, call: Call) -> Reply:
        """Answer after a failure of our own: the vendor's 500."""


def reply_to(failure: Exception, call: Call, dialect: Dialect) -> Reply | None:
    """Return the vendor's answer to a body that cannot be read; None for any other failure."""
    if isinstance(failure, TooLarge):
        return dialect.too_large(call, failure.limit)
    if isinstance(failure, UnsupportedEncoding):
        return dialect.unsupported_encoding(call, failure.encoding)
    if isinstance(failure, UndecodableBody):
        return dialect.undecodable(call, failure)
    if isinstance(failure, UnsupportedType):
        return dialect.unsupported_type(call, failure.accepted)
    return dialect.malformed(call, failure) if isinstance(failure, MalformedBody) else None


def _no_rights_needed(call: Call, identity: Identity, operation: str, safe: bool) -> None:
    """Allow everything."""


def _nothing_to_sweep(world: World) -> None:
    """Leave everything: what the vendor writes, it writes in one transaction."""


def _status_200(result: dict[str, Any], ran: bool, refused: bool, switches: Switches) -> Reply:
    """Answer every GraphQL result with status 200, but a request that is refused with 400."""
    return Reply(400 if refused else 200, result)


@dataclass(frozen=True)
class Vendor:
    """One emulated company.

    `authenticate(call, credentials, now)` returns who asks, or raises Refusal (401);
    `authorize(call, identity, operation, safe)` raises Refusal (403) where rights depend on nothing but
    the operation, `safe` telling one that only reads. `present(credential)` gives the headers that a client sends for
    that credential, `presented(call)` the id of the one that a call presents, valid or not, or "".
    `graphql_reply(result, ran, refused, switches)` wraps the result of a
    GraphQL request, `ran` telling that its document and variables were valid, `refused` that strict mode
    wants a 4xx, since they were not.
    `sweep(world)` removes what streaming handlers that were cut off have left behind: it runs on a database that an
    earlier process kept, and on a snapshot before it is restored, when no call can be at work on the records.
    """

    name: str
    title: str
    handlers: Sequence[Handlers]
    dialect: Dialect
    authenticate: Callable[[Call, Credentials, Any], Identity]
    present: Callable[[Record], dict[str, str]]
    presented: Callable[[Call], str]
    collections: Sequence[Collection]
    authorize: Callable[[Call, Identity, str, bool], None] = _no_rights_needed
    graphql_reply: Callable[[dict[str, Any], bool, bool, Switches], Reply] = _status_200
    sweep: Callable[[World], None] = _nothing_to_sweep

    def credential_headers(self, credentials: Iterable[Record]) -> list[str]:
        """Return the headers in which clients present these credentials."""
        return list(dict.fromkeys(header for credential in credentials for header in self.present(credential)))
