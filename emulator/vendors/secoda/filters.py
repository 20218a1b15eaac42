"""The filter and the sort of the catalogue, JSON objects in parameters (Secoda documentation, Resources)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from emulator.errors import Refusal, sentence, unknown
from emulator.exchange import NOTHING, REFUSED, Record, Reply, Violation

Test: TypeAlias = Callable[[Record], bool]
Order: TypeAlias = Callable[[list[Record]], None]

ALIASES: Final = {"type": "entity_type", "integration_id": "integration", "parent_id": "parent"}
"""Fields of filters that resources have under other names (Secoda documentation, Resources, and its examples)."""

INDEXED: Final = frozenset(("entity_type", "integration", "parent", "id"))

MOST_DEPTH: Final = 20
"""How deep operands may be nested."""

NO_OBJECT: Final = "Not a JSON object."


def read_filter(text: str | None, known: Iterable[str]) -> tuple[dict[str, Any], Test]:
    """Return conditions by which SQLite finds candidates, and the test of each. Raises Refusal (400)."""
    if not text:
        return {}, _all(())
    described = _parsed("filter", text)
    test = _Filter(frozenset(known)).test(described)
    return dict(_exact(described)), test


def read_sort(text: str | None, known: Iterable[str]) -> Order:
    """Return what sorts a list in place; without a sort, what is used most comes first. Raises Refusal (400)."""
    keys = [("external_usage", "desc")]
    if text:
        keys, described = [], _parsed("sort", text)
        while described:
            name = _field("sort", described.get("field"), frozenset(known))
            keys.append((name, "desc" if described.get("order") == "desc" else "asc"))
            described = described["tie_breaker"] if isinstance(described.get("tie_breaker"), dict) else {}
    return lambda records: _sort(records, keys)


class _Filter:
    """Makes tests of the operands of one filter."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known

    def test(self, operand: Any, depth: int = 0) -> Test:
        """Return the test that an operand describes."""
        if not isinstance(operand, dict) or depth > MOST_DEPTH:
            raise _refused("filter", NO_OBJECT if depth <= MOST_DEPTH else "Its operands are nested too deep.")
        operator = operand.get("operator")
        if operator in LOGICAL:
            operands = operand.get("operands")
            inner = [self.test(one, depth + 1) for one in (operands if isinstance(operands, list) else ())]
            return LOGICAL[operator](inner)
        if operator not in COMPARISONS:
            raise _refused("filter", sentence(unknown("operator", str(operator), [*COMPARISONS, *LOGICAL])))
        name, value, compare = (
            _field("filter", operand.get("field"), self._known),
            operand.get("value"),
            COMPARISONS[operator],
        )
        return lambda record: compare(record.get(name), value)


def _exact(operand: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield the indexed fields that must have one value."""
    if operand.get("operator") == "and":
        for one in operand.get("operands") or ():
            yield from _exact(one)
    elif operand.get("operator") == "exact" and isinstance(operand.get("value"), str):
        name = ALIASES.get(operand["field"], operand["field"])
        if name in INDEXED:
            yield name, operand["value"].lower() if name != "entity_type" else operand["value"]


def _all(tests: Iterable[Test]) -> Test:
    return lambda record: all(test(record) for test in tests)


def _any(tests: Iterable[Test]) -> Test:
    return lambda record: any(test(record) for test in tests)


def _not(tests: Iterable[Test]) -> Test:
    return lambda record: not any(test(record) for test in tests)


LOGICAL: Final = {"and": _all, "or": _any, "not": _not}


def _is_exactly(found: Any, value: Any) -> bool:
    return value in found if isinstance(found, list) else bool(found == value)


def _contains(found: Any, value: Any) -> bool:
    return value in found if isinstance(found, list) else str(value).lower() in str(found or "").lower()


def _is_in(found: Any, value: Any) -> bool:
    return any(_is_exactly(found, one) for one in (value if isinstance(value, list) else [value]))


def _is_set(found: Any, value: Any) -> bool:
    return (found not in (None, "", [])) == (value is not False)


COMPARISONS: Final = {"exact": _is_exactly, "contains": _contains, "in": _is_in, "is_set": _is_set}


def _sort(records: list[Record], keys: list[tuple[str, str]]) -> None:
    for name, order in reversed(keys):
        present = [record for record in records if record.get(name) is not None]
        absent = [record for record in records if record.get(name) is None]
        present.sort(key=lambda record: _comparable(record[name]), reverse=order == "desc")
        records[:] = [*present, *absent]


def _comparable(value: Any) -> tuple[float, str]:
    return (
        (value, "")
        if isinstance(value, int | float)
        else (0, value.lower() if isinstance(value, str) else json.dumps(value))
    )


def _field(parameter: str, name: Any, known: frozenset[str]) -> str:
    if not isinstance(name, str) or ALIASES.get(name, name) not in known:
        raise _refused(parameter, sentence(unknown("field", str(name), sorted(known))))
    return ALIASES.get(name, name)


def _parsed(parameter: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _refused(parameter, NO_OBJECT)
    return found


def _refused(parameter: str, message: str) -> Refusal:
    found = Violation("query", f"/{parameter}", REFUSED, NOTHING, NOTHING, message)
    return Refusal(Reply(400, {parameter: [message]}), [found])
