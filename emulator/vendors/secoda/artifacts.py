"""What dbt's artifacts say about tests. Manifests of tens of megabytes are read a block at a time, off the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias

import ijson

from emulator.exchange import Part
from emulator.vendors.secoda.errors import NO_JSON
from emulator.vendors.secoda.reports import Report

BLOCK = 64 * 1024
"""Bytes that are parsed in one go, a millisecond or two in which nothing else runs."""

Pick: TypeAlias = Callable[[Any], None]
"""Takes what it wants out of one value of the file."""

OUTCOMES = {"fail": "failing", "error": "failing", "warn": "warning"}
"""Statuses of a test's result that count, and as what."""


async def read_manifest(part: Part, report: Report) -> dict[str, list[str]]:
    """Return the tested entities (dbt's unique ids) by test. What is no manifest is reported."""
    tests: dict[str, list[str]] = {}

    def pick(entry: tuple[str, Any]) -> None:
        name, node = entry
        if name.startswith("test.") and isinstance(node, dict):
            tests[name] = _entities(node)

    artifact = _Artifact(part.file, "manifest", lambda target: ijson.kvitems_coro(target, "nodes"), pick)
    return tests if await _read(artifact, report) else {}


async def read_run_results(part: Part, report: Report) -> dict[str, str]:
    """Return "failing" or "warning" by test, for tests that are. What are no run results is reported."""
    outcomes: dict[str, str] = {}

    def pick(result: Any) -> None:
        name = result.get("unique_id") if isinstance(result, dict) else None
        if isinstance(name, str) and name.startswith("test.") and result.get("status") in OUTCOMES:
            outcomes[name] = OUTCOMES[result["status"]]

    artifact = _Artifact(part.file, "run-results", lambda target: ijson.items_coro(target, "results.item"), pick)
    return outcomes if await _read(artifact, report) else {}


async def _read(artifact: _Artifact, report: Report) -> bool:
    """Read the whole file; report and return False if it is not JSON, or not that artifact."""
    try:
        while await asyncio.to_thread(artifact.read_block):
            pass
    except ijson.JSONError:
        report.error(None, None, NO_JSON)
        return False
    if f"/{artifact.kind}/" not in artifact.version:
        words = {"manifest": "This is not a dbt manifest.", "run-results": "These are not dbt run results."}
        report.error(None, None, words[artifact.kind])
        return False
    return True


@dataclass
class _Artifact:
    """A file being parsed; `version` is its metadata.dbt_schema_version, once that has come by."""

    file: BinaryIO
    kind: str
    start: Callable[[Any], Any]
    pick: Pick
    version: str = ""

    def __post_init__(self) -> None:
        self.file.seek(0)
        self._values = ijson.sendable_list()
        self._parser = self.start(self._values)
        self._versions = ijson.sendable_list()
        self._version_parser = ijson.items_coro(self._versions, "metadata.dbt_schema_version")

    def read_block(self) -> bool:
        """Parse one block; return whether there was one. Raises ijson.JSONError."""
        block = self.file.read(BLOCK)
        if not self.version:
            self._look_for_version(block)
        if block:
            self._parser.send(block)
        else:
            self._parser.close()
        for value in self._values:
            self.pick(value)
        del self._values[:]
        return bool(block)

    def _look_for_version(self, block: bytes) -> None:
        # It stands at the top, so this second parser is done after the first block of a real artifact.
        if block:
            self._version_parser.send(block)
        self.version = next((str(version) for version in self._versions), "")


def _entities(node: dict[str, Any]) -> list[str]:
    """Return what a test is attached to; a singular test is attached to nothing, and depends on what it tests."""
    if isinstance(node.get("attached_node"), str):
        return [node["attached_node"]]
    depends_on = node.get("depends_on")
    return _strings(depends_on.get("nodes") if isinstance(depends_on, dict) else None)


def _strings(values: Any) -> list[str]:
    candidates: Iterable[Any] = values if isinstance(values, list) else ()
    return [value for value in candidates if isinstance(value, str)]
