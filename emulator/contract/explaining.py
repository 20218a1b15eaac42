"""The sentences for violations of a schema (jsonschema). Imported for the first violation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from heapq import nsmallest
from itertools import islice
from typing import Any, cast

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from emulator.contract.formats import FORMATS, is_email
from emulator.contract.size import is_large
from emulator.exchange import NOTHING, Document, Violation, pointer_to

MOST_VIOLATIONS = 100
"""How many violations of one kind are reported for one document: a body can contain a hundred thousand."""


MOST_LOOKED_AT = 2000
"""How many violations are examined at most: each takes up to 0.07 ms, in the event loop."""


LONGEST_SENTENCE = 4000
"""A sentence is cut after this many characters: it may quote a whole text."""


DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII | re.IGNORECASE,
)
"""RFC 3339, section 5.6, without leap seconds. jsonschema itself needs another package for it."""


def _is_date_time(value: object) -> bool:
    """Return True for a date-time, and for anything but a text; raise ValueError for a date that does not exist."""
    found = DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    return not isinstance(value, str) or (found is not None and date.fromisoformat(found[1]) is not None)


_FORMATS = FormatChecker([name for name in FORMATS if name not in ("date-time", "email")])
_FORMATS.checks("date-time", raises=ValueError)(_is_date_time)
_FORMATS.checks("email")(is_email)


class Explaining:
    """Explains how documents violate the schemas of one contract; `documents` are its files by address."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        empty: Registry[Document] = Registry()
        self._registry = empty.with_resources(
            (address, DRAFT202012.create_resource(_without_dialect(document)))
            for address, document in documents.items()
        )
        self._validators: dict[str, Draft202012Validator] = {}

    def violations(self, address: str, document: Document, place: str, pointer: str = "") -> list[Violation]:
        """Return a document's violations of the schema at `address`, in the order of their paths.

        `pointer` is the prefix of their pointers. Of the first MOST_LOOKED_AT, MOST_VIOLATIONS of each kind are
        returned: a vendor that tolerates one kind may refuse another that comes later.
        """
        kept: Counter[tuple[str, str]] = Counter()
        errors = []
        for error in islice(self._validator(address).iter_errors(document), MOST_LOOKED_AT):
            kind = str(error.validator), type(error.instance).__name__
            kept[kind] += 1
            if kept[kind] <= MOST_VIOLATIONS:
                errors.append(error)
        errors.sort(key=_path)
        return [violation for error in errors for violation in _violations(error, place, pointer)]

    def _validator(self, address: str) -> Draft202012Validator:
        if address not in self._validators:
            self._validators[address] = _Validator({"$ref": address}, registry=self._registry, format_checker=_FORMATS)
        return self._validators[address]


def _without_dialect(document: Document) -> Document:
    """Leave out $schema: jsonschema would continue with its own class there, without our patterns."""
    if not isinstance(document, dict):
        return document
    return {name: value for name, value in document.items() if name != "$schema"}


def _check_pattern(
    validator: Draft202012Validator, pattern: str, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern so that a $ at its end matches only the end, as in JSON Schema, not before a line break."""
    ends = pattern.endswith("$") and not pattern.endswith("\\$")
    return re.compile(pattern[:-1] + r"\Z" if ends else pattern)


def _check_type(
    validator: Draft202012Validator, types: str | list[str], instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    allowed = [types] if isinstance(types, str) else types
    if not any(validator.is_type(instance, kind) for kind in allowed):
        yield ValidationError(f"{_quoted(instance)} is not of type {', '.join(map(repr, allowed))}")


def _check_additional_properties(
    validator: Draft202012Validator, allowed: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if allowed is not False or "patternProperties" in schema:
        yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, allowed, instance, schema)
    elif isinstance(instance, dict) and not instance.keys() <= schema.get("properties", {}).keys():
        # jsonschema would quote all of them, possibly a hundred thousand.
        yield ValidationError("additional properties are not allowed")


_Validator: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {"pattern": _check_pattern, "type": _check_type, "additionalProperties": _check_additional_properties},
)


def _quoted(value: Any) -> str:
    """Return a value as Python writes it, but a large array or object in words, and of a long text the beginning."""
    if isinstance(value, str):
        return repr(value[:LONGEST_SENTENCE])
    if isinstance(value, list) and is_large(value):
        return "a large array"
    return "a large object" if isinstance(value, dict) and is_large(value) else repr(value)


def _path(error: ValidationError) -> list[tuple[int, str]]:
    """Return the sort key for errors: their path, with elements of an array by number."""
    return [(step, "") if isinstance(step, int) else (-1, step) for step in error.absolute_path]


def _violations(error: ValidationError, place: str, pointer: str) -> Iterator[Violation]:
    alternatives = _alternatives(error)
    if len(alternatives) == 1 < len(cast(Any, error.validator_value)):
        for one in alternatives[0]:
            yield from _violations(one, place, pointer)
        return
    here = pointer + pointer_to(*error.absolute_path)
    rule, keyword, instance = str(error.validator), cast(Any, error.validator_value), cast(Any, error.instance)
    if rule == "required":
        # jsonschema reports each missing property separately, and names it only in its sentence.
        missing = next(name for name in keyword if error.message.startswith(f"{name!r} is"))
        yield Violation(place, here + pointer_to(missing), rule, True, NOTHING, error.message)
    elif rule == "additionalProperties":
        known = cast(Any, error.schema).get("properties", {})
        for name in nsmallest(MOST_VIOLATIONS, instance.keys() - known.keys()):
            sentence = f"{name!r} is not one of the properties of the contract"
            yield Violation(place, here + pointer_to(name), rule, False, instance[name], sentence, known)
    else:
        sentence = error.message if alternatives or not error.context else _wrong_type(error)
        schema = cast(Any, error.schema)
        known, example = schema.get("properties"), next(iter(schema.get("examples", ())), NOTHING)
        yield Violation(place, here, rule, keyword, instance, sentence[:LONGEST_SENTENCE], known, example)


def _alternatives(error: ValidationError) -> list[list[ValidationError]]:
    """Return the errors of each alternative (of anyOf, oneOf) that accepts values of this type."""
    by_number: dict[Any, list[ValidationError]] = {}
    for one in error.context or ():
        by_number.setdefault(one.relative_schema_path[0], []).append(one)
    return [errors for errors in by_number.values() if not any(map(_is_of_type, errors))]


def _is_of_type(error: ValidationError) -> bool:
    """Return True if an alternative refuses the value because of its type."""
    return error.validator == "type" and not error.relative_path


def _wrong_type(error: ValidationError) -> str:
    types = [one.validator_value for one in error.context or () if _is_of_type(one)]
    return f"{_quoted(cast(Any, error.instance))} is not of type {', '.join(map(repr, types))}"
