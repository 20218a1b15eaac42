"""The operations, and their documented statuses, that a test run has covered."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any, TypeAlias

Key: TypeAlias = tuple[str, str]
"""A vendor and an operation."""

DOCUMENTED = "documented"


class ContractCoverage:
    """Counts the exchanges of a test run by operation and status, and compares them with the contracts.

    Only statuses with the evidence `documented` count, and only those of vendors that the run has called. Neighbours,
    operations outside of the emulated APIs, are counted apart: their statuses count once the run has called them.
    """

    def __init__(self) -> None:
        self._statuses: dict[Key, dict[int, str]] = {}
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._stubbed: Counter[tuple[str, str]] = Counter()
        self._neighbours: set[Key] = set()

    def know(self, operations: Iterable[Mapping[str, Any]]) -> None:
        """Add the operations of the contracts, as the control API lists them."""
        for one in operations:
            statuses = {int(status): level for status, level in one["statuses"].items()}
            self._statuses[one["vendor"], one["operation"]] = statuses
            if one["neighbour"]:
                self._neighbours.add((one["vendor"], one["operation"]))

    def count(self, vendor: str, operations: Iterable[str], status: int) -> None:
        """Count an exchange."""
        for operation in operations:
            self._counts[vendor, operation, status] += 1

    def count_stub(self, vendor: str, stub: str | None) -> None:
        """Count a call to a stub separately; None: it was not one."""
        if stub is not None:
            self._stubbed[vendor, stub] += 1

    def merge(self, document: Mapping[str, Any]) -> None:
        """Add the counts of another process: its document()."""
        self.know(document["operations"])
        for one in document["operations"]:
            for status, times in one["covered"].items():
                self._counts[one["vendor"], one["operation"], int(status)] += times
        for one in document["stubs"]:
            self._stubbed[one["vendor"], one["stub"]] += one["calls"]

    def write(self, file: str) -> str:
        """Write the JSON document to a file; return why that fails, "" if it does not."""
        try:
            Path(file).write_text(json.dumps(self.document(), indent=2) + "\n", "utf-8")
        except OSError as problem:
            return (problem.strerror or str(problem)).lower()
        return ""

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "documented": len(self._documented()),
            "covered": len(self._documented_and_covered()),
            "percent": round(self.percent, 2),
            "operations": [
                {
                    "vendor": vendor,
                    "operation": operation,
                    "neighbour": (vendor, operation) in self._neighbours,
                    "statuses": {str(status): level for status, level in statuses.items()},
                    "covered": {str(status): times for status, times in self._covered_in((vendor, operation)).items()},
                }
                for (vendor, operation), statuses in self._statuses.items()
            ],
            "stubs": [
                {"vendor": vendor, "stub": stub, "calls": calls}
                for (vendor, stub), calls in sorted(self._stubbed.items())
            ],
        }

    @property
    def percent(self) -> float:
        """The share of the documented statuses that were covered, of the called vendors; 0 if there are none."""
        documented = len(self._documented())
        return 100 * len(self._documented_and_covered()) / documented if documented else 0.0

    def lines(self, width: int, details: bool) -> list[str]:
        """Return for each vendor what was covered and, with `details`, what was not."""
        called = self._called()
        silent = [vendor for vendor in self._vendors() if vendor not in called]
        lines = [line for vendor in called for line in self._vendor_lines(vendor, width, details)]
        lines += [f"never called: {', '.join(silent)}"] if silent else []
        return [*lines, *_listed_as("stubbed: ", [_stubbed(*one) for one in sorted(self._stubbed.items())], width)]

    def _vendor_lines(self, vendor: str, width: int, details: bool) -> Iterator[str]:
        known = [key for key in self._statuses if key[0] == vendor]
        operations = [key for key in known if key not in self._neighbours]
        covered = [key for key in known if self._covered_in(key)]
        documented = [one for one in self._documented() if one[0] == vendor]
        documented_covered = [one for one in self._documented_and_covered() if one[0] == vendor]
        neighbours = len(known) - len(operations)
        covered_neighbours = len(self._neighbours.intersection(covered))
        yield (
            f"{vendor}: {len(covered) - covered_neighbours} of {len(operations)} operations,"
            f" {len(documented_covered)} of {len(documented)} documented statuses"
            + (f", {covered_neighbours} of {neighbours} neighbours" if neighbours else "")
        )
        if details:
            missing = [one for one in documented if one not in documented_covered and (vendor, one[1]) in covered]
            yield from _listed("covered", [_with(key[1], self._covered_in(key)) for key in covered], width)
            yield from _listed("not covered", [_with(key[1], _statuses(missing, key[1])) for key in covered], width)
            yield from _listed("never called", [key[1] for key in operations if key not in covered], width)

    def _vendors(self) -> list[str]:
        return list(dict.fromkeys(vendor for vendor, _ in self._statuses))

    def _called(self) -> list[str]:
        return [vendor for vendor in self._vendors() if any(one[0] == vendor for one in self._counts)]

    def _is_expected(self, key: Key) -> bool:
        return key not in self._neighbours or bool(self._covered_in(key))

    def _covered_in(self, key: Key) -> dict[int, int]:
        return {one[2]: times for one, times in sorted(self._counts.items()) if one[:2] == key}

    def _documented(self) -> list[tuple[str, str, int]]:
        called = self._called()
        return [
            (vendor, operation, status)
            for (vendor, operation), statuses in self._statuses.items()
            if vendor in called and self._is_expected((vendor, operation))
            for status, level in statuses.items()
            if level == DOCUMENTED
        ]

    def _documented_and_covered(self) -> list[tuple[str, str, int]]:
        return [one for one in self._documented() if one in self._counts]


def _statuses(entries: Iterable[tuple[str, str, int]], operation: str) -> list[int]:
    return [status for _, name, status in entries if name == operation]


def _with(operation: str, statuses: Iterable[int]) -> str:
    numbers = " ".join(str(status) if status else "broken" for status in statuses)
    return f"{operation} {numbers}" if numbers else ""


def _stubbed(stub: tuple[str, str], calls: int) -> str:
    return f"{' '.join(stub)} ({calls})"


def _listed_as(title: str, entries: Sequence[str], width: int) -> list[str]:
    return wrap(title + ", ".join(entries), max(40, width), subsequent_indent="  ") if entries else []


def _listed(title: str, entries: Sequence[str], width: int) -> Iterator[str]:
    text = ", ".join(entry for entry in entries if entry)
    if text:
        yield from wrap(text, max(40, width), initial_indent=f"  {title:13}", subsequent_indent=" " * 15)


def unwritable(name: str) -> str:
    """Return why a file cannot be written, "" if it can."""
    file = Path(name)
    if not name or file.is_dir():
        return "expected a file"
    if not file.parent.is_dir():
        return f"{file.parent} is not a folder"
    return "" if os.access(file if file.exists() else file.parent, os.W_OK) else "permission denied"
