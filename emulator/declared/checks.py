"""Checks declarations whose form is valid: unknown names, and keys that exclude each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from emulator.contract.operation import Operation
from emulator.declared.expressions import Problem, Scope
from emulator.declared.filtering import OPERATORS
from emulator.declared.ids import STRATEGIES, is_strategy
from emulator.declared.paging import BUILT_IN, Strategy
from emulator.declared.relay import RELAY
from emulator.declared.resources import Resource
from emulator.declared.root_fields import ARGUMENT
from emulator.declared.words import ACTIONS, ON_DELETE, CollectionWords, OperationWords
from emulator.errors import unknown

SYNONYMS = {
    "update": "use replace (what is left out is erased) or patch (what is left out stays)",
    "read": "use get (one record) or list",
    "remove": "use delete",
    "add": "use create",
    "answer": "leave action out; reply without collection says it",
}


def collection_problems(
    words: CollectionWords,
    written: Mapping[str, object],
    resource: Resource,
    names: Sequence[str],
    switches: Mapping[str, Sequence[object]],
) -> Iterator[Problem]:
    """Yield the mistakes in a collection's declaration; `names` are all collections, `switches` their choices."""
    if words.id and not is_strategy(words.id):
        known = f"{', '.join(STRATEGIES)}, or a pattern such as cus_{{hex:14}}"
        yield "/id", f"invalid id {words.id!r}; use {known}"
    if words.key_of and words.id not in ("", "client"):
        yield "/id", "a key of several fields is the client's; leave id out"
    for pointer, name in _fields_of(words):
        yield from ((f"{pointer}", sentence) for sentence in _property(resource, name))
    for word, of in (("set", words.set), ("defaults", words.defaults)):
        for name in [name for name in words.key_fields if name in of]:
            yield f"/{word}/{name}", f"{name!r} is the key; it is made by id, never by {word}"
    if words.singleton and words.singleton not in names:
        yield "/singleton", unknown("collection", words.singleton, names)
    for word in ("key", "id") if words.singleton else ():
        if word in written:
            yield f"/{word}", f"a singleton has the key of its record of {words.singleton}; leave {word} out"
    for field, reference in words.references.items():
        if reference.to not in names:
            yield f"/references/{field}", unknown("collection", reference.to, names)
        yield from _on_delete(field, reference.on_delete, switches)
    yield from _life_problems(words, resource, switches)
    yield from _value_problems(words, resource, Scope(switches=switches, names=("record", "id")))


def _value_problems(words: CollectionWords, resource: Resource, scope: Scope) -> Iterator[Problem]:
    """Yield the mistakes in the values, or the expressions, that a collection gives its fields."""
    for number, state in enumerate(words.life.states if words.life else ()):
        yield from scope.problems({"state": state.state, "set": dict(state.set)}, f"/life/states/{number}")
    for word, values in (("set", words.set), ("defaults", words.defaults), ("delete/set", words.delete.set)):
        yield from scope.problems(dict(values), f"/{word}")
        yield from _constant_problems(word, values, resource)


def _fields_of(words: CollectionWords) -> Iterator[tuple[str, str]]:
    yield from (("/key", name) for name in words.key_fields if not words.singleton)
    for stamp, name in (("created", words.created), ("updated", words.updated)):
        if name:
            yield f"/timestamps/{stamp}", name
    for number, unique in enumerate(words.unique):
        yield from ((f"/unique/{number}", name) for name in unique.fields)
    yield from (("/sort", name.removeprefix("-")) for name in words.sort)
    for word in ("set", "defaults", "references"):
        yield from ((f"/{word}/{name}", name) for name in getattr(words, word))
    yield from ((f"/delete/set/{name}", name) for name in words.delete.set)
    if words.life is not None:
        yield "/life/field", words.life.field
        for number, state in enumerate(words.life.states):
            yield from ((f"/life/states/{number}/set/{name}", name) for name in state.set)


def _property(resource: Resource, name: str) -> Iterator[str]:
    shape = resource.shape
    if shape is not None and not shape.is_open and name not in shape.properties:
        yield unknown("property", name, shape.properties, f"of {resource.name}", plural="properties")


def _constant_problems(word: str, values: Mapping[str, object], resource: Resource) -> Iterator[Problem]:
    """Yield the constants, alone or in lists, that are not in the enum of their property."""
    places = resource.shape.properties if resource.shape else {}
    for name, given in values.items():
        allowed = places[name].schema.get("enum", ()) if name in places else ()
        for value in given if isinstance(given, list) else [given]:
            is_constant = value is not None and "$" not in str(value)
            if allowed and is_constant and value not in allowed:
                yield (
                    f"/{word}/{name}",
                    unknown("value", value, [one for one in allowed if one is not None], f"of {name}"),
                )


def _on_delete(field: str, rule: str, switches: Mapping[str, Sequence[object]]) -> Iterator[Problem]:
    pointer, name = f"/references/{field}/onDelete", rule.removeprefix("$switch.")
    if not rule.startswith("$"):
        if rule not in ON_DELETE:
            yield pointer, unknown("rule", rule, ON_DELETE)
    elif name not in switches:
        yield pointer, unknown("switch", name, switches, plural="switches")
    else:
        for choice in switches[name]:
            if choice not in ON_DELETE:
                yield pointer, f"the switch {name} can be {choice!r}; onDelete is one of {', '.join(ON_DELETE)}"


def _life_problems(
    words: CollectionWords, resource: Resource, switches: Mapping[str, Sequence[object]]
) -> Iterator[Problem]:
    """Yield the states of a life that do not end, have no next one, or that the field cannot have."""
    states = words.life.states if words.life else ()
    place = resource.shape.properties.get(words.life.field) if words.life and resource.shape else None
    allowed = place.schema.get("enum", ()) if place else ()
    for number, state in enumerate(states):
        pointer, is_last = f"/life/states/{number}", number == len(states) - 1
        if is_last is not (state.lasts is None):
            said = "the last state has no next one; leave out for" if is_last else "for is missing: how long it lasts"
            yield (f"{pointer}/for" if is_last else pointer), said
        name = str(state.state).removeprefix("$switch.")
        choices = switches.get(name, ()) if str(state.state).startswith("$switch.") else (state.state,)
        for choice in choices:
            if allowed and choice not in allowed:
                yield f"{pointer}/state", unknown("value", str(choice), map(str, allowed), f"of {words.name}")
        for name in [name for name in words.key_fields if name in state.set]:
            yield f"{pointer}/set/{name}", f"{name!r} is the key; it is made by id, never by set"


def action_problem(action: str) -> str:
    """Return the mistake in the name of an action, or ""."""
    if action in ACTIONS:
        return ""
    if action in SYNONYMS:
        return f"invalid action {action!r}; {SYNONYMS[action]}"
    return unknown("action", action, ACTIONS)


def operation_problems(
    words: OperationWords, operation: Operation, resource: Resource | None, scope: Scope
) -> Iterator[Problem]:
    """Yield the mistakes in an operation's declaration; `scope` is what its expressions may name."""
    if resource is not None:
        for word in ("where", "set", "requires"):
            for name in getattr(words, word):
                yield from ((f"/{word}/{name}", sentence) for sentence in _property(resource, name))
            yield from _constant_problems(word, getattr(words, word), resource)
        for name in [name for name in resource.words.key_fields if name in words.set]:
            yield f"/set/{name}", f"{name!r} is the key; it is made by id, never by set"
        yield from (
            ("/sort", sentence) for name in words.sort for sentence in _property(resource, name.removeprefix("-"))
        )
        yield from _filter_problems(words, operation, resource)
    for word in ("where", "set", "requires", "input"):
        yield from scope.problems(getattr(words, word), f"/{word}")
    replying = Scope(scope.parameters, scope.switches, ("record", "id", "removed", "items", "count"))
    yield from replying.problems(words.reply.body, "/reply/body")
    yield from replying.problems(dict(words.reply.headers), "/reply/headers")
    status = words.reply.status
    if status is not None and status not in operation.responses:
        known = ", ".join(map(str, sorted(operation.responses)))
        yield "/reply/status", f"{status} is not in the contract of {operation.name}, which has {known}"


def _filter_problems(words: OperationWords, operation: Operation, resource: Resource) -> Iterator[Problem]:
    declared = query_parameters(operation)
    for parameter, condition in (words.filter or {}).items():
        pointer = f"/filter/{parameter}"
        if parameter not in declared:
            kind = "argument" if operation.root else "query parameter"
            yield pointer, unknown(kind, parameter, declared, f"of {operation.name}")
        name, _, operator = condition.partition(" ")
        yield from ((pointer, sentence) for sentence in _property(resource, name))
        if operator and operator not in OPERATORS:
            yield pointer, unknown("operator", operator, OPERATORS)


def strategy_problem(
    name: str, strategies: Mapping[str, Strategy], functions: Collection[str], operation: Operation
) -> str:
    """Return the mistake in an operation's paging, or ""; `functions` are the strategies that are hooks."""
    if name in ("", "none"):
        return ""
    if name == RELAY:
        return f"{name!r} is for GraphQL; use cursor, or write the strategy as a template under /x-emulator/paging"
    if name in functions:
        return f"{name!r} is a hook, too; keep one" if name in strategies else ""
    if name not in strategies and name not in BUILT_IN:
        return unknown("strategy", name, [*strategies, *functions, *BUILT_IN, "none"], plural="strategies")
    declared = query_parameters(operation)
    strategy = strategies.get(name) or Strategy.built_in(name, declared)
    roles = BUILT_IN.get(name, ()) if name not in strategies else ()
    if strategy.fits(declared) and (not roles or any(role in strategy.parameters for role in roles)):
        return ""
    has = ", ".join(declared) or "none"
    return f"no declared query parameter fits {name} (it has {has}); declare one, or write paging: none"


def query_parameters(operation: Operation) -> list[str]:
    """Return the names of the query parameters that an operation declares; of a root field, its arguments."""
    return [parameter.name for parameter in operation.parameters if parameter.place in ("query", ARGUMENT)]
