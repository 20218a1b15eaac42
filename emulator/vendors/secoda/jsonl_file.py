"""Reads resources and lineage from JSONL files (contract: resource-line and lineage-line.schema.json)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson

from emulator.exchange import Record
from emulator.vendors.secoda.errors import NO_JSON, NO_STRING, NULL, REQUIRED
from emulator.vendors.secoda.lines import Lines
from emulator.vendors.secoda.reports import Report
from emulator.vendors.secoda.texts import character_problems, is_number, text_problems


def read_resources(lines: Lines, report: Report) -> Iterator[Record | None]:
    """Yield the resource of each line, None for an invalid line."""
    return (_resource(line, lines.number, report) for line in lines)


def read_lineage(lines: Lines, report: Report) -> Iterator[Record | None]:
    """Yield the lineage of each line, None for an invalid line."""
    return (_lineage(line, lines.number, report) for line in lines)


def _resource(line: bytes, number: int, report: Report) -> Record | None:
    document = _parse(line, number, report)
    if document is None or not _is_resource(document, number, report):
        return None
    for name in _EXPECTED.get(str(document["entity_type"]).strip(), ()):
        if document.get(name) is None:
            report.warning(number, name, f"A {document['entity_type']} should have this.")
    # Nulls mean "not given", and unknown keys are ignored.
    known = {name: document[name] for name in _TYPES if document.get(name) is not None}
    return {**known, **_texts_of(known, _TEXTS), **_texts_of(known, _IDENTIFYING, trimmed=True), "line": number}


def _texts_of(document: Mapping[str, Any], names: Iterable[str], *, trimmed: bool = False) -> Record:
    """Return the texts among these; a number becomes one. Identifying texts are stripped."""
    texts = {name: str(document[name]) for name in names if name in document}
    return {name: text.strip() for name, text in texts.items()} if trimmed else texts


def _lineage(line: bytes, number: int, report: Report) -> Record | None:
    document = _parse(line, number, report)
    if document is None:
        return None
    found = {end: _identifier(document.get(end, _MISSING), end, number, report) for end in _ENDS}
    return {**found, "line": number} if all(found.values()) else None


def _parse(line: bytes, number: int, report: Report) -> dict[str, Any] | None:
    if not line.strip():
        return None
    try:
        document = _read_json(line.rstrip())
    except json.JSONDecodeError as problem:
        report.error(number, problem.colno, NO_JSON)
        return None
    except UnicodeDecodeError as problem:
        report.error(number, problem.start + 1, NO_JSON)
        return None
    except (ValueError, RecursionError):
        report.error(number, None, "A whole number has more than 4300 digits, or this is nested too deep.")
        return None
    if not isinstance(document, dict):
        kind = type(document).__name__
        report.error(number, None, f"Invalid data. Expected a dictionary, but got {kind}.")
        return None
    return document


def _read_json(line: bytes) -> Any:
    """Read a line as Python's json module does: with all digits of a number, NaN and lone surrogates."""
    if not _LONG_NUMBER.search(line):
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(line)
    return json.loads(line.decode())


_LONG_NUMBER = re.compile(rb"[0-9]{19}")


def _is_resource(document: Mapping[str, Any], number: int, report: Report) -> bool:
    good = _are_texts(document, ("entity_type", "databuilder_id"), "", number, report)
    for name, problem_of in _TYPES.items():
        value = document.get(name)
        problem = "" if value is None else problem_of(value)
        if problem:
            report.error(number, name, problem)
            good = False
    changed = document.get("external_updated_at")
    if isinstance(changed, str) and not _is_time(changed):
        report.warning(number, "external_updated_at", "Datetime has wrong format.")
    return good


def _identifier(found: Any, end: str, number: int, report: Report) -> Record | None:
    """Return one end of a lineage without unknown keys, or None (and report it) if it is invalid."""
    if not isinstance(found, dict):
        wrong = f'Expected a dictionary of items but got type "{type(found).__name__}".'
        report.error(number, end, REQUIRED if found is _MISSING else wrong)
        return None
    kind = found.get("type")
    if not isinstance(kind, str) or kind not in _IDENTIFIERS or (kind, end) == ("tables_from_query", "to_identifier"):
        report.error(number, f"{end}.type", f'"{kind}" is not a valid choice.' if "type" in found else REQUIRED)
        return None
    required, optional = _IDENTIFIERS[kind]
    good = _are_texts(found, required, f"{end}.", number, report)
    for name in optional:
        problem = _optional_text_problem(found.get(name))
        if problem:
            report.error(number, f"{end}.{name}", problem)
            good = False
    known = {name: found[name] for name in ("type", *required, *optional) if found.get(name) is not None}
    return {**known, **_texts_of(known, (*required, *optional), trimmed=True)} if good else None


def _are_texts(document: Mapping[str, Any], names: Iterable[str], prefix: str, number: int, report: Report) -> bool:
    """Return True if all of these are present and not empty; report those that are not."""
    problems = {name: problem for name in names if (problem := _text_problem(document.get(name, _MISSING)))}
    for name, problem in problems.items():
        report.error(number, prefix + name, problem)
    return not problems


def _text_problem(value: Any) -> str:
    if value is _MISSING or value is None:
        return REQUIRED if value is _MISSING else NULL
    return "".join(text_problems(value)[:1]) if _is_text(value) else NO_STRING


def _optional_text_problem(value: Any) -> str:
    if value is None:
        return ""
    return "".join(text_problems(value, may_be_blank=True)[:1]) if _is_text(value) else NO_STRING


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or is_number(value)


def _is_time(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_MISSING = object()
_ENDS = ("from_identifier", "to_identifier")
_PLACE = ("cluster", "database", "schema")
_IDENTIFIERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "internal_resource": (("databuilder_id",), ()),
    "external_table": (("table",), _PLACE),
    "external_column": (("table", "column"), _PLACE),
    "tables_from_query": (("sql",), ()),
}
"""The required and optional keys of each kind of identifier."""


def _integer_problem(value: Any) -> str:
    return "" if isinstance(value, int) and not isinstance(value, bool) else "A valid integer is required."


def _boolean_problem(value: Any) -> str:
    return "" if isinstance(value, bool) else "Must be a valid boolean."


def _list_problem(value: Any) -> str:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        return "Expected a list of strings."
    return next((problem for entry in value for problem in character_problems(entry)), "")


def _judged_elsewhere(value: Any) -> str:
    return ""


_IDENTIFYING = ("entity_type", "databuilder_id", "parent_databuilder_id")
_TEXTS = (
    *("title", "description", "definition", "external_updated_at", "native_type", "type", "schema", "database"),
    *("group", "product"),
)
_TYPES: Mapping[str, Callable[[Any], str]] = {
    "entity_type": _judged_elsewhere,
    "databuilder_id": _judged_elsewhere,
    "parent_databuilder_id": _optional_text_problem,
    "title": _optional_text_problem,
    "description": _optional_text_problem,
    "definition": _optional_text_problem,
    "external_updated_at": _optional_text_problem,
    "native_type": _optional_text_problem,
    "owners": _list_problem,
    "sort_order": _integer_problem,
    "type": _optional_text_problem,
    "is_pk": _boolean_problem,
    "hidden": _boolean_problem,
    "schema": _optional_text_problem,
    "database": _optional_text_problem,
    "group": _optional_text_problem,
    "product": _optional_text_problem,
}
"""The keys of a resource, with a function that returns the error of a value, or ""."""

_EXPECTED: Mapping[str, tuple[str, ...]] = {
    "table": ("schema", "database"),
    "column": ("parent_databuilder_id",),
    "dashboard": ("group",),
    "chart": ("product", "parent_databuilder_id"),
}
"""Keys that the documentation requires for a kind, but its own sample lacks."""
