"""Reads tests from dbt's artifacts. Manifests of tens of megabytes are read a block at a time, off the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from emulator.exchange import Part
from emulator.vendors.secoda.json_members import JsonMembers, Members, UnreadableJson
from emulator.vendors.secoda.reports import Report

MOST_NAMES = 250_000
"""How many names, of tests and of their targets, are stored from one file. A project of 50,000 models has fewer."""

MOST_BYTES = 16 * 1024 * 1024
"""The maximum total length of these names."""

Pick: TypeAlias = Callable[[str, Members], None]
"""Picks data from members of the container with that name."""

OUTCOMES = {"fail": "failing", "error": "failing", "warn": "warning"}
"""The statuses of a test's result that count, and as what."""

TESTS = ("test.", "unit_test.")
"""The beginnings of the unique ids of tests."""


async def read_manifest(part: Part, report: Report, max_depth: int) -> dict[str, list[str]]:
    """Return the tested entities (dbt's unique ids) by test. Report a file that is not a manifest."""
    tests: dict[str, list[str]] = {}
    allowance = _Allowance()

    def pick(container: str, members: Members) -> None:
        if container not in ("nodes", "unit_tests") or not isinstance(members, dict):
            return
        for name, node in members.items():
            if name.startswith(TESTS) and isinstance(node, dict):
                tests[_text(name)] = allowance.spend(_entities(node), name)

    return tests if await _read(part, "manifest", pick, report, max_depth) else {}


async def read_run_results(part: Part, report: Report, max_depth: int) -> dict[str, str]:
    """Return "failing" or "warning" by test, for tests that are. Report a file that is not run results."""
    outcomes: dict[str, str] = {}
    allowance = _Allowance()

    def pick(container: str, members: Members) -> None:
        if container != "results" or not isinstance(members, list):
            return
        for result in members:
            name, outcome = _outcome(result)
            if name.startswith(TESTS) and outcome:
                allowance.spend([], name)
                outcomes[_text(name)] = outcome

    return outcomes if await _read(part, "run-results", pick, report, max_depth) else {}


async def _read(part: Part, kind: str, pick: Pick, report: Report, max_depth: int) -> bool:
    """Read the whole file; if it is not JSON, or not that artifact, report that and return False."""
    versions: list[Any] = []
    blocks = JsonMembers(part.file, max_depth).blocks()

    def read_block() -> bool:
        """Parse one block; return False at the end."""
        pieces = next(blocks, None)
        for container, members in pieces or ():
            if container == "metadata" and isinstance(members, dict):
                versions.append(members.get("dbt_schema_version"))
            pick(container, members)
        return pieces is not None

    try:
        while await asyncio.to_thread(read_block):
            pass
    except UnreadableJson as problem:
        report.error(None, None, str(problem))
        return False
    if not any(isinstance(version, str) and f"/{kind}/" in version for version in versions):
        words = {"manifest": "This is not a dbt manifest.", "run-results": "These are not dbt run results."}
        report.error(None, None, words[kind])
        return False
    return True


class _Allowance:
    """How much of one file may be stored. Raises UnreadableJson beyond MOST_NAMES and MOST_BYTES."""

    def __init__(self) -> None:
        self._names = 0
        self._bytes = 0

    def spend(self, entities: list[str], test: str) -> list[str]:
        """Return the entities if they and their test may be stored."""
        self._names += 1 + len(entities)
        self._bytes += len(test) + sum(map(len, entities))
        if self._names > MOST_NAMES or self._bytes > MOST_BYTES:
            raise UnreadableJson(f"The tests name more than {MOST_NAMES} things, or in more than {MOST_BYTES} bytes.")
        return entities


def _outcome(result: Any) -> tuple[str, str]:
    """Return a result's unique id, and as what it counts; "" if it does not count or is unknown."""
    found = result if isinstance(result, dict) else {}
    name, status = found.get("unique_id"), found.get("status")
    return name if isinstance(name, str) else "", OUTCOMES.get(status, "") if isinstance(status, str) else ""


def _entities(node: dict[str, Any]) -> list[str]:
    """Return the entity that a test is attached to; a singular or unit test depends on its entities."""
    if isinstance(node.get("attached_node"), str):
        return [_text(node["attached_node"])]
    depends_on = node.get("depends_on")
    return _strings(depends_on.get("nodes") if isinstance(depends_on, dict) else None)


def _strings(values: Any) -> list[str]:
    candidates: Iterable[Any] = values if isinstance(values, list) else ()
    return [_text(value) for value in candidates if isinstance(value, str)]


def _text(value: str) -> str:
    """Return a text without lone surrogates, which a record cannot contain."""
    return value.encode("utf-8", "replace").decode()
