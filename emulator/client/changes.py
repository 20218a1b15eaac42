"""The changes of a sandbox's records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from emulator.errors import unknown

__tracebackhide__ = True

LONGEST_LINE = 160
"""How many characters of a record or a value a text shows."""


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT
"""The value of a place before it was added, or after it was removed."""


@dataclass(frozen=True)
class Difference:
    """One place in a record, as a JSON pointer, with its previous and current value."""

    pointer: str
    before: Any = ABSENT
    after: Any = ABSENT

    def __str__(self) -> str:
        return f"{self.pointer}: {_text(self.before)} -> {_text(self.after)}"


@dataclass(frozen=True)
class RecordChange:
    """The differences in one record."""

    id: str | int
    differences: Sequence[Difference]


@dataclass(frozen=True)
class CollectionChanges:
    """The added, removed and changed records of a collection: at most 1,000 of each, and the `counts` of all."""

    added: Sequence[dict[str, Any]]
    removed: Sequence[dict[str, Any]]
    changed: Sequence[RecordChange]
    counts: Mapping[str, int]

    def lines(self) -> Iterator[str]:
        """Yield a line for each record, for a changed one a line for each difference."""
        yield from (f"+ {_text(record)}" for record in self.added)
        yield from (f"- {_text(record)}" for record in self.removed)
        yield from (f"~ {change.id} {one}" for change in self.changed for one in change.differences)
        listed = {"added": self.added, "removed": self.removed, "changed": self.changed}
        for kind, records in listed.items():
            if self.counts[kind] > len(records):
                yield f"… {self.counts[kind] - len(records)} {'more ' if records else ''}{kind}"


class Changes(Mapping[str, CollectionChanges]):
    """The changes by collection; one without changes is missing. As a text: one line for each change."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._by_name = {one["collection"]: _collection_changes(one) for one in document["collections"]}

    def __getitem__(self, collection: str) -> CollectionChanges:
        if collection not in self._by_name:
            raise KeyError(unknown("collection", collection, self, "with changes", plural="collections with changes"))
        return self._by_name[collection]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __str__(self) -> str:
        return "\n".join(line for name, one in self.items() for line in (name, *(f"  {line}" for line in one.lines())))

    def __repr__(self) -> str:
        return f"<changes in {', '.join(self)}>" if self else "<no changes>"


def _collection_changes(document: Mapping[str, Any]) -> CollectionChanges:
    changed = [
        RecordChange(one["id"], [Difference(**difference) for difference in one["differences"]])
        for one in document["changed"]
    ]
    return CollectionChanges(document["added"], document["removed"], changed, document["counts"])


def _text(value: Any) -> str:
    text = "nothing" if value is ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"
