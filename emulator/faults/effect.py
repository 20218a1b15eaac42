"""Combines the faults that apply to a call into one effect."""

from __future__ import annotations

import asyncio
import json
import re
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple, cast

from aiohttp import web

from emulator.contract.openapi import Contract, responses_of
from emulator.contract.operation import Operation, Response
from emulator.errors import RefusedHeader, sentence, unknown
from emulator.exchange import JSON, NOTHING, Call, Reply, is_json
from emulator.faults.armed import Due, Faults
from emulator.faults.check import applies_to
from emulator.faults.rule import Fault, FaultReply, GraphQLFault
from emulator.faults.scenarios import Scenario
from emulator.json_text import write_json
from emulator.matching.where import Subject
from emulator.transport import wire
from emulator.transport.breaking import Break
from emulator.transport.connection import LOOK_SECONDS, has_left
from emulator.transport.wire import Disconnected

PREFERRED = re.compile(r"(?:^|,)\s*code\s*=\s*\"?([0-9]{3})\"?\s*(?=[;,]|$)", re.IGNORECASE)
"""A preference as in RFC 7240: case-insensitive, with optional space around the sign and parameters after it."""
SCENARIO = "X-Emulator-Scenario"
RETRY_AFTER = "{retry_after}"
CONTENT_TYPE = "content-type"


class FieldErrors(NamedTuple):
    """The errors of a root field. `keys` are the affected selections by their keys in the result, None if all are."""

    operation: str
    keys: Sequence[str] | None
    fault: GraphQLFault
    after_commit: bool


@dataclass(slots=True, eq=False)
class Effect:
    """The combined effect of faults on one call: of those in `due`, each once.

    The call is delayed by `seconds`, its reply by `seconds_after` more; `clock_seconds` pass on the sandbox's clock
    only. `reply` replaces the vendor's; with `after_commit` the call is executed first. `connection` is how the
    connection breaks, `graphql` the errors of root fields, of which the first that affects a field counts.
    """

    due: tuple[Due, ...] = ()
    seconds: float = 0.0
    seconds_after: float = 0.0
    clock_seconds: float = 0.0
    reply: Reply | None = None
    connection: Break | None = None
    after_commit: bool = False
    graphql: list[FieldErrors] = field(default_factory=list)

    @property
    def replaces_call(self) -> bool:
        """Return True if the call itself is not executed."""
        return (self.reply is not None or self.drops_reply) and not self.after_commit

    def errors_of(self, operation: str, key: str) -> FieldErrors | None:
        """Return the errors of one selection of a root field, by its key in the result."""
        meant = (one for one in self.graphql if one.operation == operation and (one.keys is None or key in one.keys))
        return next(meant, None)

    @property
    def drops_reply(self) -> bool:
        """Return True if the connection breaks before any reply."""
        return self.connection is not None and not self.connection.sends_reply


NO_EFFECT = Effect()


async def hold_back(request: web.BaseRequest, seconds: float, stopping: asyncio.Event) -> None:
    """Wait, but at most until the emulator stops. Raises Disconnected as soon as the client disconnects.

    A client that has only closed its sending side counts as gone: TCP does not distinguish the two.
    """
    left = seconds
    while left > 0 and not stopping.is_set():
        await wire.pause(min(left, LOOK_SECONDS), stopping)
        left -= LOOK_SECONDS
        if has_left(request):
            raise Disconnected


class Effects:
    """Applies faults to the calls to one vendor: those of a sandbox, and those in a call's headers."""

    def __init__(self, contract: Contract, scenarios: Mapping[str, Scenario]) -> None:
        self._contract = contract
        self._scenarios = scenarios

    def may_apply(self, call: Call, faults: Faults) -> bool:
        """Return True if a call may trigger faults: armed ones, or those that its headers request."""
        return len(faults) > 0 or SCENARIO in call.headers or "Prefer" in call.headers

    def of(
        self,
        call: Call,
        operations: Sequence[str],
        faults: Faults,
        now: datetime,
        seed: str,
        subject_of: Callable[[str], Subject],
    ) -> Effect:
        """Count a call and return the effect of its faults. Raises Problem for a header with an unknown request.

        `faults` are those armed in the sandbox; a scenario in a header draws its chances from `seed`.
        `subject_of(operation)` is what conditions match.
        """
        named = call.headers.get(SCENARIO)
        preferred = PREFERRED.search(", ".join(call.headers.getall("Prefer", ())))
        due = self._due(faults, operations, now, subject_of)
        if named is not None:
            due += self._due(self._faults_of(named, seed), operations, now, subject_of)
        effect = self._combine(due, cache(subject_of))
        if preferred and operations:
            effect.reply = self._preferred(int(preferred[1]), operations[0])
            effect.after_commit = False
            effect.connection = None
        return effect

    def switches_of(self, call: Call, switches: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the vendor's switches for one call: the sandbox's, changed by the scenario in its header."""
        named = call.headers.get(SCENARIO)
        if named is None:
            return switches
        return ChainMap(dict(self._scenario(named).switches), cast("dict[str, Any]", switches))

    def _scenario(self, name: str) -> Scenario:
        """Return a scenario by name, with or without "<vendor>/". Raises RefusedHeader, naming the known ones."""
        vendor = self._contract.vendor
        own = f"{vendor}/"
        full_name = f"{own}{name.removeprefix(own).removeprefix('*/')}"
        if full_name not in self._scenarios:
            names = sorted(known.removeprefix(own) for known in self._scenarios if known.startswith(own))
            command = f"`emulator scenarios --vendor {vendor}`"
            said = unknown("scenario", name, names, f"of {vendor}", listed_by=command)
            raise RefusedHeader(422, sentence(said), SCENARIO, "enum", name)
        return self._scenarios[full_name]

    def _due(
        self, faults: Faults, operations: Sequence[str], now: datetime, subject_of: Callable[[str], Subject]
    ) -> list[Due]:
        found, contract = [], self._contract
        for operation in (contract.operations[name] for name in operations if name in contract.operations):
            is_meant = partial(self._is_meant, operation, cache(subject_of))
            found += faults.due(contract.vendor, operation.name, operation.safe, now, is_meant)
        return found

    def _is_meant(self, operation: Operation, subject_of: Callable[[str], Subject], fault: Fault) -> bool:
        if not applies_to(fault, operation, self._contract):
            return False
        return not fault.where or not any(fault.where.differences(subject_of(operation.name)))

    def _faults_of(self, name: str, seed: str) -> Faults:
        scenario = self._scenario(name)
        if scenario.records:
            detail = f"Scenario {scenario.full_name} changes records, so it cannot apply to one call: turn it on."
            raise RefusedHeader(422, detail, SCENARIO, "enum", name)
        # No state: every call counts as the first, and has its own random choices.
        faults = Faults(seed)
        for fault in scenario.faults:
            faults.add(fault)
        return faults

    def _combine(self, due: Sequence[Due], subject_of: Callable[[str], Subject]) -> Effect:
        """Add up all delays; of several replies or connections the first counts."""
        effect = Effect(
            due=_each_once(due),
            seconds=sum(one.seconds for one in due if not (one.fault.after_commit or _is_on_clock(one))),
            seconds_after=sum(one.seconds for one in due if one.fault.after_commit and not _is_on_clock(one)),
            clock_seconds=sum(one.seconds for one in due if _is_on_clock(one)),
        )
        for one in due:
            fault = one.fault
            if fault.graphql is not None:
                keys = fault.where.keys(subject_of(one.operation)) if fault.where else None
                effect.graphql.append(FieldErrors(one.operation, keys, fault.graphql, fault.after_commit))
            elif (fault.reply or fault.connection) and not (effect.reply or effect.connection):
                effect.connection, effect.after_commit = fault.connection, fault.after_commit
                effect.reply = self._reply(fault.reply, one) if fault.reply else None
        return effect

    def _reply(self, reply: FaultReply, due: Due) -> Reply:
        json_type = self._contract.conventions.json_content_type
        responses = self._responses(due.operation)
        return reply_of(reply, responses, due.retry_after, json_type=json_type, operation=due.operation)

    def _preferred(self, status: int, operation: str) -> Reply:
        responses = self._responses(operation)
        if status not in responses:
            known = ", ".join(map(str, sorted(responses)))
            detail = f"Prefer: code={status} is not in the contract of {operation}, which has {known}."
            raise RefusedHeader(422, detail, "Prefer", "enum", f"code={status}")
        return reply_of(FaultReply(status), responses, operation=operation)

    def _responses(self, operation: str) -> Mapping[int, Response]:
        return responses_of(self._contract.operations[operation], self._contract)


def _each_once(due: Sequence[Due]) -> tuple[Due, ...]:
    """Return each fault as it applied first: it may apply to several root fields of one call."""
    first: dict[str, Due] = {}
    for one in due:
        first.setdefault(one.id, one)
    return tuple(first.values())


def _is_on_clock(due: Due) -> bool:
    return due.fault.delay is not None and due.fault.delay.is_on_clock


def add_errors(result: dict[str, Any], faults: Sequence[tuple[str, GraphQLFault]]) -> dict[str, Any]:
    """Add the GraphQL errors of faults to their root fields, by each field's key in the result."""
    errors = [{**error, "path": [key]} for key, fault in faults for error in fault.errors]
    return {**result, "errors": [*result.get("errors", []), *errors]} if errors else result


def reply_of(
    fault_reply: FaultReply,
    responses: Mapping[int, Response],
    retry_after: int = 1,
    *,
    json_type: str = "application/json",
    operation: str = "",
) -> Reply:
    """Return the reply: the contract's example for the status, or the fault's own body and headers.

    A string body is sent as `json_type` unless the contract has another type or the fault a header.
    """
    response = responses.get(fault_reply.status)
    example = example_of(response, operation) if response else Reply(fault_reply.status)
    given = {name.lower(): name for name in fault_reply.headers}
    kept = {name: value for name, value in example.headers.items() if name.lower() not in given}
    headers = {**kept, **{name: fault_reply.headers[name] for key, name in given.items() if key != CONTENT_TYPE}}
    kind = fault_reply.headers[given[CONTENT_TYPE]] if CONTENT_TYPE in given else ""
    if isinstance(fault_reply.body, str):
        content, kind = fault_reply.body.encode(), kind or example.content_type or json_type
        reply = Reply(fault_reply.status, headers=headers, content=content, content_type=kind)
    elif fault_reply.body is not NOTHING:
        kind = kind or (example.content_type if is_json(example.content_type) else "")
        reply = Reply(fault_reply.status, fault_reply.body, headers, content_type=kind)
    else:
        kind = kind or example.content_type
        reply = Reply(fault_reply.status, example.document, headers, example.content, kind)
    return _with_seconds(reply, retry_after)


def example_of(response: Response, operation: str = "") -> Reply:
    """Return the contract's example for a status, headers included: the operation's own, or the first."""
    headers = dict(response.headers) if response.status >= 400 else {}
    # Those with examples first; the order stays.
    for kind, media in sorted(response.media.items(), key=lambda item: not item[1].examples):
        example = media.examples.get(operation, next(iter(media.examples.values()), NOTHING))
        if is_json(kind):
            return Reply(response.status, example, headers, content_type="" if kind == JSON else kind)
        return Reply(response.status, headers=headers, content=str(example or "").encode(), content_type=kind)
    return Reply(response.status, headers=headers)


def _with_seconds(reply: Reply, seconds: int) -> Reply:
    for name, value in reply.headers.items():
        reply.headers[name] = value.replace(RETRY_AFTER, str(seconds))
    if reply.document is not NOTHING:
        text = write_json(reply.document).decode()
        reply.document = json.loads(text.replace(RETRY_AFTER, str(seconds))) if RETRY_AFTER in text else reply.document
    reply.content = reply.content.replace(RETRY_AFTER.encode(), str(seconds).encode())
    return reply
