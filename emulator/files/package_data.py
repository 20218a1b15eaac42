"""Where the contracts and fixtures are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
_HOME = PACKAGE / "data" if (PACKAGE / "data").is_dir() else PACKAGE.parent

CONTRACTS = _HOME / "contracts"
FIXTURES = _HOME / "fixtures"

_OURS = tuple(f"{folder}{os.sep}" for folder in (CONTRACTS, FIXTURES, PACKAGE))
"""How the paths of files begin that came with the package: comparing `Path.parents` takes a start 10 ms."""


def is_ours(file: Path) -> bool:
    """Return True if a file came with the package, False for a user's own."""
    return str(file).startswith(_OURS)


def parsed_file(file: Path) -> Path:
    """Return where the build of a wheel puts a YAML document as JSON."""
    # Not ".json": every JSON file in a contract's folder is one of its schemas.
    return file.with_name(f"{file.name}.parsed")
