"""The unexpected calls that a test allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, get_args

from emulator.client import EmulatorError
from emulator.client.types import ConductRule
from emulator.client.urls import query_text
from emulator.errors import sentence, unknown
from emulator.testing.report import Allowance, is_allowed

__all__ = ["Allowances", "about_allowed", "check_rules", "is_allowance", "path_of_operation"]

RULES: Sequence[str] = get_args(ConductRule)


@dataclass(frozen=True)
class Allowances:
    """The unexpected calls that a test allows, and what its client may do that does harm."""

    unmatched: Allowance = False
    violations: Allowance = False
    default: Allowance = False
    conduct: Allowance = False


def is_allowance(value: Any) -> bool:
    """Return True for a boolean or globs."""
    if isinstance(value, bool):
        return True
    is_list = isinstance(value, Sequence | Set) and not isinstance(value, bytes)
    return is_list and all(isinstance(one, str) for one in value)


def check_rules(allowed: Allowance) -> None:
    """Raise EmulatorError, naming the nearest, for a glob that no rule matches."""
    for name in () if isinstance(allowed, bool) else allowed:
        if not any(is_allowed([name], [rule]) for rule in RULES):
            raise EmulatorError(sentence(unknown("rule", name, RULES, "in allow_conduct")))


def path_of_operation(name: str) -> str:
    """Return a path of a sandbox's control API that refuses a name or a glob of no operation."""
    return f"/journal{query_text({'operation': name, 'limit': 0})}"


@contextmanager
def about_allowed() -> Iterator[None]:
    """Say of a refusal inside the block that it is about `allow_violations`."""
    try:
        yield
    except EmulatorError as problem:
        raise EmulatorError(f"allow_violations: {str(problem)[:1].lower()}{str(problem)[1:]}", problem.status) from None
