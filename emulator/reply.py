"""A reply, and where a call or a reply violates the contract. The client needs it: the standard library is enough."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

__all__ = [
    "NOTHING",
    "PROBLEM",
    "REFUSED",
    "UNDECODABLE",
    "Document",
    "Nothing",
    "Record",
    "Reply",
    "Violation",
    "pointer_to",
    "steps_of",
    "timestamp",
]

PROBLEM: Final = "application/problem+json"
"""The media type of problem details (RFC 9457)."""

Document: TypeAlias = Any
"""A JSON document: what `json.loads` returns."""


class Nothing:
    """The type of `NOTHING`."""

    def __repr__(self) -> str:
        return "NOTHING"

    def __bool__(self) -> bool:
        return False


NOTHING: Final = Nothing()
"""A missing body, where None would mean JSON `null`."""


@dataclass(slots=True)
class Reply:
    """A reply: a JSON `document`, or raw `content` with its `content_type`, or no body at all."""

    status: int
    document: Document | Nothing = NOTHING
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    content_type: str = ""


UNDECODABLE = "percent-encoding"
"""The rule that a path parameter violates if it is not percent-encoded UTF-8."""


REFUSED = "refused"
"""The rule that a call violates if a vendor's handler refuses what was sent, but no schema does."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A place where a call or a reply violates the contract.

    `place` is "path", "query", "header", "body" or "status"; `pointer` the JSON pointer of the
    invalid value (for the rule "required" of the missing one, for "additionalProperties" of the
    extra one); `rule` the JSON Schema keyword, or "syntax", "validation", "variables" or
    "operationName" for a GraphQL request that does not run, or REFUSED; `expected` that keyword's value; `actual` the
    value found, NOTHING if there is none. `known` are the names that the contract has there (None: it does not say),
    `example` is its example.
    """

    place: str
    pointer: str
    rule: str
    expected: Any
    actual: Any
    sentence: str
    known: Collection[str] | None = field(default=None, compare=False)
    example: Any = field(default=NOTHING, compare=False)


Record: TypeAlias = dict[str, Any]
"""One JSON object of a collection."""


def pointer_to(*steps: object) -> str:
    """Return the JSON pointer (RFC 6901) with these steps, escaped: "/paths/~1flows/get"."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def steps_of(pointer: str) -> list[str]:
    """Return the steps of a JSON pointer, unescaped."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def timestamp(moment: datetime) -> str:
    """Return an aware time as JavaScript writes it: ISO 8601 in UTC, "2018-03-21T10:52:30.535Z"."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
