"""Validates faults against the contract: the operations that one applies to, and its reply."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from emulator.contract.openapi import Contract, responses_of
from emulator.contract.operation import Operation, Response
from emulator.errors import ConfigurationError, explained, unknown
from emulator.exchange import NOTHING, is_json
from emulator.faults.rule import Fault, FaultReply, Follows, When
from emulator.json_text import has_surrogate
from emulator.matching.globs import matches
from emulator.matching.possible import check_possible
from emulator.matching.where import Where

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
NO_HEADER_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def applies_to(fault: Fault, operation: Operation, contract: Contract) -> bool:
    """Return True if a fault can affect calls of an operation that it matches.

    A reply needs its status in the operation's contract, unless it is forced; GraphQL errors need a root field.
    """
    if fault.graphql is not None:
        return operation.root != ""
    return fault.reply is None or fault.forced or fault.reply.status in responses_of(operation, contract)


def contract_of(fault: Fault, contracts: Mapping[str, Contract]) -> Contract:
    """Return the contract of a fault's vendor. Raises ConfigurationError, naming the vendors, if it has none."""
    if fault.vendor not in contracts:
        needed = f"a fault needs a vendor; known vendors: {', '.join(contracts)}"
        raise ConfigurationError(unknown("vendor", fault.vendor, contracts) if fault.vendor else needed)
    return contracts[fault.vendor]


def check_fault(fault: Fault, contracts: Mapping[str, Contract]) -> None:
    """Raise ConfigurationError, naming the alternatives, for a fault that could never apply to a call."""
    contract = contract_of(fault, contracts)
    _check_combination(fault, contract)
    _check_when(fault.when)
    if fault.when.follows is not None:
        _check_follows(fault.when.follows, contracts)
    for name in fault.operations:
        matching = _matching(name, fault, contract)
        _check_where(fault.where, matching, contracts)
        if fault.reply is not None:
            _check_texts(fault.reply)
            if not fault.forced:
                _check_reply(fault.reply, matching, contract)


def _matching(name: str, fault: Fault, contract: Contract) -> Sequence[Operation]:
    """Return the operations that a name matches, except the one that only carries GraphQL."""
    named = [operation for operation in contract.handled.values() if matches(operation.name, name)]
    if not named:
        raise ConfigurationError(_unknown_operation(name, contract))
    matching = [operation for operation in named if fault.may_affect(operation.safe)]
    if not matching:
        names = ", ".join(operation.name for operation in named)
        raise ConfigurationError(f"only: {fault.only} excludes all matching operations: {names}")
    return matching


def _unknown_operation(name: str, contract: Contract) -> str:
    command = f"`emulator operations --vendor {contract.vendor}`"
    return unknown("operation", name, sorted(contract.handled), f"of {contract.vendor}", listed_by=command)


def _check_combination(fault: Fault, contract: Contract) -> None:
    fails = fault.reply or fault.connection or fault.graphql
    if not (fails or fault.delay):
        raise ConfigurationError("a fault needs a reply, a delay, a connection or graphql")
    if fault.graphql and (fault.reply or fault.connection):
        raise ConfigurationError(
            "graphql cannot be combined with a reply or a connection: the reply can only be one of them"
        )
    if fault.graphql and contract.graphql is None:
        raise ConfigurationError(f"{contract.vendor} has no GraphQL operations; use a reply")
    if fault.reply and fault.connection and not fault.connection.sends_reply:
        raise ConfigurationError(f"connection {fault.connection} sends no reply, so it cannot be combined with one")
    if fault.delay and fault.delay.kind == "uniform" and fault.delay.values[0] > fault.delay.values[1]:
        raise ConfigurationError("delay: uniform takes the shortest delay, then the longest")


def _check_follows(follows: Follows, contracts: Mapping[str, Contract]) -> None:
    if follows.vendor not in contracts:
        raise ConfigurationError(f"follows: {unknown('vendor', follows.vendor, contracts)}")
    known = contracts[follows.vendor].handled
    named = [operation for name, operation in known.items() if matches(name, follows.operation)]
    if not named:
        raise ConfigurationError(f"follows: {_unknown_operation(follows.operation, contracts[follows.vendor])}")
    try:
        check_possible(follows.where, named, contracts)
    except ConfigurationError as problem:
        raise ConfigurationError(f"follows: {problem}") from None


def _check_where(where: Where, matching: Sequence[Operation], contracts: Mapping[str, Contract]) -> None:
    """Refuse a condition that no call of these operations can match."""
    if where.looks_at("status"):
        raise ConfigurationError("where: status cannot be used, because a fault applies before there is one")
    if where:
        check_possible(where, matching, contracts)


def _check_when(when: When) -> None:
    if when.nth and not any(number % when.every == 0 for number in when.nth):
        raise ConfigurationError(f"when: no nth call is a multiple of {when.every}, so it would never apply")
    if when.between is not None and when.between[0] >= when.between[1]:
        raise ConfigurationError("when: between takes the earlier time, then the later")


def _check_texts(reply: FaultReply) -> None:
    """Refuse text that cannot be sent; within JSON a lone surrogate is sent as its escape."""
    check_headers(reply.headers)
    if isinstance(reply.body, str) and has_surrogate(reply.body):
        raise ConfigurationError("the body is a string with a lone surrogate, which UTF-8 cannot encode")


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise ConfigurationError for a header that cannot be sent."""
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or NO_HEADER_VALUE.search(value) or has_surrogate(value):
            raise ConfigurationError(f"invalid header {name!r}: {value!r}")


def _check_reply(reply: FaultReply, matching: Sequence[Operation], contract: Contract) -> None:
    having = [operation for operation in matching if reply.status in responses_of(operation, contract)]
    if not having:
        statuses = {operation.name: sorted(responses_of(operation, contract)) for operation in matching}
        known = "; ".join(f"{name}: {', '.join(map(str, found))}" for name, found in statuses.items())
        raise ConfigurationError(f"status {reply.status} is not in the contract ({known}); force: true allows it")
    for operation in having if reply.body is not NOTHING else ():
        for problem in _departures(reply, responses_of(operation, contract)[reply.status]):
            raise ConfigurationError(
                f"the body violates the contract of {operation.name} {reply.status}: {problem}; force: true allows it"
            )


def _departures(reply: FaultReply, response: Response) -> Iterator[str]:
    """Yield how a given body violates the contract: JSON its schema, a string a content type other than JSON."""
    if not response.media:
        yield "this status has no body"
    elif media := next((media for kind, media in response.media.items() if is_json(kind)), None):
        for found in media.check.violations(reply.body, "body"):
            yield f"at {found.pointer or '/'}: {explained(found)}"
    elif not isinstance(reply.body, str):
        yield f"it is {' or '.join(response.media)}, so give a string"
