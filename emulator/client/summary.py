"""A sandbox in the list of all sandboxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

__tracebackhide__ = True


@dataclass(frozen=True)
class SandboxSummary:
    """A sandbox: when it was created and when a call last began or ended in it, both by the real clock.

    It is dropped `ttl` seconds after its creation, or `idle` seconds after its last call (None: never). `recorded` is
    how many exchanges its journal has recorded.
    """

    name: str
    seed: int
    created_at: datetime
    last_used_at: datetime
    ttl: float | None
    idle: float | None
    scenarios: Sequence[str]
    recorded: int


def summary_of(document: Mapping[str, Any]) -> SandboxSummary:
    """Return a sandbox from its document in the list."""
    return SandboxSummary(
        name=document["name"],
        seed=document["seed"],
        created_at=datetime.fromisoformat(document["created_at"]),
        last_used_at=datetime.fromisoformat(document["last_used_at"]),
        ttl=document["ttl"],
        idle=document["idle"],
        scenarios=document["scenarios"],
        recorded=document["recorded"],
    )
