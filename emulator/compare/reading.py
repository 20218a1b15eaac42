"""Reads exchanges with a vendor by its contract, wherever they took place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from emulator.compare.archive import read_json
from emulator.compare.reads import is_sure_read
from emulator.contract.fidelity import check_reply
from emulator.contract.graphql_calls import GraphQLCalls
from emulator.contract.graphql_results import result_violations
from emulator.contract.openapi import Contract, responses_of
from emulator.contract.operation import GraphQLLimits, Operation, RootFields
from emulator.contract.reading import read_call
from emulator.contract.routes import Routes
from emulator.errors import Departure, MalformedBody
from emulator.exchange import NOTHING, Call, Reply, Violation
from emulator.journal.entry import Exchange
from emulator.journal.journal import Journal
from emulator.journal.recording import Recorder, Recording
from emulator.settings import Settings
from emulator.transport import wire
from emulator.vendor import Vendor

LIVE = "live"
"""The name of the sandbox of recorded exchanges."""

WHOLE_BODY = 64 * 1024**2
"""The longest body that is recorded whole, in bytes."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a call is by the contract: the operation at its path, and the root fields of a GraphQL request."""

    operation: Operation | None
    root_fields: RootFields | None = None
    has_route: bool = False

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the operations: root fields, or the one at the path."""
        if self.root_fields is not None and (self.root_fields.operations or self.root_fields.unknown):
            return self.root_fields.operations
        return (self.operation.name,) if self.operation else ()


class ExchangeReader:
    """Reads the exchanges with one vendor, whose `switches` have their defaults, or the values that are given."""

    def __init__(
        self, vendor: Vendor, contract: Contract, settings: Settings, switches: Mapping[str, Any] | None = None
    ) -> None:
        self.vendor = vendor
        self.contract = contract
        self.switches = {one.name: one.default for one in contract.switches.values()} | dict(switches or {})
        self._routes = Routes(contract)
        self._recorder = Recorder(contract, vendor.presented, WHOLE_BODY)
        self._numbers = Journal(1, 0)
        self._max_depth = settings.max_json_depth
        limits = GraphQLLimits(**settings.graphql_limits)
        graphql = contract.graphql
        self._graphql = GraphQLCalls(graphql, limits, contract.conventions.reading) if graphql else None

    def has_route(self, path: str) -> bool:
        """Return True if a path below the vendor's root is one of an operation."""
        return self._routes.find(path) is not None

    async def match(self, call: Call) -> Match:
        """Find the operation of a call, whose path is below the vendor's root; give the call its base URL."""
        route = self._routes.find(call.path)
        if route is None:
            return Match(None)
        call.move_below(route.mount)
        call.params = dict(route.params)
        call.switches = self.switches
        operation = route.operations.get("GET" if call.method == "HEAD" else call.method)
        if operation is None or self._graphql is None or operation.name != self._graphql.carrier:
            return Match(operation, has_route=True)
        return Match(operation, await self._graphql.root_fields(call), has_route=True)

    def is_read(self, call: Call, match: Match) -> bool:
        """Return True for a call that surely changes nothing: a GraphQL query, or a safe method."""
        return is_sure_read(call, match.root_fields, is_graphql=self.contract.graphql is not None)

    def refused(self, call: Call, match: Match, response: web.Response, time: datetime) -> Exchange:
        """Return an exchange that did not reach the vendor, and has no number of its own. Credentials are masked."""
        return self._begin(call, match, time).complete(call, wire.reply_of(response), (), (), 0.0)

    async def read(
        self, call: Call, match: Match, response: web.Response | None, time: datetime, seconds: float
    ) -> Exchange:
        """Return an exchange with its violations; `response` is None if there was none. Credentials are masked."""
        recording = self._begin(call, match, time)
        of_call = await self._call_violations(call, match.operation) if match.operation else []
        of_reply = await self._reply_violations(call, match, response) if response else []
        reply = wire.reply_of(response) if response else None
        exchange = recording.complete(call, reply, of_call, of_reply, seconds)
        self._numbers.record(exchange)
        return exchange

    def _begin(self, call: Call, match: Match, time: datetime) -> Recording:
        return self._recorder.begin(
            call, self._numbers, LIVE, time, match.operations, match.root_fields, (), has_route=match.has_route
        )

    async def _call_violations(self, call: Call, operation: Operation) -> Sequence[Violation]:
        try:
            found = read_call(call, operation, self.contract.conventions, self._max_depth)
        except Departure as departure:
            return [departure.violation]
        if found or self._graphql is None or operation.name != self._graphql.carrier:
            return found
        refusal = (await self._graphql.prepare(call)).refusal
        return refusal.violations if refusal else ()

    async def _reply_violations(self, call: Call, match: Match, response: web.Response) -> list[Violation]:
        known = responses_of(match.operation, self.contract) if match.operation else self.contract.unmatched
        reply, malformed = _reply(response)
        found = check_reply(reply, known) + malformed
        if call.method == "HEAD":
            return [one for one in found if one.place != "body"]
        graphql, request, result = self.contract.graphql, call.document, reply.document
        if found or match.root_fields is None or self._graphql is None or graphql is None:
            return found
        if not isinstance(request, dict) or not isinstance(result, dict):
            return found
        document = await self._graphql.prepare(call)
        return list(result_violations(graphql.executable, document, request, result.get("data")))


def _reply(response: web.Response) -> tuple[Reply, list[Violation]]:
    """Return a reply, and the violation of a body that is not JSON, though its type says so."""
    content, kind = wire.content_of(response), response.headers.get("Content-Type", "")
    headers, malformed = dict(response.headers), []
    if content and "json" in kind:
        try:
            return Reply(response.status, read_json(content), headers, content_type=kind), []
        except MalformedBody as problem:
            malformed = [Violation("body", "", "contentMediaType", "application/json", NOTHING, str(problem))]
    return Reply(response.status, headers=headers, content=content, content_type=kind), malformed


def sentences(exchange: Exchange) -> Iterator[str]:
    """Yield a sentence for each violation of an exchange: where it is, and what is wrong."""
    for of, found in (("call", exchange.call_violations), ("reply", exchange.reply_violations)):
        for violation in found:
            yield f"{of} {violation.place}{violation.pointer}: {violation.sentence}"
