"""A sandbox's journal: read, verify, export, stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from aiohttp import web

from emulator import __version__
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.control.document import own_contract
from emulator.control.handlers import Emulator, Handlers, Stream, whole_numbers
from emulator.control.long_json import HEADERS, long_json
from emulator.control.sandboxes import full_rights
from emulator.errors import ConfigurationError, Problem, explained, sentence, unknown
from emulator.exchange import Call, Reply
from emulator.journal.entry import Exchange
from emulator.journal.expectation import Expectation, expectation_of
from emulator.journal.following import Follower
from emulator.journal.har import har, har_entry
from emulator.journal.snippets import assertion_of, curl_of
from emulator.journal.subject import matching
from emulator.journal.verification import Verification, Verifier
from emulator.journal.waiting import QUICK_BYTES, Waiting
from emulator.json_text import write_json
from emulator.matching.globs import matches
from emulator.matching.possible import check_graphql, check_possible
from emulator.matching.where import Where, where_of
from emulator.sandbox.sandbox import Sandbox
from emulator.transport.connection import end_with_client, has_left

HEARTBEAT_SECONDS = 5.0
"""How often an idle stream sends a comment, which also finds out whether its reader is still connected."""

EVENTS_AT_ONCE = 5
"""After this many events other calls get their turn: each may be 128 kB, and is masked now."""

DOCUMENTS_LIMIT = 1000
"""How many exchanges a verification returns at most."""

handlers = Handlers()


@handlers.sandbox_operation("listExchanges")
async def list_exchanges(call: Call, sandbox: Sandbox, emulator: Emulator) -> Stream:
    """List the exchanges that match all parameters."""
    filters = {name: value for name, value in call.params.items() if name not in ("sandbox", "limit", "where")}
    operation = call.params.get("operation", "*")
    where = _read_where(call.params.get("where", "{}"))
    _check(call.params.get("vendor"), call.params.get("operation"), where, emulator)
    limit, since = call.params.get("limit"), call.params.get("since")
    journal = sandbox.journal
    found = journal.select(**filters)
    if where:
        keep = partial(matching, found, where, operation)
        found = keep() if journal.bytes <= QUICK_BYTES else await emulator.worker.run(keep)
    page = found if limit is None else found[:limit] if since is not None else found[max(0, len(found) - limit) :]
    more = since is not None and page and len(page) < len(found)
    counts = {"recorded": journal.recorded, "dropped": journal.dropped, "kept": len(journal)}
    rest = {**counts, "next": page[-1].number if more else None}
    return long_json(b'{"exchanges":[', page, Exchange.document, b"]," + write_json(rest)[1:])


@handlers.sandbox_operation("clearJournal")
async def clear_journal(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Delete all exchanges."""
    sandbox.journal.clear()
    return Reply(204)


@handlers.sandbox_operation("getExchange")
async def get_exchange(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return one exchange."""
    return Reply(200, _find(call, sandbox).document())


@handlers.sandbox_operation("getSnippets")
async def get_snippets(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return a call as a curl command, with a credential of the sandbox, and as an assertion."""
    exchange = _find(call, sandbox)
    credential = full_rights(emulator.catalogue.vendors[exchange.vendor], sandbox)
    return Reply(200, {"curl": curl_of(exchange.call, credential), "assertion": assertion_of(exchange)})


def _find(call: Call, sandbox: Sandbox) -> Exchange:
    """Return the exchange that a call names. Raises Problem."""
    exchange = sandbox.journal.get(call.params["id"])
    if exchange is None:
        kept = [exchange.number for exchange in sandbox.journal]
        range_kept = f"those from {kept[0]} to {kept[-1]}" if kept else "none"
        raise Problem(404, f"The journal of {sandbox.name} has no exchange {call.params['id']}; it keeps {range_kept}.")
    return exchange


@handlers.sandbox_operation("verifyJournal")
async def verify_journal(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply | Stream:
    """Verify an expectation; with `within`, wait for it."""
    verifier = Verifier(_read_expectation(whole_numbers(call.document), emulator))
    waiting = Waiting(verifier, sandbox.journal, emulator.worker)
    with_documents = call.params.get("documents", False)
    within = verifier.expectation.within
    if within is None:
        found = await waiting.verdict()
        return _verdict(found) if with_documents else Reply(200, found.document())

    async def write(request: web.BaseRequest, response: web.StreamResponse) -> None:
        end_with_client(request)
        # A sandbox that somebody waits for is in use.
        with sandbox.in_flight:
            found = await waiting.final_verdict(within, lambda: has_left(request))
        if with_documents:
            await _verdict(found).write(request, response)
        else:
            await response.write(write_json(found.document()))

    return Stream(HEADERS, write)


def _verdict(found: Verification) -> Stream:
    """Return the result together with its exchanges, which could be evicted before a further call."""
    start = write_json({**found.document(), "documents": []}).removesuffix(b"]}")
    return long_json(start, found.matching[-DOCUMENTS_LIMIT:], Exchange.document, b"]}")


def _read_expectation(document: dict[str, Any], emulator: Emulator) -> Expectation:
    """Return the expectation. Raises Problem for an invalid one, or an unknown operation or vendor."""
    try:
        expectation = expectation_of(document)
    except ConfigurationError as problem:
        raise Problem(422, f"Invalid expectation: {problem}.") from None
    for expected in expectation.calls:
        _check(expected.vendor, expected.operation, expected.where, emulator)
    return expectation


@handlers.sandbox_operation("getHar")
async def get_har(call: Call, sandbox: Sandbox, emulator: Emulator) -> Stream:
    """Return the journal, or a part of it, as an HTTP archive."""
    found = sandbox.journal.select(state="done", since=call.params.get("since"), limit=call.params.get("limit"))
    start, end = write_json(har((), __version__)).split(b"[]")
    return long_json(start + b"[", found, har_entry, b"]" + end)


@handlers.sandbox_operation("streamExchanges")
async def stream_exchanges(call: Call, sandbox: Sandbox, emulator: Emulator) -> Stream:
    """Stream new exchanges."""
    since = call.params.get("Last-Event-ID", call.params.get("since", sandbox.journal.recorded))

    async def write(request: web.BaseRequest, response: web.StreamResponse) -> None:
        end_with_client(request)
        await _follow(response, sandbox.name, since, emulator)

    return Stream({"Content-Type": "text/event-stream", "Cache-Control": "no-store"}, write)


async def _follow(response: web.StreamResponse, name: str, since: int, emulator: Emulator) -> None:
    """Send exchanges until the sandbox is dropped or the emulator stops; a reset continues with the new sandbox's."""
    await response.write(b": exchanges follow\n\n")
    while (sandbox := emulator.sandboxes.get(name)) is not None:
        await _follow_journal(response, Follower(sandbox.journal, since))
        if emulator.sandboxes.get(name) is sandbox:
            return
        since = 0


async def _follow_journal(response: web.StreamResponse, follower: Follower) -> None:
    """Send exchanges until the journal is closed."""
    while True:
        exchanges = follower.take()
        for start in range(0, len(exchanges), EVENTS_AT_ONCE):
            await response.write(_events(exchanges[start : start + EVENTS_AT_ONCE], follower))
            await asyncio.sleep(0)
        if not exchanges and follower.has_ended:
            return
        try:
            await asyncio.wait_for(follower.changed(), HEARTBEAT_SECONDS)
        except TimeoutError:
            await response.write(b": nothing new\n\n")


def _events(exchanges: Iterable[Exchange], follower: Follower) -> bytes:
    return b"".join(
        b"id: %d\nevent: exchange\ndata: %s\n\n" % (follower.resumes_after(one), _one_line(one.document()))
        for one in exchanges
    )


def _one_line(document: Any) -> bytes:
    """Return JSON without characters that Python and browsers take for a line break, although a stream does not."""
    text = write_json(document)
    for separator in ("\u2028", "\u2029", "\x85"):
        text = text.replace(separator.encode(), b"\\u%04x" % ord(separator))
    return text


def _read_where(text: str) -> Where:
    """Return the conditions in a query parameter. Raises Problem if it is not a `where` as JSON."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise Problem(422, 'Invalid where: write it as JSON, such as {"query": {"page": 2}}.') from None
    wrong = own_contract().schema("where.schema.json").violations(document, "where")
    if wrong:
        raise Problem(422, "; ".join(f"where {one.pointer or '/'}: {explained(one)}" for one in wrong) + ".")
    try:
        return where_of(document)
    except ConfigurationError as problem:
        raise Problem(422, f"Invalid {problem}.") from None


def _check(vendor: str | None, operation: str | None, where: Where, emulator: Emulator) -> None:
    """Raise Problem, naming the nearest, for names that are unknown, and for what no call can match.

    Calls without an operation may have been answered by a stub, whose parameters are not checked.
    """
    contracts = emulator.catalogue.contracts
    if vendor is not None and vendor not in contracts:
        raise Problem(422, sentence(unknown("vendor", vendor, contracts)))
    meant = contracts if vendor is None else {vendor: contracts[vendor]}
    operations = None if operation is None else _operations(operation, vendor, meant)
    try:
        if operations is None:
            check_graphql(where, meant.values())
        else:
            check_possible(where, operations, meant)
    except ConfigurationError as problem:
        raise Problem(422, f"Invalid {problem}.") from None


def _operations(glob: str, vendor: str | None, contracts: Mapping[str, Contract]) -> Sequence[Operation]:
    """Return the operations that a glob matches. Raises Problem if there are none."""
    every = [operation for contract in contracts.values() for operation in contract.operations.values()]
    named = [operation for operation in every if matches(operation.name, glob)]
    if not named:
        where, command = (f"of {vendor}", f" --vendor {vendor}") if vendor else ("", "")
        names, listed_by = sorted({one.name for one in every}), f"`emulator operations{command}`"
        raise Problem(422, sentence(unknown("operation", glob, names, where, listed_by=listed_by)))
    return named
