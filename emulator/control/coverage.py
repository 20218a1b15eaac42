"""What a sandbox's calls have covered: operations with their statuses, and the fields of GraphQL schemas."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    contracts = emulator.catalogue.contracts
    has_graphql = any(contract.graphql for contract in contracts.values())

    def count() -> list[dict[str, Any]]:
        return count_fields(queries_of(exchanges, contracts), contracts)

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


def count_fields(
    queries: Mapping[tuple[str, str], int], contracts: Mapping[str, Contract], *, is_full: bool = True
) -> list[dict[str, Any]]:
    """Return the fields of the vendors' schemas with the number of calls that select each, and give each argument.

    `queries` counts vendors with documents. Unless `is_full`, only fields that were selected are returned.
    """
    found = []
    for vendor, contract in contracts.items():
        graphql, own = contract.graphql, [(query, times) for (of, query), times in queries.items() if of == vendor]
        if graphql is None or not (own or is_full):
            continue
        calls: Counter[tuple[str, ...]] = Counter()
        for query, times in own:
            calls.update(dict.fromkeys(graphql.selected(query), times))
        for (kind, field), arguments in graphql.fields().items():
            if is_full or calls[kind, field]:
                counts = {name: calls[kind, field, name] for name in arguments}
                level = graphql.level(kind, field)
                one = {"vendor": vendor, "type": kind, "field": field, "calls": calls[kind, field]}
                found.append({**one, "evidence": level, "arguments": counts})
    return found


def queries_of(exchanges: Iterable[Exchange], contracts: Mapping[str, Contract]) -> Counter[tuple[str, str]]:
    """Count the GraphQL documents of calls, by vendor."""
    vendors = [vendor for vendor, contract in contracts.items() if contract.graphql is not None]
    return Counter((one.vendor, query_in(one.call.body)) for one in exchanges if one.vendor in vendors)


def query_in(body: bytes | str | None) -> str:
    """Return the GraphQL document in the body of a call, as the journal has it; "" if there is none."""
    try:
        request = json.loads(body or "")
    except ValueError:
        return ""
    query = request.get("query") if isinstance(request, dict) else None
    return query if isinstance(query, str) else ""
