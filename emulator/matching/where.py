"""Which calls match: the `where` of expectations, faults and scenarios.

`where` contains conditions by place and name; a call matches if nothing differs. A condition is the value itself or one
of {"equals": value}, {"glob": "a*"}, {"regex": "^a"}, {"absent": true}, {"schema": JSON Schema}. Regular expressions
are those of Rust's regex crate: they run in linear time, without look-around and back references.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jsonschema_rs

from emulator.errors import ConfigurationError, near_names, unknown
from emulator.exchange import NOTHING, Document, Nothing
from emulator.matching.globs import matches

BY_NAME = ("path", "query", "headers", "body", "variables", "arguments")
"""The places with conditions by name; in "body", "variables" and "arguments" a name may be a JSON pointer."""

POINTERS = ("body", "variables", "arguments")
TEXTS = ("path", "query", "headers", "credential", "status")
"""The places whose values are sent as text: "10" is 10, "true" is true."""

INVALID_ESCAPE = re.compile(r"~(?![01])")
"""A tilde in a JSON pointer precedes 0 or 1 only (RFC 6901, section 3)."""

SELECTIONS = "selections"
"""The arguments of a GraphQL operation, by each selection's key in the result: {"a": {"name": "A"}}."""

INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
"""An index into an array (RFC 6901, section 4), with no more digits than a list can need."""


class Unreadable(Exception):
    """A part of a call cannot be read: str() says why; `is_empty` means that there is nothing to read."""

    def __init__(self, sentence: str, *, is_empty: bool = False) -> None:
        super().__init__(sentence)
        self.is_empty = is_empty


def ids_of(credential: str, sandbox: str) -> Sequence[str]:
    """Return the ids of a credential: as presented, and without the sandbox's name."""
    return [credential, credential.removesuffix(f".{sandbox}")] if credential else []


class Subject(Protocol):
    """A call to match."""

    def values(self, place: str, name: str) -> Sequence[Any]:
        """Return the call's values of one name: none, one or several. Raises Unreadable."""

    def document(self, place: str) -> Document:
        """Return the document for JSON pointers: body, variables or arguments; or SELECTIONS. Raises Unreadable."""

    def with_arguments(self, arguments: Document) -> Subject:
        """Return the same call with the arguments of one selection."""

    def is_masked(self, value: Any) -> bool:
        """Return True for a value that the journal has masked."""

    def shown(self, name: str, value: Any) -> str:
        """Return a value for a sentence."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one value. `kind` is "equals", "glob", "regex", "absent" or "schema", `value` its argument."""

    kind: str
    value: Any
    _holds: Callable[[Any], bool]

    def holds(self, found: Any, is_text: bool) -> bool:
        """Return True if a value matches; `is_text` marks one that was sent as text."""
        readings = list(_readings(found)) if is_text else []
        if readings and self.kind == "schema" and not _is_of_texts(self.value):
            return self._holds(readings[0] if isinstance(found, str) else found)
        return self._holds(found) or any(map(self._holds, readings))

    def words(self, show: Callable[[Any], str]) -> str:
        """Return the condition for a sentence that begins with the value found: `not {words}`."""
        if self.kind == "equals":
            return show(self.value)
        return {
            "glob": f"like {show(self.value)}",
            "regex": f"matched by {show(self.value)}",
            "schema": f"valid against {show(self.value)}",
            "absent": "absent",
        }[self.kind]


class Where(NamedTuple):
    """The conditions of a `where`, each with its place and its name or pointer."""

    conditions: tuple[tuple[str, str, Condition], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def looks_at(self, place: str) -> bool:
        """Return True if a condition is on this place."""
        return any(where == place for where, _, _ in self.conditions)

    def names(self, place: str) -> list[str]:
        """Return the names of the conditions on a place."""
        return [name for where, name, _ in self.conditions if where == place]

    def differences(self, subject: Subject) -> Iterator[str]:
        """Yield how a call differs from the conditions; nothing if it matches.

        Of several selections of a GraphQL operation, the one that differs least counts.
        """
        selections = _selections(subject).values() if self.looks_at("arguments") else ()
        if selections:
            yield from min((list(self._differences(one)) for one in selections), key=len)
        else:
            yield from self._differences(subject)

    def keys(self, subject: Subject) -> list[str] | None:
        """Return the keys of the selections that match, None if there are no conditions on arguments."""
        if not self.looks_at("arguments"):
            return None
        return [key for key, one in _selections(subject).items() if not any(self._differences(one))]

    def _differences(self, subject: Subject) -> Iterator[str]:
        for place, name, condition in self.conditions:
            yield from _difference(subject, place, name, condition)


def _selections(subject: Subject) -> dict[str, Subject]:
    try:
        found = subject.document(SELECTIONS)
    except Unreadable:
        return {}
    assert isinstance(found, dict)
    return {key: subject.with_arguments(arguments) for key, arguments in found.items()}


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
            yield f"{what} is a credential, which the journal masks"
            return
        wanted = condition.words(lambda value: subject.shown(label, value))
        hidden = any(_has_masked(one, subject) for one in found)
        note = "; the journal masks the credentials in it" if hidden else ""
        yield f"{what} is {_shown(subject, label, found)}, not {wanted}{note}"


def _holds(condition: Condition, value: Any, is_text: bool, subject: Subject) -> bool:
    """Return True if a condition matches. A masked value equals nothing; a schema may match what contains it."""
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


REGEX = "a valid regular expression (look-around and back references are not supported)"
"""What a condition takes, where the validator says "regex"."""

EVERYWHERE = Where()
"""No conditions: every call matches."""


def where_of(document: Mapping[str, Any]) -> Where:
    """Return the conditions of a document that is valid against where.schema.json.

    Raises ConfigurationError, naming the place, for an invalid pointer, regular expression or schema, and for an object
    that looks like a misspelt condition.
    """
    conditions = []
    for place, given in document.items():
        for name, value in given.items() if place in BY_NAME else [("", given)]:
            try:
                pointer = _pointer(name) if place in POINTERS else name
                conditions.append((place, pointer, _of_status(value) if place == "status" else condition_of(value)))
            except ConfigurationError as problem:
                raise ConfigurationError(f"where: {f'{place} {name}'.rstrip()}: {problem}") from None
    return Where(tuple(conditions))


def condition_of(document: Any) -> Condition:
    """Return the condition of a value. Raises ConfigurationError for an invalid one."""
    kind, value = "equals", document
    if isinstance(document, dict) and len(document) == 1 and next(iter(document)) in _MAKERS:
        kind, value = next(iter(document.items()))
    elif isinstance(document, dict):
        _check_words(document)
    return Condition(kind, value, _MAKERS[kind](value))


def _of_status(document: Any) -> Condition:
    """Return the condition on a status. Raises ConfigurationError for a text that none has, such as "2xx"."""
    condition = condition_of(document)
    if condition.kind == "equals" and not str(condition.value).isdecimal():
        raise ConfigurationError(f'{condition.value!r} is not a status; write it like 201 or {{glob: "2*"}}')
    return condition


def _check_words(document: Mapping[str, Any]) -> None:
    """Refuse an object that was probably meant as a condition: a misspelt word, or two words."""
    literal = "for the object itself write {equals: {…}}"
    words = [key for key in document if key in _MAKERS]
    if len(words) > 1:
        raise ConfigurationError(f"a condition is one of {', '.join(_MAKERS)}, not {' and '.join(words)}; {literal}")
    if len(document) == 1 and near_names(next(iter(document)), list(_MAKERS), cutoff=0.75):
        raise ConfigurationError(f"{unknown('condition', next(iter(document)), list(_MAKERS))}; {literal}")


def _equal_to(value: Any) -> Callable[[Any], bool]:
    return lambda found: same(found, value)


def _like(value: Any) -> Callable[[Any], bool]:
    if not isinstance(value, str) or len(value) > 200:
        raise ConfigurationError("glob: expected a string of at most 200 characters")
    return _of_text(lambda found: matches(found, value))


def _matched_by(value: Any) -> Callable[[Any], bool]:
    if not isinstance(value, str):
        raise ConfigurationError("regex: expected a string")
    return _of_text(_valid_against({"type": "string", "pattern": value}))


def _of_text(holds: Callable[[str], bool]) -> Callable[[Any], bool]:
    """Return a condition on text, which a number also has."""

    def of(found: Any) -> bool:
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            return False
        return holds(found if isinstance(found, str) else json.dumps(found))

    return of


def _absent(value: Any) -> Callable[[Any], bool]:
    if value is not True:
        raise ConfigurationError("absent: expected true; leave it out otherwise")
    return lambda found: False


def _valid_against(schema: Any) -> Callable[[Any], bool]:
    if not isinstance(schema, dict | bool):
        raise ConfigurationError("schema: expected an object or a boolean")
    try:
        validator = jsonschema_rs.Draft202012Validator(
            schema, retriever=_refuse_reference, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (jsonschema_rs.ValidationError, ValueError) as problem:
        sentence = problem.message if isinstance(problem, jsonschema_rs.ValidationError) else str(problem)
        said = sentence.replace('a "regex"', REGEX)
        raise ConfigurationError(f"invalid: {said}") from None
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
    """Return a name as a JSON pointer: a plain key becomes its own pointer. Raises ConfigurationError."""
    if name.startswith("/") and INVALID_ESCAPE.search(name):
        raise ConfigurationError("invalid JSON pointer: write ~0 for ~, and ~1 for / in a name")
    return name if name == "" or name.startswith("/") else "/" + name.replace("~", "~0").replace("/", "~1")


def _readings(found: Any) -> Iterator[Any]:
    """Yield other readings of a value that was sent as text: a number or a boolean; of a typed one, its text."""
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
    """Return the variables of a GraphQL request or the selections of one of its root fields; {} if it has none.

    "arguments" are those of no selection: {}.
    """
    request = body if isinstance(body, dict) else {}
    given, query, name = request.get("variables"), request.get("query"), request.get("operationName")
    variables = given if isinstance(given, dict) else {}
    if place != SELECTIONS or not isinstance(query, str):
        return variables if place == "variables" else {}
    from emulator.contract.arguments import root_arguments  # noqa: PLC0415 - graphql-core, which takes 0.1 s to import

    return root_arguments(query, name if isinstance(name, str) else None, variables, operation)


def _is_of_texts(schema: Any) -> bool:
    """Return True for a schema of strings, so that "7" is not read as a number for it."""
    return isinstance(schema, dict) and (
        "string" in schema.get("type", ()) or schema.keys() & {"const", "enum"} != set()
    )


def at_pointer(document: Document | Nothing, pointer: str) -> Any:
    """Return the value at a JSON pointer, or NOTHING."""
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
    """Return True if two JSON values are equal as in JSON Schema: 1 equals 1.0, but not true."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return isinstance(found, bool) == isinstance(expected, bool) and bool(found == expected)
