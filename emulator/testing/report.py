"""The journal of a test: its lines for the report, and the unexpected calls of the client under test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from http.client import BAD_REQUEST
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from emulator.errors import EmulatorError

if TYPE_CHECKING:
    from emulator.client import Changes, Exchange, Violation

Allowance: TypeAlias = "bool | Sequence[str]"
"""True for everything, False for nothing, or globs of what is allowed."""

REPLY_CHARACTERS = 200


def changes_text(changes: Callable[[], Changes]) -> str:
    """Return what `changes()` tells, as text: for a report, which must be made even if the emulator is gone."""
    try:
        return str(changes()) or "no changes"
    except (EmulatorError, RuntimeError) as problem:
        return f"they cannot be read: {problem}"


def journal_lines(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """Yield for each exchange its method, path, status, operations and faults, then what tells why it was refused."""
    for exchange in exchanges:
        words = [f"{exchange.id:4}", _call(exchange), f"-> {_outcome(exchange)}", exchange.vendor]
        words += [", ".join(exchange.operations) or (f"(stub {exchange.stub})" if exchange.stub else "(unmatched)")]
        words += [f"[{', '.join(exchange.faults)}]"] if exchange.faults else []
        yield " ".join(words)
        for violation in exchange.violations:
            yield f"       {violation.of}: {_told(violation)}"
        for near in exchange.near_misses:
            yield f"       near miss: {near}"
        if refusal := _refusal(exchange):
            yield f"       reply: {_shortened(refusal)}"


def unexpected_calls(
    exchanges: Iterable[Exchange],
    allow_unmatched: Allowance = False,
    allow_violations: Allowance = False,
    base_urls: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Yield a sentence for each exchange that no operation matches, or that violates the contract.

    `allow_violations` are globs for operations, `allow_unmatched` for paths: below the vendor's base URL (in
    `base_urls`), below its root, or with its name ("/nope", "/api/v1/nope", "/secoda/api/v1/nope").
    """
    for exchange in exchanges:
        contract = f"contracts/{exchange.vendor}/openapi.yaml"
        if (
            not exchange.operations
            and not exchange.stub
            and not is_allowed(allow_unmatched, _paths(exchange, base_urls or {}))
        ):
            near = f"; {exchange.near_misses[0]}" if exchange.near_misses else ""
            yield f"{_call(exchange)}: no operation in {contract} matches{near}"
        if exchange.operations and not is_allowed(allow_violations, exchange.operations):
            for violation in exchange.violations:
                whose = "" if violation.of == "call" else " (the reply: an internal error, please report it)"
                where = f"{contract}, {', '.join(exchange.operations)}"
                yield f"{_call(exchange)}: {_told(violation)}{whose}\n    {where}"


def _call(exchange: Exchange) -> str:
    path = exchange.url.partition(exchange.path)[1:] if exchange.path else ("", "")
    return f"{exchange.method} {''.join(path) or '/'}"


def _outcome(exchange: Exchange) -> str:
    if exchange.state == "open":
        return "in progress"
    return str(exchange.status or "connection broken")


def _refusal(exchange: Exchange) -> str:
    """Return the reply's body, or the errors in it, if only they say why the vendor refused the call; else ""."""
    if exchange.faults or exchange.violations or not exchange.operations or not exchange.reply_body:
        return ""
    if exchange.status >= BAD_REQUEST:
        return exchange.reply_body
    _, graphql_errors, rest = exchange.reply_body.partition('"errors":[{"message":')
    return graphql_errors and graphql_errors + rest


def _shortened(body: str) -> str:
    """Return a body as one line of at most REPLY_CHARACTERS."""
    line = " ".join("".join(character if character.isprintable() else " " for character in body).split())
    return line if len(line) <= REPLY_CHARACTERS else f"{line[:REPLY_CHARACTERS]}…"


def _told(violation: Violation) -> str:
    return f"{violation.rule} at {violation.place} {violation.pointer or '/'}: {violation.sentence}"


def _paths(exchange: Exchange, base_urls: Mapping[str, str]) -> Iterator[str]:
    """Yield the path in each form in which a user may write it."""
    root = f"/{exchange.vendor}"
    yield exchange.path
    yield root + exchange.path
    # The URL's path begins with the sandbox, then the vendor, unless it is on the vendor's own port or host.
    mount = re.sub("^/~[^/]*", "", urlsplit(base_urls.get(exchange.vendor, "")).path).removeprefix(root)
    if mount and exchange.path.startswith(mount):
        yield exchange.path.removeprefix(mount) or "/"


def is_allowed(allowance: Allowance, names: Iterable[str]) -> bool:
    """Return True if everything is allowed, or one of the names."""
    if isinstance(allowance, bool):
        return allowance
    return any(fnmatchcase(name, pattern) for name in names for pattern in allowance)
