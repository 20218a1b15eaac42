"""Reads tables and columns from a CSV file (Secoda documentation, Create your CSV). A row is a column of a table."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from emulator.exchange import Record
from emulator.vendors.secoda.errors import REQUIRED
from emulator.vendors.secoda.lines import Lines
from emulator.vendors.secoda.populate import timestamp
from emulator.vendors.secoda.reports import Report
from emulator.vendors.secoda.texts import character_problems, text_problems

NAMES = ("database", "schema", "name", "col_name")
"""The columns that a file and each of its rows must have; they identify a resource."""

TABLES_REMEMBERED = 1000
"""How many recent tables are remembered; one that returns after that many others is found when it is stored."""

Cells: TypeAlias = Mapping[str, str]


def read_rows(lines: Lines, report: Report) -> Iterator[Record | None]:
    """Yield the table (unless seen before) and the column of each row, None for an invalid row."""
    rows = _Rows(lines, report)
    header = [name.strip() for name in next(iter(rows), (1, []))[1]]
    if rows.is_unclosed:
        _warn_of_quote([], header, 1, report)
    if not _is_usable(header, report):
        return
    seen: dict[str, int] = {}
    for line, row in rows:
        if rows.is_unclosed:
            _warn_of_quote(header, row, line, report)
        cells = dict(zip(header, row, strict=False))
        if not row or not _has_names(cells, line, report) or not _fits(header, row, line, report):
            yield None
            continue
        yield from _resources(cells, line, seen, report)


class _Rows:
    """The rows of a file, each with the line that it starts on. `is_unclosed`: the last one ends inside a quote."""

    def __init__(self, lines: Lines, report: Report) -> None:
        self.is_unclosed = False
        self._has_ended = False
        self._reader = csv.reader(self._text(lines))
        self._report = report

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return self

    def __next__(self) -> tuple[int, list[str]]:
        line = self._reader.line_num + 1
        try:
            row = next(self._reader)
        except csv.Error as problem:
            self._report.error(line, None, f"{str(problem).capitalize()}.")
            return line, []
        if self._has_ended and row:
            self.is_unclosed = True
            row[-1] = row[-1].removesuffix(_ONE_LINE_MORE)
        return line, row

    def _text(self, lines: Lines) -> Iterator[str]:
        """Yield the lines, and an empty one after the last: a row that includes it ends inside a quote."""
        yield from lines.text()
        self._has_ended = True
        yield _ONE_LINE_MORE


_ONE_LINE_MORE = "\n"


def _warn_of_quote(header: list[str], row: list[str], line: int, report: Report) -> None:
    """Report the line and column of an opening quote that includes the rest of the file."""
    opened = line + sum(cell.count("\n") for cell in row[:-1])
    column = header[len(row) - 1] if len(row) <= len(header) else len(row)
    report.warning(opened, column, "The quote that is opened here is never closed: it holds the rest of the file.")


def _is_usable(header: list[str], report: Report) -> bool:
    for name in NAMES:
        if name not in header:
            report.error(1, name, "This column is required.")
    for name in header:
        if name not in (*NAMES, *_OPTIONAL):
            report.warning(1, name, "Unknown column.")
    return set(NAMES) <= set(header)


def _has_names(cells: Cells, line: int, report: Report) -> bool:
    problems = {name: problem for name in NAMES if (problem := _name_problem(cells.get(name)))}
    for name, problem in problems.items():
        report.error(line, name, problem)
    return not problems


def _name_problem(value: str | None) -> str:
    if value is None:
        return REQUIRED
    problems = text_problems(value)
    return problems[0] if problems else "No period is allowed here." if "." in value else ""


def _fits(header: list[str], row: list[str], line: int, report: Report) -> bool:
    if len(row) > len(header):
        report.error(line, None, f"The row has {len(row)} fields, the header {len(header)}.")
    return len(row) <= len(header)


def _resources(cells: Cells, line: int, seen: dict[str, int], report: Report) -> Iterator[Record | None]:
    values = {name: _value(name, cell, line, report) for name, cell in cells.items() if name in _OPTIONAL}
    if _WRONG in values.values():
        yield None
        return
    database, schema, name, column = (cells[name].strip() for name in NAMES)
    table = f"{database}.{schema}.{name}"
    # Rows of one table repeat its fields. A hash is enough to check that.
    said = hash((values.get("description"), values.get("is_view"), values.get("last_updated_time")))
    if seen.get(table) != said:
        if table not in seen and len(seen) >= TABLES_REMEMBERED:
            del seen[next(iter(seen))]
        seen[table] = said
        yield {**_table(table, values, line), "title": name, "database": database, "schema": schema}
    yield _column(table, column.lower(), values, line)


def _table(table: str, values: Mapping[str, Any], line: int) -> Record:
    return {
        "entity_type": "table",
        "databuilder_id": table,
        "description": values.get("description"),
        "is_view": values.get("is_view") or False,
        "external_updated_at": values.get("last_updated_time"),
        "line": line,
    }


def _column(table: str, name: str, values: Mapping[str, Any], line: int) -> Record:
    order = values.get("sort_order")
    return {
        "entity_type": "column",
        "databuilder_id": f"{table}.{name}",
        "parent_databuilder_id": table,
        "title": name,
        "description": values.get("col_description"),
        "native_type": values.get("col_type"),
        "sort_order": values.get("col_sort_order") if order is None else order,
        "line": line,
    }


_WRONG = object()


def _value(name: str, cell: str, line: int, report: Report) -> Any:
    """Return the value of an optional cell, None if it is empty, _WRONG (and report it) if it is invalid."""
    # The documented sample prints None for an unset time.
    if cell == "" or (cell == "None" and _OPTIONAL[name] is not _text):
        return None
    try:
        return _OPTIONAL[name](cell)
    except (ValueError, OverflowError, OSError) as problem:
        report.error(line, name, str(problem))
        return _WRONG


def _text(cell: str) -> str:
    problems = character_problems(cell)
    if problems:
        raise ValueError(problems[0])
    return cell


def _integer(cell: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", cell.strip()):
        raise ValueError("A valid integer is required.")
    return int(cell)


def _boolean(cell: str) -> bool:
    value = {"true": True, "false": False}.get(cell.strip().lower())
    if value is None:
        raise ValueError("Must be true or false.")
    return value


def _time(cell: str) -> str:
    return timestamp(datetime.fromtimestamp(_integer(cell), UTC))


_OPTIONAL: Mapping[str, Callable[[str], Any]] = {
    "col_description": _text,
    "col_type": _text,
    "sort_order": _integer,
    "col_sort_order": _integer,
    "description": _text,
    "is_view": _boolean,
    "last_updated_time": _time,
}
