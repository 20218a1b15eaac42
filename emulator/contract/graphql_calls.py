"""The GraphQL requests in one vendor's calls: parsed, validated, cached, without blocking the event loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from emulator.contract.graphql import GraphQL
from emulator.contract.operation import GraphQLLimits, GraphQLResult, Resolve, ResolveNested, RootFields
from emulator.errors import MalformedBody
from emulator.exchange import NOTHING, Call
from emulator.json_text import Reading, UnsupportedCharset, write_json
from emulator.runtime.bounded import BoundedCache
from emulator.runtime.off_loop import Worker

if TYPE_CHECKING:
    from emulator.contract.execution import GraphQLDocument

T = TypeVar("T")

Request: TypeAlias = Mapping[str, Any]
"""A GraphQL request with a query that is a string: {query, variables, operationName}."""

STRANGERS_QUERY = 64 * 1024
"""The longest document that is parsed for a client without a credential, in characters."""

STRANGERS_BODY = 1024**2
"""The longest body that is parsed for such a client, in bytes."""

QUICK_QUERY = 1024
"""The longest document that is parsed and validated in the event loop, in characters: 0.05 s at worst."""

QUICK_FIELDS = 100
QUICK_BODY = 64 * 1024
"""A request with more fields or bytes is executed off the event loop."""

KEPT_BYTES = 8 * 1024**2
"""The memory limit of cached documents. A full garbage collection visits all of them."""


class GraphQLCalls:
    """Reads and runs the requests of one vendor."""

    def __init__(self, graphql: GraphQL, limits: GraphQLLimits, reading: Reading) -> None:
        self.carrier = graphql.carrier
        self._graphql = graphql
        self._limits = limits
        self._reading = reading
        self._worker = Worker()
        self.documents = BoundedCache[tuple[str, frozenset[str]], "GraphQLDocument"](KEPT_BYTES)

    def is_long(self, call: Call) -> bool:
        """Return True if the call is only parsed once its client is authenticated."""
        if len(call.body) <= STRANGERS_QUERY:
            return False
        request = self._request_in(call) if len(call.body) <= STRANGERS_BODY else None
        return request is None or len(request["query"]) > STRANGERS_QUERY

    async def root_fields(self, call: Call) -> RootFields | None:
        """Return the root fields that a call selects; None if it is not a GraphQL request, or does not parse.

        The document is not cached: the client is not authenticated.
        """
        request = self._request_in(call)
        if request is None:
            return None
        graphql, limits, key = self._graphql, self._limits, self._key(call, request)
        document = self.documents.get(key)
        if document is not None:
            return graphql.root_fields(document, request)
        return await self._run(key[0], lambda: graphql.root_fields(graphql.parse(*key, limits), request))

    async def prepare(self, call: Call) -> GraphQLDocument:
        """Return the validated document of an authenticated call whose body is valid, and cache it."""
        graphql, limits, key = self._graphql, self._limits, self._key(call, cast("Request", call.document))
        document = self.documents.get(key)
        if document is None:
            document = await self._run(key[0], lambda: graphql.validate(graphql.parse(*key, limits), limits))
            self.documents.put(key, document, document.bytes)
        return document

    def takes_long(self, call: Call, document: GraphQLDocument) -> bool:
        """Return True if a request must be executed off the event loop."""
        return document.fields > QUICK_FIELDS or len(call.body) > QUICK_BODY

    def execute(
        self, call: Call, document: GraphQLDocument, resolve: Resolve, resolve_nested: ResolveNested
    ) -> GraphQLResult:
        """Run a call's request with its valid document."""
        return self._graphql.execute(document, cast("Request", call.document), resolve, resolve_nested)

    def meaning(self, call: Call, document: GraphQLDocument) -> str:
        """Return all of a call's request that its result depends on: variables that no operation declares are not."""
        request = cast("Request", call.document)
        name, given = request.get("operationName"), request.get("variables")
        if isinstance(given, dict):
            given = {variable: value for variable, value in given.items() if variable in document.variables}
        query, aliases = self._key(call, request)
        return f"{sorted(aliases)} {write_json([query, name, given])!r}"

    def _key(self, call: Call, request: Request) -> tuple[str, frozenset[str]]:
        return request["query"], self._graphql.aliases_on(request["query"], call.switches)

    async def _run(self, query: str, work: Callable[[], T]) -> T:
        is_quick = len(query) <= QUICK_QUERY and self._graphql.is_ready
        return work() if is_quick else await self._worker.run(work)

    def _request_in(self, call: Call) -> Request | None:
        """Return the GraphQL request in a call's body, None if there is none."""
        if call.document is NOTHING and call.parsed is NOTHING:
            try:
                call.parsed = self._reading.read(call.body, call.charset)
            except (MalformedBody, UnsupportedCharset):
                return None
        request = call.parsed if call.document is NOTHING else call.document
        return request if isinstance(request, dict) and isinstance(request.get("query"), str) else None
