"""The evidence for what a contract says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from emulator.errors import ContractError

LEVELS = ("documented", "observed", "inferred", "assumed")
INFERENCE = "inferred"
"""The source of operations whose words nobody wrote: they are inferred from the document."""


class Evidence(NamedTuple):
    """Why we believe something about a vendor: one of LEVELS, a source, and a note."""

    level: str
    source: str
    note: str = ""

    @classmethod
    def of(cls, described: Mapping[str, Any], where: str) -> Evidence:
        """Read `x-evidence` of `described`. Raises ContractError, naming `where`, if it is missing or wrong."""
        evidence = described.get("x-evidence")
        if not isinstance(evidence, Mapping):
            raise ContractError(f"{where} has no x-evidence; add level and source")
        if evidence.get("level") not in LEVELS:
            raise ContractError(
                f"{where}: x-evidence level is {evidence.get('level')!r}; use one of {', '.join(LEVELS)}"
            )
        if not evidence.get("source"):
            raise ContractError(f"{where}: x-evidence names no source")
        return cls(evidence["level"], str(evidence["source"]), str(evidence.get("note", "")))
