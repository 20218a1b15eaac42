"""What an editor completes and a type checker refuses. Written by tests/generated.py: do not edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Required, TypeAlias, TypedDict

if TYPE_CHECKING:
    from emulator.client.vendors import VendorAccess

__all__ = [
    "BuiltInVendors",
    "Commit",
    "ConductRule",
    "Connection",
    "ConnectionDetails",
    "Delay",
    "DelayDetails",
    "Drip",
    "ExpectedCall",
    "Follows",
    "GraphQL",
    "GraphQLError",
    "GraphQLLocation",
    "Lognormal",
    "Only",
    "Over",
    "Reply",
    "ScenarioName",
    "Truncate",
    "When",
    "Where",
]

ScenarioName: TypeAlias = Literal[
    "celigo/bad-request",
    "celigo/connection-reset",
    "celigo/empty-lists-204",
    "celigo/empty-world",
    "celigo/flaky",
    "celigo/forbidden",
    "celigo/install-step-fails",
    "celigo/large-world",
    "celigo/malformed-json",
    "celigo/not-found",
    "celigo/outage",
    "celigo/rate-limited",
    "celigo/rate-window",
    "celigo/recovers",
    "celigo/runs-fail",
    "celigo/server-error",
    "celigo/slow",
    "celigo/timeout",
    "celigo/token-expires",
    "celigo/truncated-body",
    "celigo/unauthorized",
    "celigo/unavailable",
    "celigo/update-in-progress",
    "celigo/vendor-outage-window",
    "celigo/write-then-fail",
    "immuta/bad-request",
    "immuta/connection-reset",
    "immuta/data-source-gone",
    "immuta/empty-world",
    "immuta/flaky",
    "immuta/forbidden",
    "immuta/large-world",
    "immuta/malformed-json",
    "immuta/no-dictionary",
    "immuta/not-found",
    "immuta/not-owner",
    "immuta/outage",
    "immuta/rate-limited",
    "immuta/recovers",
    "immuta/server-error",
    "immuta/slow",
    "immuta/timeout",
    "immuta/token-expires",
    "immuta/truncated-body",
    "immuta/unauthorized",
    "immuta/unavailable",
    "immuta/vendor-outage-window",
    "immuta/write-then-fail",
    "paradime/bad-request",
    "paradime/bolt-run-fails",
    "paradime/bolt-run-never-ends",
    "paradime/connection-reset",
    "paradime/dinoai-run-fails",
    "paradime/dinoai-run-never-ends",
    "paradime/empty-world",
    "paradime/flaky",
    "paradime/forbidden",
    "paradime/graphql-error",
    "paradime/large-world",
    "paradime/malformed-json",
    "paradime/not-found",
    "paradime/outage",
    "paradime/partial-data",
    "paradime/rate-limited",
    "paradime/recovers",
    "paradime/server-error",
    "paradime/slow",
    "paradime/snapshot-lost",
    "paradime/timeout",
    "paradime/token-expires",
    "paradime/truncated-body",
    "paradime/unauthorized",
    "paradime/unavailable",
    "paradime/vendor-outage-window",
    "paradime/write-then-fail",
    "secoda/bad-request",
    "secoda/connection-reset",
    "secoda/empty-world",
    "secoda/flaky",
    "secoda/forbidden",
    "secoda/large-world",
    "secoda/malformed-json",
    "secoda/not-found",
    "secoda/outage",
    "secoda/rate-limited",
    "secoda/rate-window",
    "secoda/recovers",
    "secoda/server-error",
    "secoda/slack-disconnected",
    "secoda/slow",
    "secoda/sync-stuck",
    "secoda/timeout",
    "secoda/token-expires",
    "secoda/torn-pagination",
    "secoda/truncated-body",
    "secoda/unauthorized",
    "secoda/unavailable",
    "secoda/vendor-outage-window",
    "secoda/write-then-fail",
    "*/bad-request",
    "*/connection-reset",
    "*/empty-world",
    "*/flaky",
    "*/forbidden",
    "*/large-world",
    "*/malformed-json",
    "*/not-found",
    "*/outage",
    "*/rate-limited",
    "*/rate-window",
    "*/recovers",
    "*/server-error",
    "*/slow",
    "*/timeout",
    "*/token-expires",
    "*/truncated-body",
    "*/unauthorized",
    "*/unavailable",
    "*/vendor-outage-window",
    "*/write-then-fail",
]

ConductRule: TypeAlias = Literal[
    "retry-after-ignored",
    "duplicate-write",
    "retried-in-vain",
    "hammered",
    "secret-in-query",
    "gave-up",
    "abandoned",
    "pages-skipped",
    "pages-read-twice",
    "pages-unread",
    "next-ignored",
    "refetched",
    "burst",
    "expired-credential",
]


class BuiltInVendors:
    """The vendors that come with the emulator, as attributes; those of yours are in `vendors`."""

    celigo: VendorAccess
    immuta: VendorAccess
    paradime: VendorAccess
    secoda: VendorAccess


class Where(TypedDict, total=False):
    """Which calls match: all conditions must match. A condition is a value, or one of {equals: value}, {glob:
    text}, {regex: text}, {absent: true}, {schema: JSON Schema}.
    """

    path: Mapping[str, Any]
    """Path parameters by name; "2" is 2."""
    query: Mapping[str, Any]
    """Query parameters by name; "2" is 2."""
    headers: Mapping[str, Any]
    """Headers by name, in any case."""
    body: Mapping[str, Any]
    """Values of the body by JSON pointer; a plain key stands for its pointer. The fields of a form or multipart
    body by name.
    """
    variables: Mapping[str, Any]
    """Variables of a GraphQL request by name or JSON pointer."""
    arguments: Mapping[str, Any]
    """Arguments of the GraphQL root field that is the operation, by name or JSON pointer, with variables filled
    in. Of a field that is selected more than once, by aliases, one selection must match.
    """
    credential: Any
    """The id of the credential that the call presents, valid or not."""
    status: Any
    """The status of the reply; 0 is a broken connection. Not available in the where of a fault, which applies
    before there is one.
    """


Only: TypeAlias = Literal["reads", "writes"]


class Over(TypedDict, total=False):
    """Calls beyond a rate: `calls` in any `seconds`, or a bucket of `calls` that refills `per_second`."""

    calls: Required[int]
    """This many calls pass."""
    per_second: float
    """How many calls the bucket gets back each second."""
    seconds: float
    """The length of the stretch, in seconds."""


class Follows(TypedDict, total=False):
    """Begins after this many calls of an operation, also of another vendor, counted from when the fault is armed:
    Secoda fails once Celigo has written.
    """

    vendor: Required[str]
    """The vendor of these calls."""
    operation: str
    """A name or a glob. Left out: any."""
    count: int
    """How many calls."""
    where: Where
    """Only calls with these values, as in the journal, including `status`."""


class When(TypedDict, total=False):
    """Which of the matching calls; fields that are left out do not restrict. All calls that the fault matches are
    counted.
    """

    after: int
    """Skips this many calls; counting begins after them."""
    nth: int | Sequence[int]
    """Only the nth call, or several of them."""
    every: int
    """Each second, third … call."""
    times: int
    """At most this many calls. Left out: no limit."""
    probability: float
    """This share of the calls, by the sandbox's seed."""
    between: Sequence[str]
    """Between two times of the sandbox's clock."""
    over: Over
    """Calls beyond a rate: `calls` in any `seconds`, or a bucket of `calls` that refills `per_second`."""
    per: Literal["fault", "operation"]
    """operation: counts the calls of each operation separately. fault: all together."""
    follows: Follows
    """Begins after this many calls of an operation, also of another vendor, counted from when the fault is armed:
    Secoda fails once Celigo has written.
    """


Commit: TypeAlias = Literal["before", "after"]


class Reply(TypedDict, total=False):
    """Replies this instead of the vendor."""

    status: int
    """One of the operation's contract, unless `force` is set."""
    body: Any
    """Left out: the contract's example. A string is sent unchanged. {retry_after} becomes the seconds to wait."""
    headers: Mapping[str, str]
    """Headers by name. {retry_after} becomes the seconds to wait."""


class Lognormal(TypedDict, total=False):
    """Mostly about `median`, sometimes much longer: more so with a larger `sigma`."""

    median: Required[float]
    """Half of the delays are longer, in seconds."""
    sigma: Required[float]
    """How much they differ; 0: not at all."""


class DelayDetails(TypedDict, total=False):
    """One of these, in seconds."""

    fixed: float
    """Always this many seconds."""
    uniform: Sequence[float]
    """Between the shortest and the longest, each equally often."""
    lognormal: Lognormal
    """Mostly about `median`, sometimes much longer: more so with a larger `sigma`."""
    clock: float
    """Moves the sandbox's clock forward by this many seconds, and waits for none of them."""


Delay: TypeAlias = float | DelayDetails


class Truncate(TypedDict, total=False):
    """Sends the beginning of the body and closes the connection."""

    after_bytes: Required[int]
    """This many bytes. A shorter body is sent completely."""


class Drip(TypedDict, total=False):
    """Sends the body slowly, ten times a second or byte by byte."""

    bytes_per_second: Required[float]
    """This many bytes a second."""


class ConnectionDetails(TypedDict, total=False):
    """One of these, with its amount."""

    truncate: Truncate
    """Sends the beginning of the body and closes the connection."""
    drip: Drip
    """Sends the body slowly, ten times a second or byte by byte."""


Connection: TypeAlias = Literal["reset", "close", "truncate", "drip"] | ConnectionDetails


class GraphQLLocation(TypedDict, total=False):
    """A place in the document, counted from 1."""

    line: Required[int]
    column: Required[int]


class GraphQLError(TypedDict, total=False):
    """As in the GraphQL specification; the path of the field is added."""

    message: Required[str]
    locations: Sequence[GraphQLLocation]
    extensions: Mapping[str, Any]


class GraphQL(TypedDict, total=False):
    """Adds errors to a root field; the document's other fields stay as they are."""

    errors: Required[Sequence[GraphQLError]]
    """The errors, as in the GraphQL specification; the path of the field is added."""
    data: Literal["keep", None]
    """keep: the field's data is kept. null: it is null."""


class ExpectedCall(TypedDict, total=False):
    """An expected call."""

    operation: Required[str]
    vendor: str
    where: Where
