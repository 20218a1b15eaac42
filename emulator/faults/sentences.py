"""Says in one sentence what a fault does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from math import inf

from emulator.exchange import NOTHING, Record
from emulator.faults.rule import Delay, Fault, FaultReply, Follows, GraphQLFault, Rate, When

LONGEST_VALUE = 100
"""How many characters of a condition's value a sentence has."""

_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}


def sentence_of(fault: Fault, mask: Callable[[Record], Record] = dict) -> str:
    """Return what a fault does: "Every call of createIntegration of secoda waits 2 s, then gets 429".

    `mask` returns the conditions as they are shown: without credentials, if those must not be seen.
    """
    conditions = _conditions(mask(fault.document.get("where", {})))
    which = f"{_which(fault.when)} {_calls(fault)}{conditions}"
    parts = [which, ", then ".join(_effects(fault)), *_limits(fault.when)]
    return f"{' '.join(parts)}."


def _which(when: When) -> str:
    if when.nth:
        return f"Call {' and '.join(map(str, when.nth))}"
    if when.every > 1:
        return f"Every {_ORDINALS.get(when.every, f'{when.every}th')} call"
    following = "next" if when.after else "first"
    if when.times == inf:
        return "Every call"
    return f"The {following} call" if when.times == 1 else f"Each of the {following} {when.times:g} calls"


def _calls(fault: Fault) -> str:
    names = [name for name in fault.operations if name != "*"]
    operations = f"{' or '.join(names)} of " if names else ""
    kind = f" that {fault.only}" if fault.only else ""
    return f"of {operations}{fault.vendor}{kind}"


def _conditions(where: Record) -> str:
    conditions = [f"{place} {_shortened(json.dumps(value, ensure_ascii=False))}" for place, value in where.items()]
    return f" with {' and '.join(conditions)}" if conditions else ""


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _effects(fault: Fault) -> Iterator[str]:
    if fault.delay:
        yield f"waits {_wait(fault.delay)}"
    if fault.after_commit:
        yield "is executed and its write kept"
    if fault.reply:
        yield _reply(fault.reply)
    if fault.connection:
        yield fault.connection.effect
    if fault.graphql:
        yield _graphql(fault.graphql)


def _wait(delay: Delay) -> str:
    if delay.kind == "uniform":
        return f"{delay.values[0]:g} to {delay.values[1]:g} s"
    often = f"{delay.values[0]:g} s{' on the clock' if delay.is_on_clock else ''}"
    return f"about {often}, sometimes much longer" if delay.kind == "lognormal" else often


def _reply(reply: FaultReply) -> str:
    return f"gets {reply.status}{'' if reply.body is NOTHING else ' with a body of its own'}"


def _graphql(fault: GraphQLFault) -> str:
    count = len(fault.errors)
    return f"gets {count} GraphQL error{'' if count == 1 else 's'}, its data {'kept' if fault.keep_data else 'null'}"


def _limits(when: When) -> Iterator[str]:
    if when.probability < 1:
        yield f"with a chance of {when.probability * 100:.3g} %"
    if when.after:
        yield f"after {when.after} that pass"
    if when.between:
        yield f"from {when.between[0].isoformat()} to {when.between[1].isoformat()}"
    if when.over:
        yield _rate(when.over)
    if when.follows:
        yield _following(when.follows)
    if when.per_operation:
        yield "counted for each operation"


def _rate(rate: Rate) -> str:
    if rate.seconds is not None:
        return f"beyond {rate.capacity} in {rate.seconds:g} s"
    return f"beyond {rate.capacity}, which come back at {rate.per_second:g} a second"


def _following(follows: Follows) -> str:
    operation = "any call" if follows.operation == "*" else follows.operation
    return f"once {follows.vendor} has had {follows.count} of {operation}"
