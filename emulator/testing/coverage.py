"""The operations and statuses that a test run has covered, and on what evidence each stands."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any, TypeAlias

Key: TypeAlias = tuple[str, str]
"""A vendor and an operation."""

DOCUMENTED = "documented"
LEVELS = (DOCUMENTED, "observed", "inferred", "assumed")
"""The levels of evidence, the best first."""

MOST_TESTS = 100
"""So many tests are named for a status of an operation."""


class ContractCoverage:
    """Counts the exchanges of a test run by operation and status, and compares them with the contracts.

    Only statuses of vendors that the run has called count, each for its level of evidence. Neighbours, operations
    outside of the emulated APIs, are counted apart: their statuses count once the run has called them.
    """

    def __init__(self) -> None:
        self._statuses: dict[Key, dict[int, str]] = {}
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._stubbed: Counter[tuple[str, str]] = Counter()
        self._neighbours: set[Key] = set()
        self._evidence: dict[Key, Mapping[str, str]] = {}
        self._fields: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._tests: dict[tuple[str, str, int], dict[str, None]] = {}

    def know(self, operations: Iterable[Mapping[str, Any]]) -> None:
        """Add the operations of the contracts, as the control API lists them."""
        for one in operations:
            statuses = {int(status): level for status, level in one["statuses"].items()}
            key = one["vendor"], one["operation"]
            self._statuses[key], self._evidence[key] = statuses, one.get("evidence", {})
            if one["neighbour"]:
                self._neighbours.add(key)

    def count(self, vendor: str, operations: Iterable[str], status: int) -> None:
        """Count an exchange."""
        for operation in operations:
            self._counts[vendor, operation, status] += 1

    def note(self, test: str, vendor: str, operations: Iterable[str], status: int) -> str:
        """Note a test that an exchange belongs to; return on what it rests: "assumed: secoda getIntegration 403"."""
        told = ""
        for operation in operations:
            tests = self._tests.setdefault((vendor, operation, status), {})
            if len(tests) < MOST_TESTS:
                tests[test] = None
            level = self._statuses.get((vendor, operation), {}).get(status, "outside the contract")
            told = f"{level}: {vendor} {operation} {status or 'broken'}"
        return told

    def count_stub(self, vendor: str, stub: str | None) -> None:
        """Count a call to a stub separately; None: it was not one."""
        if stub is not None:
            self._stubbed[vendor, stub] += 1

    def count_fields(self, fields: Iterable[Mapping[str, Any]]) -> None:
        """Count the calls that select GraphQL fields, as the control API describes these."""
        for one in fields:
            key = one["vendor"], one["type"], one["field"]
            known = self._fields.setdefault(key, {**one, "calls": 0, "arguments": {}})
            known["calls"] += one["calls"]
            counts = Counter(known["arguments"])
            counts.update(one["arguments"])
            known["arguments"] = dict(counts)

    def merge(self, document: Mapping[str, Any]) -> None:
        """Add the counts of another process: its document()."""
        self.know(document["operations"])
        for one in document["operations"]:
            for status, times in one["covered"].items():
                self._counts[one["vendor"], one["operation"], int(status)] += times
            for status, tests in one.get("tests", {}).items():
                self._tests.setdefault((one["vendor"], one["operation"], int(status)), {}).update(dict.fromkeys(tests))
        self.count_fields(document["graphql_fields"])
        for one in document["stubs"]:
            self._stubbed[one["vendor"], one["stub"]] += one["calls"]

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "documented": len(self._known(DOCUMENTED)),
            "covered": len(self._covered(DOCUMENTED)),
            "percent": round(self.percent(), 2),
            "levels": {level: self._of_level(level) for level in LEVELS},
            "operations": [
                {
                    "vendor": vendor,
                    "operation": operation,
                    "neighbour": (vendor, operation) in self._neighbours,
                    "evidence": dict(self._evidence[vendor, operation]),
                    "statuses": {str(status): level for status, level in statuses.items()},
                    "covered": {str(status): times for status, times in self._covered_in((vendor, operation)).items()},
                    "tests": self._tests_of((vendor, operation)),
                }
                for (vendor, operation), statuses in self._statuses.items()
            ],
            "graphql_fields": list(self._fields.values()),
            "stubs": [
                {"vendor": vendor, "stub": stub, "calls": calls}
                for (vendor, stub), calls in sorted(self._stubbed.items())
            ],
        }

    def percent(self, level: str = DOCUMENTED) -> float:
        """Return the share of the called vendors' statuses of a level that were covered; 0 if there are none."""
        statuses = self._known(level)
        return 100 * len(self._covered(level)) / len(statuses) if statuses else 0.0

    def evidence_lines(self) -> Iterator[str]:
        """Yield how much of each level was covered, and how many tests rest on what nobody knows."""
        if self._called():
            shares = (f"{len(self._covered(level))} of {len(self._known(level))} {level}" for level in LEVELS)
            yield f"by evidence: {', '.join(shares)} statuses"
        fields = [one for one in self._fields.values() if one["vendor"] in self._called()]
        if fields:
            selected = sum(one["calls"] > 0 for one in fields)
            given = [calls for one in fields for calls in one["arguments"].values()]
            arguments = f"{sum(calls > 0 for calls in given)} of {len(given)} arguments"
            yield f"GraphQL: {selected} of {len(fields)} fields, {arguments}"
        assumed = {test for key in self._covered("assumed") for test in self._tests.get(key, ())}
        if assumed:
            those = "1 test rests" if len(assumed) == 1 else f"{len(assumed)} tests rest"
            yield f"{those} on assumed replies; --emulator-coverage=FILE.html lists them"

    def lines(self, width: int, details: bool) -> list[str]:
        """Return for each vendor what was covered and, with `details`, what was not."""
        called = self._called()
        silent = [vendor for vendor in self._vendors() if vendor not in called]
        lines = [line for vendor in called for line in self._vendor_lines(vendor, width, details)]
        lines += [f"no operation called: {', '.join(silent)}"] if silent else []
        return [*lines, *_listed_as("stubbed: ", [_stubbed(*one) for one in sorted(self._stubbed.items())], width)]

    def _vendor_lines(self, vendor: str, width: int, details: bool) -> Iterator[str]:
        known = [key for key in self._statuses if key[0] == vendor]
        operations = [key for key in known if key not in self._neighbours]
        covered = [key for key in known if self._covered_in(key)]
        documented = [one for one in self._known(DOCUMENTED) if one[0] == vendor]
        documented_covered = [one for one in self._covered(DOCUMENTED) if one[0] == vendor]
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

    def _tests_of(self, key: Key) -> dict[str, list[str]]:
        return {str(one[2]): list(tests) for one, tests in sorted(self._tests.items()) if one[:2] == key}

    def _of_level(self, level: str) -> dict[str, Any]:
        known, covered = len(self._known(level)), len(self._covered(level))
        return {"statuses": known, "covered": covered, "percent": round(self.percent(level), 2)}

    def _known(self, wanted: str) -> list[tuple[str, str, int]]:
        """Return the statuses of a level that count."""
        called = self._called()
        return [
            (vendor, operation, status)
            for (vendor, operation), statuses in self._statuses.items()
            if vendor in called and self._is_expected((vendor, operation))
            for status, level in statuses.items()
            if level == wanted
        ]

    def _covered(self, level: str) -> list[tuple[str, str, int]]:
        return [one for one in self._known(level) if one in self._counts]


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
