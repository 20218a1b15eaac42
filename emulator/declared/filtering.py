"""The caller's conditions in a list: "created gte", in PostgREST's and Django's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from emulator.exchange import Record


def _rank(value: Any) -> tuple[int, Any]:
    """Return the sort key of values of any type: null first, then numbers, texts, all others as text."""
    if value is None:
        return 0, 0
    if isinstance(value, int | float):
        return 1, value
    return 2, value if isinstance(value, str) else str(value)


def _compared(value: Any) -> tuple[int, Any]:
    """Return the sort key of a value: of a time its instant, however it is written."""
    if isinstance(value, str) and len(value) >= 10 and value[4:5] == "-" and value[7:8] == "-":
        try:
            found = datetime.fromisoformat(value)
            return 3, found.replace(tzinfo=found.tzinfo or UTC).timestamp()
        except ValueError:
            pass
    return _rank(value)


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(value: Any, given: Any) -> bool:
        left, right = _compared(value), _compared(given)
        return value is not None and left[0] == right[0] and holds(left[1], right[1])

    return compare


def _same(value: Any, given: Any) -> bool:
    if isinstance(value, list) and not isinstance(given, list):
        return given in value
    return bool(value == given)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, given: _in(value, given) if isinstance(given, list) else _same(value, given),
    "neq": lambda value, given: not _same(value, given),
    "gt": _ordered(lambda left, right: left > right),
    "gte": _ordered(lambda left, right: left >= right),
    "lt": _ordered(lambda left, right: left < right),
    "lte": _ordered(lambda left, right: left <= right),
    "in": lambda value, given: _in(value, given if isinstance(given, list) else str(given).split(",")),
    "contains": lambda value, given: str(given) in _text(value),
    "icontains": lambda value, given: str(given).lower() in _text(value).lower(),
    "startswith": lambda value, given: _text(value).startswith(str(given)),
}


def _in(value: Any, given: list[Any]) -> bool:
    return any(_same(value, one) or str(value) == one for one in given)


def filtered(records: Iterable[Record], conditions: Iterable[tuple[str, str, Any]]) -> list[Record]:
    """Return the records that match all conditions: field, operator, value."""
    wanted = list(conditions)
    return [
        record
        for record in records
        if all(OPERATORS[operator](record.get(name), value) for name, operator, value in wanted)
    ]


def searched(records: Iterable[Record], text: str) -> list[Record]:
    """Return the records with a text property that contains the text, ignoring case."""
    wanted = text.lower()
    return [record for record in records if any(wanted in _text(value).lower() for value in record.values())]
