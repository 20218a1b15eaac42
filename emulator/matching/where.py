"""Which calls are meant: the one `where` of expectations, faults and scenarios.

`where` holds conditions by place and name; a call matches if nothing differs. A condition is the value itself, or one
of {"equals": value}, {"glob": "a*"}, {"regex": "^a"}, {"absent": true}, {"schema": JSON Schema}. Regular expressions
are those of Rust's regex crate: they take linear time, and have neither look-around nor back references.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jsonschema_rs

from emulator.errors import ConfigurationError
from emulator.exchange import NOTHING, Document, Nothing
from emulator.matching.globs import matches

BY_NAME = ("path", "query", "headers", "body", "variables", "arguments")
"""The places that hold conditions by name; of "body", "variables" and "arguments" the names are JSON pointers, too."""

SINGLE = ("credential", "status")
"""The places that are one value."""

POINTERS = ("body", "variables", "arguments")
TEXTS = ("path", "query", "headers", "credential")
"""The places whose values are texts on their way: "10" is 10, "true" is true."""

INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
"""An index into an array (RFC 6901, section 4), of no more digits than a list can need."""


class Unreadable(Exception):
    """What a call holds cannot be read: str() says why; `is_empty` tells that there is nothing to read."""

    def __init__(self, sentence: str, *, is_empty: bool = False) -> None:
        super().__init__(sentence)
        self.is_empty = is_empty


def ids_of(credential: str, sandbox: str) -> Sequence[str]:
    """Return the ids by which a credential is known: as it is presented, and without the sandbox's name."""
    return [credential, credential.removesuffix(f".{sandbox}")] if credential else []


class Subject(Protocol):
    """A call that may be meant."""

    def values(self, place: str, name: str) -> Sequence[Any]:
        """Return the values that a call has there: none, one, or several of one name. Raises Unreadable."""

    def document(self, place: str) -> Document:
        """Return what pointers point into: the body, the variables or the arguments. Raises Unreadable."""

    def is_masked(self, value: Any) -> bool:
        """Return True for a value that the journal did not keep."""

    def shown(self, name: str, value: Any) -> str:
        """Return a value as a sentence may show it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What one value has to be. `kind` is "equals", "glob", "regex", "absent" or "schema"; `value` what was given."""

    kind: str
    value: Any
    _holds: Callable[[Any], bool]

    def holds(self, found: Any, is_text: bool) -> bool:
        """Return True for a value that is as it has to be; `is_text` tells one that was text on its way."""
        readings = list(_readings(found)) if is_text else []
        if readings and self.kind == "schema" and not _is_of_texts(self.value):
            return self._holds(readings[0] if isinstance(found, str) else found)
        return self._holds(found) or any(map(self._holds, readings))

    def words(self, show: Callable[[Any], str]) -> str:
        """Return the condition for a sentence that begins with what was found: `not {words}`."""
        if self.kind == "equals":
            return show(self.value)
        return {
            "glob": f"like {show(self.value)}",
            "regex": f"matched by {show(self.value)}",
            "schema": f"valid against {show(self.value)}",
            "absent": "absent",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Where:
    """The conditions of a `where`, each with its place and its name or pointer."""

    conditions: tuple[tuple[str, str, Condition], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def looks_at(self, place: str) -> bool:
        """Return True if a condition is on this place."""
        return any(where == place for where, _, _ in self.conditions)

    def names(self, place: str) -> list[str]:
        """Return the names that conditions on a place have."""
        return [name for where, name, _ in self.conditions if where == place]

    def differences(self, subject: Subject) -> Iterator[str]:
        """Say in what a call differs from what is meant; nothing if it is meant."""
        for place, name, condition in self.conditions:
            yield from _difference(subject, place, name, condition)


def _difference(subject: Subject, place: str, name: str, condition: Condition) -> Iterator[str]:
    what, label = f"{place} {name}".rstrip(), name or place
    try:
        found = _found(subject, place, name)
    except Unreadable as problem:
        if condition.kind != "absent" or not problem.is_empty:
            yield f"{what} cannot be read: {problem}"
        return
    if condition.kind == "absent":
        if found:
            yield f"{what} is {_shown(subject, label, found)}, not absent"
    elif not found:
        yield f"{what} is missing"
    elif not any(_holds(condition, one, place in TEXTS, subject) for one in found):
        if any(map(subject.is_masked, found)):
            yield f"{what} is a credential, which the journal does not keep"
            return
        wanted = condition.words(lambda value: subject.shown(label, value))
        hidden = any(_has_masked(one, subject) for one in found)
        note = "; the journal does not keep the credentials in it" if hidden else ""
        yield f"{what} is {_shown(subject, label, found)}, not {wanted}{note}"


def _holds(condition: Condition, value: Any, is_text: bool, subject: Subject) -> bool:
    """Return True if a condition holds. A masked value is equal to nothing; a schema may hold for what is around it."""
    is_hidden = subject.is_masked(value) or (condition.kind == "equals" and _has_masked(value, subject))
    return not is_hidden and condition.holds(value, is_text)


def _has_masked(value: Any, subject: Subject) -> bool:
    """Return True if a value is masked, or anything in it."""
    left = [value]
    while left:
        one = left.pop()
        if subject.is_masked(one):
            return True
        left += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return False


EVERYWHERE = Where()
"""No conditions: every call is meant."""


def where_of(document: Mapping[str, Any]) -> Where:
    """Return the conditions that a document describes; it keeps to where.schema.json.

    Raises ConfigurationError, naming the place, for a regular expression or a schema that is invalid.
    """
    conditions = []
    for place, given in document.items():
        for name, value in given.items() if place in BY_NAME else [("", given)]:
            pointer = _pointer(name) if place in POINTERS else name
            try:
                conditions.append((place, pointer, condition_of(value)))
            except ConfigurationError as problem:
                raise ConfigurationError(f"where: {f'{place} {name}'.rstrip()}: {problem}") from None
    return Where(tuple(conditions))


def condition_of(document: Any) -> Condition:
    """Return the condition that a value describes. Raises ConfigurationError for an invalid one."""
    kind, value = "equals", document
    if isinstance(document, dict) and len(document) == 1 and next(iter(document)) in _MAKERS:
        kind, value = next(iter(document.items()))
    return Condition(kind, value, _MAKERS[kind](value))


def _equal_to(value: Any) -> Callable[[Any], bool]:
    return lambda found: same(found, value)


def _like(value: Any) -> Callable[[Any], bool]:
    if not isinstance(value, str) or len(value) > 200:
        raise ConfigurationError("a glob is a text of at most 200 characters")
    return lambda found: isinstance(found, str) and matches(found, value)


def _matched_by(value: Any) -> Callable[[Any], bool]:
    if not isinstance(value, str):
        raise ConfigurationError("a regular expression is a text")
    return _valid_against({"type": "string", "pattern": value})


def _absent(value: Any) -> Callable[[Any], bool]:
    if value is not True:
        raise ConfigurationError("absent is true; leave it out otherwise")
    return lambda found: False


def _valid_against(schema: Any) -> Callable[[Any], bool]:
    if not isinstance(schema, dict | bool):
        raise ConfigurationError("a schema is an object or a boolean")
    try:
        validator = jsonschema_rs.Draft202012Validator(
            schema, retriever=_refuse_reference, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (jsonschema_rs.ValidationError, ValueError) as problem:
        sentence = problem.message if isinstance(problem, jsonschema_rs.ValidationError) else str(problem)
        raise ConfigurationError(f"invalid: {sentence}") from None
    return validator.is_valid


def _refuse_reference(address: str) -> Any:
    raise ValueError(f"{address} is outside the schema")


_MAKERS: Mapping[str, Callable[[Any], Callable[[Any], bool]]] = {
    "equals": _equal_to,
    "glob": _like,
    "regex": _matched_by,
    "absent": _absent,
    "schema": _valid_against,
}


def _found(subject: Subject, place: str, name: str) -> Sequence[Any]:
    if place not in POINTERS:
        return subject.values(place, name)
    found = at_pointer(subject.document(place), name)
    return [] if found is NOTHING else [found]


def _shown(subject: Subject, name: str, found: Sequence[Any]) -> str:
    return subject.shown(name, found[0] if len(found) == 1 else list(found))


def _pointer(name: str) -> str:
    """Return a name as a JSON pointer: a plain key means its own."""
    return name if name == "" or name.startswith("/") else "/" + name.replace("~", "~0").replace("/", "~1")


def _readings(found: Any) -> Iterator[Any]:
    """Yield what else a value may be that is text on its way: a number or a boolean; and the text of a typed one."""
    if not isinstance(found, str):
        yield json.dumps(found)
        return
    try:
        value = json.loads(found)
    except (ValueError, RecursionError):
        return
    if isinstance(value, int | float):
        yield value


def graphql_part(body: Document, place: str, operation: str) -> Document:
    """Return the variables of a GraphQL request, or the arguments of one of its root fields; {} if it has none."""
    request = body if isinstance(body, dict) else {}
    given, query, name = request.get("variables"), request.get("query"), request.get("operationName")
    variables = given if isinstance(given, dict) else {}
    if place == "variables" or not isinstance(query, str):
        return variables if place == "variables" else {}
    from emulator.contract.arguments import root_arguments  # noqa: PLC0415 - graphql-core, which takes 0.1 s to import

    found = root_arguments(query, name if isinstance(name, str) else None, variables, operation)
    return found[0] if found else {}


def _is_of_texts(schema: Any) -> bool:
    """Return True for a schema that means a text, so that "7" is not read as a number for it."""
    return isinstance(schema, dict) and (
        "string" in schema.get("type", ()) or schema.keys() & {"const", "enum"} != set()
    )


def at_pointer(document: Document | Nothing, pointer: str) -> Any:
    """Return what a JSON pointer points at, NOTHING if that is not there."""
    found = document
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and INDEX.fullmatch(key) and int(key) < len(found):
            found = found[int(key)]
        else:
            return NOTHING
    return found


def same(found: Document, expected: Document) -> bool:
    """Return True if two JSON values are equal, as JSON Schema has it: 1 is 1.0, but not true."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return isinstance(found, bool) == isinstance(expected, bool) and bool(found == expected)
