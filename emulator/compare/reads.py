"""Says which calls surely change nothing at a live vendor."""

from __future__ import annotations

from graphql import GraphQLSyntaxError, OperationDefinitionNode, OperationType, parse

from emulator.contract.operation import SAFE_METHODS, RootFields
from emulator.exchange import Call

READS = (*SAFE_METHODS, "OPTIONS")

OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override", "_method")
"""Headers and query parameters by which web frameworks take another method than the request's own."""

OF_GRAPHQL = ("query", "mutation", "operationname", "variables", "extensions", "id", "queryid", "documentid", "doc_id")
"""Query parameters that GraphQL servers read, also those of stored documents; some prefer them to the body."""


def is_sure_read(call: Call, root_fields: RootFields | None, *, is_graphql: bool) -> bool:
    """Return True for a call that changes nothing: by a safe method, or a GraphQL query.

    `is_graphql` says that the vendor has a GraphQL API, whose server may also take requests by GET, or at other paths.
    """
    names = {name.lower() for name in call.query}
    if not all(method.upper() in READS for method in _overrides(call)):
        return False
    if root_fields is not None:
        return root_fields.root == "query" and names.isdisjoint(OF_GRAPHQL)
    if call.method not in READS:
        return False
    return not is_graphql or (not call.body and (names.isdisjoint(OF_GRAPHQL) or _only_queries(call, names)))


def _overrides(call: Call) -> list[str]:
    given = (*call.headers.items(), *call.query.items())
    return [value.strip() for name, value in given if name.lower() in OVERRIDES]


def _only_queries(call: Call, names: set[str]) -> bool:
    """Return True if a URL has GraphQL documents, all of them readable, and nothing but queries in them."""
    documents = [value for name, value in call.query.items() if name.lower() == "query"]
    is_plain = names.isdisjoint(set(OF_GRAPHQL) - {"query", "operationname", "variables"})
    return is_plain and bool(documents) and all(map(_has_only_queries, documents))


def _has_only_queries(document: str) -> bool:
    try:
        definitions = parse(document).definitions
    except (GraphQLSyntaxError, RecursionError):
        return False
    operations = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
    return bool(operations) and all(one.operation is OperationType.QUERY for one in operations)
