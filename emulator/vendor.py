"""The interface of a vendor package: handlers, dialect, authentication, collections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from emulator.contract.reading import UnsupportedType
from emulator.errors import ContractError, FieldError, MalformedBody, UndecodableBody
from emulator.exchange import Call, Record, Reply, Violation
from emulator.store.collection import Collection
from emulator.store.credentials import Credentials, Identity, bearer_headers, bearer_token
from emulator.store.world import World
from emulator.transport.wire import TooLarge, UnsupportedEncoding

__all__ = [
    "Dialect",
    "Handler",
    "Handlers",
    "Hooks",
    "RecordDialect",
    "StreamingHandler",
    "Switches",
    "Transactions",
    "Vendor",
    "Write",
]

T = TypeVar("T")

Switches: TypeAlias = Mapping[str, Any]
"""A vendor's switches by name, without the vendor's prefix, as the contract declares them in x-switches."""

Handler: TypeAlias = Callable[[Call, World], Any]
"""Handles one operation inside one transaction: returns a Reply (REST) or the field's value (GraphQL).

That of an operation that only reads is given no headers: one that it needs is a parameter in the contract.
"""


class Transactions(Protocol):
    """The transactions of a streaming handler: as many as it needs, one after the other."""

    async def run(self, work: Callable[[World], T]) -> T:
        """Run `work` in its own transaction and return its result."""


StreamingHandler: TypeAlias = Callable[[Call, Transactions], Awaitable[Reply]]
"""Handles one operation that is too long for one transaction (a large upload)."""


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
        """Bind a plain function that may be slow: its transaction runs on a thread."""

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
        """Add the handlers of `other`."""
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


@dataclass(frozen=True)
class Write:
    """A write of a declared operation: the record `before` (None: it is new) and `after` it (None: it is removed)."""

    collection: str
    call: Call
    before: Record | None
    after: Record | None


Seeking: TypeAlias = Callable[[World], None]
Writing: TypeAlias = Callable[[World, Write], Record | None]
Written: TypeAlias = Callable[[World, Write], None]
Shown: TypeAlias = Callable[[World, Record], Record]
Paging: TypeAlias = Callable[[World, Call, Sequence[Record]], Reply]
K = TypeVar("K", bound=Seeking)
W = TypeVar("W", bound=Writing)
N = TypeVar("N", bound=Written)
R = TypeVar("R", bound=Shown)
P = TypeVar("P", bound=Paging)


class Hooks:
    """Python that joins declared operations, by collection ("flows"; "*": each), in their transaction."""

    def __init__(self) -> None:
        self._seeking: list[tuple[str, Seeking]] = []
        self._writing: list[tuple[str, Writing]] = []
        self._written: list[tuple[str, Written]] = []
        self._shown: list[tuple[str, Shown]] = []
        self.strategies: dict[str, Paging] = {}

    def seeking(self, collection: str) -> Callable[[K], K]:
        """Bind a function that runs before an operation looks for its records: it may write what is due."""
        return self._bound(self._seeking, collection)

    def writing(self, collection: str) -> Callable[[W], W]:
        """Bind a function that returns `write.after`, changed, before it is checked and kept, or raises Refusal."""
        return self._bound(self._writing, collection)

    def written(self, collection: str) -> Callable[[N], N]:
        """Bind a function that runs after each write."""
        return self._bound(self._written, collection)

    def shown(self, collection: str) -> Callable[[R], R]:
        """Bind a function that returns a record as it is replied, with computed fields."""
        return self._bound(self._shown, collection)

    def paging(self, name: str) -> Callable[[P], P]:
        """Bind a function that makes the reply of lists with `paging: name`, from all records that match, as shown."""

        def bind(hook: P) -> P:
            self.strategies[name] = hook
            return hook

        return bind

    @classmethod
    def merged(cls, *hooks: Hooks) -> Hooks:
        """Return the hooks of several modules, in their order."""
        whole = cls()
        for one in hooks:
            whole._seeking += one._seeking
            whole._writing += one._writing
            whole._written += one._written
            whole._shown += one._shown
            whole.strategies |= one.strategies
        return whole

    def collections(self) -> set[str]:
        """Return the collections that are named, without "*"."""
        return {name for name, _ in (*self._seeking, *self._writing, *self._written, *self._shown)} - {"*"}

    def prepare(self, world: World, collection: str) -> None:
        """Run what precedes an operation."""
        for name, hook in self._seeking:
            if name in ("*", collection):
                hook(world)

    def before(self, world: World, write: Write) -> Record | None:
        """Return the record to keep."""
        for name, hook in self._writing:
            if name in ("*", write.collection):
                write = replace(write, after=hook(world, write))
        return write.after

    def after(self, world: World, write: Write) -> None:
        """Run what follows a write."""
        for name, hook in self._written:
            if name in ("*", write.collection):
                hook(world, write)

    def reply(self, world: World, collection: str, record: Record) -> Record:
        """Return a record as it is replied."""
        for name, hook in self._shown:
            record = hook(world, record) if name in ("*", collection) else record
        return record

    @staticmethod
    def _bound(hooks: list[tuple[str, Any]], collection: str) -> Callable[[Any], Any]:
        def bind(hook: Any) -> Any:
            hooks.append((collection, hook))
            return hook

        return bind


class Dialect(Protocol):
    """A vendor's wording of errors that the core finds. Every method but `refuses` returns the vendor's own reply."""

    def unknown_path(self, call: Call) -> Reply:
        """Return the reply to a path that no operation has."""

    def wrong_method(self, call: Call, allowed: Sequence[str]) -> Reply:
        """Return the reply to a path that exists for other methods only."""

    def too_large(self, call: Call, limit: int) -> Reply:
        """Return the reply to a body of more than `limit` bytes."""

    def unsupported_type(self, call: Call, accepted: Sequence[str]) -> Reply:
        """Return the reply to a content type that the operation does not accept."""

    def malformed(self, call: Call, problem: MalformedBody) -> Reply:
        """Return the reply to a body that does not parse."""

    def unsupported_encoding(self, call: Call, encoding: str) -> Reply:
        """Return the reply to an unsupported content encoding ("br")."""

    def undecodable(self, call: Call, problem: UndecodableBody) -> Reply:
        """Return the reply to a compressed body that cannot be decompressed."""

    def refuses(self, violation: Violation) -> bool:
        """Return True if the vendor refuses a call for this violation; otherwise it is only recorded."""

    def invalid(self, call: Call, violations: Sequence[Violation]) -> Reply:
        """Return the reply to a call with violations that the vendor refuses."""

    def broken(self, call: Call) -> Reply:
        """Return the vendor's 500, for an internal error."""


@runtime_checkable
class RecordDialect(Dialect, Protocol):
    """A Dialect that also words what the records of declared operations do not allow.

    Each method returns the vendor's own reply, for a GraphQL root field its error. `collection` is the name without the
    vendor's.
    """

    def missing(self, call: Call, collection: str, key: str, value: Any) -> Reply | FieldError:
        """Refuse a call that needs a missing record; `value` is NOTHING if the call names none."""

    def conflict(self, call: Call, collection: str, detail: str) -> Reply | FieldError:
        """Refuse a call that the state of a record, or another record, does not allow."""

    def reference(self, call: Call, collection: str, field: str, value: Any) -> Reply | FieldError:
        """Refuse a field that refers to a missing record of another collection."""


def reply_to(failure: Exception, call: Call, dialect: Dialect) -> Reply | None:
    """Return the vendor's reply to a body that cannot be read; None for any other failure."""
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


def nothing_is_due(world: World) -> None:
    """Write nothing: no record changes by the clock alone."""


def _nothing_to_sweep(world: World) -> None:
    """Remove nothing: the vendor writes everything in one transaction."""


def _status_200(result: dict[str, Any], ran: bool, refused: bool, switches: Switches) -> Reply:
    """Return every GraphQL result with status 200, but 400 for a refused request."""
    return Reply(400 if refused else 200, result)


@dataclass(frozen=True)
class Vendor:
    """One emulated company.

    `authenticate(call, credentials, now)` returns the caller, or raises Refusal (401);
    `authorize(call, identity, operation, safe)` raises Refusal (403) if rights depend only on the operation; `safe` is
    True for one that only reads. `present(credential)` returns the headers with which a client presents the credential,
    `presented(call)` the id that a call presents, valid or not, or "".
    `graphql_reply(result, ran, refused, switches)` wraps the result of a GraphQL request; `ran` means that its document
    and variables were valid, `refused` that they were not and that strict mode requires a 4xx.
    `sweep(world)` removes what interrupted streaming handlers have left behind: it runs on a database of an earlier
    process, and on a snapshot before it is restored, when no call is using the records. `due(world)` writes, at the
    beginning of each transaction, what has changed by the clock.
    """

    name: str
    title: str
    handlers: Sequence[Handlers]
    dialect: Dialect
    authenticate: Callable[[Call, Credentials, Any], Identity]
    collections: Sequence[Collection]
    present: Callable[[Record], dict[str, str]] = bearer_headers
    presented: Callable[[Call], str] = bearer_token
    authorize: Callable[[Call, Identity, str, bool], None] = _no_rights_needed
    graphql_reply: Callable[[dict[str, Any], bool, bool, Switches], Reply] = _status_200
    sweep: Callable[[World], None] = _nothing_to_sweep
    due: Callable[[World], None] = nothing_is_due
    hooks: Hooks = field(default_factory=Hooks)

    def credential_headers(self, credentials: Iterable[Record]) -> list[str]:
        """Return the headers in which clients present these credentials."""
        return list(dict.fromkeys(header for credential in credentials for header in self.present(credential)))
