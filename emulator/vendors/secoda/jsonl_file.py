"""Resources and lineage out of JSONL files (contract: resource-line and lineage-line.schema.json)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from emulator.sandbox.collection import Record
from emulator.vendors.secoda.errors import NO_JSON, NO_STRING, NULL, REQUIRED
from emulator.vendors.secoda.lines import Lines
from emulator.vendors.secoda.reports import Report
from emulator.vendors.secoda.texts import BLANK


def read_resources(lines: Lines, report: Report) -> Iterator[Record | None]:
    """Yield the resource of each line, None for a line that gives none."""
    return (_resource(line, lines.number, report) for line in lines)


def read_lineage(lines: Lines, report: Report) -> Iterator[Record | None]:
    """Yield the lineage of each line, None for a line that gives none."""
    return (_lineage(line, lines.number, report) for line in lines)


def _resource(line: bytes, number: int, report: Report) -> Record | None:
    document = _parse(line, number, report)
    if document is None or not _is_resource(document, number, report):
        return None
    for name in _EXPECTED.get(document["entity_type"], ()):
        if document.get(name) is None:
            report.warning(number, name, f"A {document['entity_type']} should have this.")
    # Nulls mean "not given", and keys that nobody knows are ignored.
    known = {name: document[name] for name in _TYPES if document.get(name) is not None}
    return {**known, "line": number}


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
        document = orjson.loads(line.rstrip())
    except orjson.JSONDecodeError as problem:
        report.error(number, problem.colno, NO_JSON)
        return None
    if not isinstance(document, dict):
        kind = type(document).__name__
        report.error(number, None, f"Invalid data. Expected a dictionary, but got {kind}.")
        return None
    return document


def _is_resource(document: Mapping[str, Any], number: int, report: Report) -> bool:
    good = _are_texts(document, ("entity_type", "databuilder_id"), "", number, report)
    for name, (is_right, message) in _TYPES.items():
        value = document.get(name)
        if value is not None and not is_right(value):
            report.error(number, name, message)
            good = False
    changed = document.get("external_updated_at")
    if isinstance(changed, str) and not _is_time(changed):
        report.warning(number, "external_updated_at", "Datetime has wrong format.")
    return good


def _identifier(found: Any, end: str, number: int, report: Report) -> Record | None:
    """Return one end of a lineage without what nobody knows, or None (and report) if it is wrong."""
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
        if not isinstance(found.get(name), str | None):
            report.error(number, f"{end}.{name}", NO_STRING)
            good = False
    known = {name: found[name] for name in ("type", *required, *optional) if found.get(name) is not None}
    return known if good else None


def _are_texts(document: Mapping[str, Any], names: Iterable[str], prefix: str, number: int, report: Report) -> bool:
    """Tell whether all of these are there and say something; report those that do not."""
    problems = {name: problem for name in names if (problem := _text_problem(document.get(name, _MISSING)))}
    for name, problem in problems.items():
        report.error(number, prefix + name, problem)
    return not problems


def _text_problem(value: Any) -> str:
    if isinstance(value, str):
        return "" if value else BLANK
    return REQUIRED if value is _MISSING else NULL if value is None else NO_STRING


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
"""What each kind of identifier must say, and what it may."""


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


_STRING = (_is_string, NO_STRING)
_BOOLEAN = (_is_boolean, "Must be a valid boolean.")
_TYPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "entity_type": (lambda value: True, ""),
    "databuilder_id": (lambda value: True, ""),
    "parent_databuilder_id": _STRING,
    "title": _STRING,
    "description": _STRING,
    "definition": _STRING,
    "external_updated_at": _STRING,
    "native_type": _STRING,
    "owners": (_is_list_of_strings, "Expected a list of strings."),
    "sort_order": (_is_integer, "A valid integer is required."),
    "type": _STRING,
    "is_pk": _BOOLEAN,
    "hidden": _BOOLEAN,
    "schema": _STRING,
    "database": _STRING,
    "group": _STRING,
    "product": _STRING,
}

_EXPECTED: Mapping[str, tuple[str, ...]] = {
    "table": ("schema", "database"),
    "column": ("parent_databuilder_id",),
    "dashboard": ("group",),
    "chart": ("product", "parent_databuilder_id"),
}
"""What the docs call required of a kind, and their own sample lacks."""
