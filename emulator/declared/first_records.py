"""The records with which inferred collections begin: those in the examples of a contract (rule 14)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from emulator.contract.openapi import Contract
from emulator.declared.planning import Planner
from emulator.exchange import Document, Record

Replied: TypeAlias = tuple[str, int, Document]
"""The document of a reply: operation, status, document."""


def examples_of(contract: Contract) -> Iterator[Replied]:
    """Yield the examples of a contract's replies of success."""
    for name, operation in contract.handled.items():
        for status in [status for status in operation.responses if status < 300]:
            for media in operation.responses[status].media.values():
                yield from ((name, status, example) for example in media.examples.values())


def records_in(replies: Iterable[Replied], planner: Planner) -> dict[str, list[Record]]:
    """Return the valid records in replies by collection, each key once: as in a reply of its own, or else in a list."""
    found: dict[str, dict[Any, Record]] = {}
    for name, status, document in sorted(replies, key=lambda one: planner.replies_a_list(one[0])):
        for resource, record in planner.records_in(name, status, document):
            if resource.check is None or resource.check.accepts(record):
                found.setdefault(resource.name, {}).setdefault(record[resource.key], record)
    return {name: list(records.values()) for name, records in found.items()}
