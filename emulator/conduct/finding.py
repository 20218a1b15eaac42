"""A finding: what a client should not have done, and the exchanges that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from emulator.journal.entry import Exchange

__all__ = ["Finding", "Observation", "numbers"]

NAMED = 5
"""How many exchanges a sentence names at most."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a rule has found: the exchanges that show it, and a sentence with what to do instead."""

    exchanges: Sequence[Exchange]
    sentence: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a client should not have done: by which rule, in which exchanges (their numbers)."""

    rule: str
    does_harm: bool
    vendor: str
    operations: tuple[str, ...]
    exchanges: tuple[int, ...]
    sentence: str

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "rule": self.rule,
            "harm": self.does_harm,
            "vendor": self.vendor,
            "operations": list(self.operations),
            "exchanges": list(self.exchanges),
            "sentence": self.sentence,
        }


def numbers(exchanges: Sequence[Exchange]) -> str:
    """Return "exchange 3", "exchanges 3 and 4", or "exchanges 3, 4 and 7 more"."""
    listed = [str(one.number) for one in exchanges[:NAMED]]
    if len(exchanges) > NAMED:
        listed.append(f"{len(exchanges) - NAMED} more")
    *before, last = listed
    return f"exchanges {', '.join(before)} and {last}" if before else f"exchange {last}"
