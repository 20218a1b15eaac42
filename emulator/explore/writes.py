"""Writes that a client has made twice."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["REPEATABLE", "RepeatedWrite", "repeated"]

REPEATABLE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
"""The methods of HTTP that may be repeated (RFC 9110, 9.2.2)."""

LOST = ("reset", "close")


@dataclass(frozen=True)
class RepeatedWrite:
    """The same write, in exchanges of the journal with these numbers; `given` are the plain fields of its body."""

    operations: str
    numbers: tuple[int, ...]
    given: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.operations} was done more than once"

    def has_made(self, added: Sequence[Mapping[str, Any]]) -> bool:
        """Return True if more than one of the added records has the fields of the body."""
        alike = [one for one in added if all(one.get(name) == value for name, value in self.given.items())]
        return len(alike) > 1


def repeated(exchanges: Sequence[Mapping[str, Any]], faults: Mapping[str, Mapping[str, Any]]) -> list[RepeatedWrite]:
    """Return the writes that were done more than once: the same call, with the same body.

    `exchanges` are documents of the journal, `faults` those of the armed faults by id.
    """
    found: dict[Hashable, list[Mapping[str, Any]]] = defaultdict(list)
    for exchange in exchanges:
        if _writes(exchange) and _is_done(exchange, faults):
            call = exchange["call"]
            found[call["method"], call["url"], call["body"], str(call["parts"])].append(exchange)
    return [
        RepeatedWrite(", ".join(same[0]["operations"]), tuple(one["id"] for one in same), _given(same[0]))
        for same in found.values()
        if len(same) > 1
    ]


def _writes(exchange: Mapping[str, Any]) -> bool:
    query = _body(exchange).get("query")
    is_query = isinstance(query, str) and "{" in query and "mutation" not in query
    return bool(exchange["operations"]) and exchange["call"]["method"] not in REPEATABLE and not is_query


def _is_done(exchange: Mapping[str, Any], faults: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return True if the call was executed, whatever its client has heard of it."""
    applied = [faults[id] for id in exchange["faults"] if id in faults]
    failing = [fault for fault in applied if "reply" in fault or "graphql" in fault or fault.get("connection") in LOST]
    if failing:
        return failing[0].get("commit") == "after" or failing[0].get("graphql", {}).get("data") == "keep"
    status: int = (exchange["reply"] or {}).get("status", 0)
    return exchange["state"] == "done" and status < 400


def _body(exchange: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        body = json.loads(exchange["call"]["body"] or "null")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _given(exchange: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain fields of the body, which the record that it makes has, too; of GraphQL none is known."""
    body = _body(exchange)
    return {} if "query" in body else {name: one for name, one in body.items() if isinstance(one, str | int | float)}
