"""Completes records of fixture files with `defaults: populate`: generates the missing fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.errors import ConfigurationError
from emulator.exchange import Record, pointer_to, steps_of
from emulator.files.yaml_file import place, short_name
from emulator.store.collection import Collection
from emulator.store.populating import add_record

if TYPE_CHECKING:
    from faker import Faker

    from emulator.store.world import World

ProblemsIn = Callable[[Sequence[Record]], Iterable[tuple[str, str]]]
"""Yields (JSON pointer, sentence) for each mistake in records."""


@dataclass(frozen=True)
class Completion:
    """How the records of one file are completed: `sample` has the fields that each needs, `problems_in` checks them.

    `keys` are the generated ones; they are known once a sandbox was created.
    """

    file: Path
    sample: Record
    problems_in: ProblemsIn
    keys: set[str] = field(default_factory=set, compare=False)

    def add(self, world: World, collection: Collection, fake: Faker, records: Sequence[Record]) -> None:
        """Add the records, completed. Raises ConfigurationError, with its place, for one that is invalid then."""
        for number, given in enumerate(records):
            record = add_record(world, collection, fake, number + 1, given, self.sample)
            for pointer, problem in self.problems_in([record]):
                at = f"/records/{number}{pointer.removeprefix('/0')}"
                raise ConfigurationError(f"{place(self.file, at)}: {problem}")
            self.keys.update(record.keys() - given.keys())

    def __str__(self) -> str:
        return f"{short_name(self.file)}: generated {', '.join(sorted(self.keys)) or 'nothing'}"


def partial_problems(
    records: Sequence[Any], collection: Collection, sample: Record, problems_in: ProblemsIn
) -> Iterator[tuple[str, str]]:
    """Yield (JSON pointer, sentence) for each mistake in the fields that records have; others may be missing."""
    for number, record in enumerate(records):
        if not isinstance(record, dict):
            yield f"/{number}", "not a record: expected an object"
            continue
        for pointer, problem in problems_in([{collection.key: "id", **sample, **record}]):
            _, *steps = steps_of(pointer)
            # A mistake in a field of the sample is not the user's.
            if steps and steps[0] in record:
                yield pointer_to(number, *steps), problem
