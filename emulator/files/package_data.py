"""Where the contracts and fixtures are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent.parent
_HOME = PACKAGE / "data" if (PACKAGE / "data").is_dir() else PACKAGE.parent

CONTRACTS = _HOME / "contracts"
FIXTURES = _HOME / "fixtures"


def is_ours(file: Path) -> bool:
    """Return True if a file came with the package, and is no user's own."""
    return any(folder in file.parents for folder in (CONTRACTS, FIXTURES, PACKAGE))
