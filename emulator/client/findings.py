"""What a client should not have done, as the control API describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__tracebackhide__ = True


@dataclass(frozen=True)
class Finding:
    """What a client should not have done, found by a rule in exchanges (their ids).

    `does_harm` means that data are wrong, a secret is known, or the vendor blocks the client. `sentence` says what
    happened, and what to do instead. `operations` is empty for calls that no operation matches.
    """

    rule: str
    does_harm: bool
    vendor: str
    operations: tuple[str, ...]
    exchanges: tuple[int, ...]
    sentence: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.sentence}"


def finding_of(document: Mapping[str, Any]) -> Finding:
    """Return a finding from its document."""
    return Finding(
        rule=document["rule"],
        does_harm=document["harm"],
        vendor=document["vendor"],
        operations=tuple(document["operations"]),
        exchanges=tuple(document["exchanges"]),
        sentence=document["sentence"],
    )
