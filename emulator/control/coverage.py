"""What a sandbox's calls have covered: operations with their statuses, and the fields of GraphQL schemas."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from emulator.contract.openapi import Contract
from emulator.control.handlers import Emulator, Handlers
from emulator.exchange import Call, Reply
from emulator.journal.entry import Exchange
from emulator.sandbox.sandbox import Sandbox

handlers = Handlers()


@handlers.sandbox_operation("getCoverage")
async def get_coverage(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Count the completed calls in the journal by operation and status, and by GraphQL field."""
    exchanges = sandbox.journal.select(state="done")
    count = partial(_count_fields, exchanges, emulator.catalogue.contracts)
    has_graphql = any(contract.graphql for contract in emulator.catalogue.contracts.values())
    return Reply(
        200,
        {
            "operations": list(_count_operations(exchanges)),
            "graphql_fields": await emulator.worker.run(count) if has_graphql else [],
            "dropped": sandbox.journal.dropped,
        },
    )


def _count_operations(exchanges: Sequence[Exchange]) -> Iterator[dict[str, Any]]:
    counts: dict[tuple[str, str], Counter[int]] = {}
    for exchange in exchanges:
        for name in exchange.operations:
            counts.setdefault((exchange.vendor, name), Counter())[exchange.status] += 1
    for (vendor, name), statuses in sorted(counts.items()):
        yield {
            "vendor": vendor,
            "operation": name,
            "statuses": {str(status): calls for status, calls in sorted(statuses.items())},
        }


def _count_fields(exchanges: Sequence[Exchange], contracts: Mapping[str, Contract]) -> list[dict[str, Any]]:
    """Return all fields of the vendors' schemas, with the number of calls that select each."""
    found = []
    for vendor, contract in contracts.items():
        if contract.graphql is None:
            continue
        queries = Counter(_query_of(exchange) for exchange in exchanges if exchange.vendor == vendor)
        calls: Counter[tuple[str, str]] = Counter()
        for query, times in queries.items():
            calls.update(dict.fromkeys(contract.graphql.selected(query), times))
        for kind, field in contract.graphql.fields():
            found.append({"vendor": vendor, "type": kind, "field": field, "calls": calls[kind, field]})
    return found


def _query_of(exchange: Exchange) -> str:
    """Return the GraphQL document of a call, as the journal has it; "" if there is none."""
    try:
        request = json.loads(exchange.call.body)
    except ValueError:
        return ""
    query = request.get("query") if isinstance(request, dict) else None
    return query if isinstance(query, str) else ""
