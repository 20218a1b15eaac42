"""Where the contracts and fixtures are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from emulator.files.prepared import checksum, checksums

PACKAGE = Path(__file__).parent.parent
_HOME = PACKAGE / "data" if (PACKAGE / "data").is_dir() else PACKAGE.parent

CONTRACTS = _HOME / "contracts"
FIXTURES = _HOME / "fixtures"

_OURS = tuple(f"{folder}{os.sep}" for folder in (CONTRACTS, FIXTURES, PACKAGE))
"""How the paths of files begin that came with the package: comparing `Path.parents` takes a start 10 ms."""


def is_ours(file: Path) -> bool:
    """Return True if a file came with the package and is as it came, False for a user's own or an edited one."""
    name = str(file)
    return name.startswith(_OURS) and _is_unchanged(name)


@cache
def _is_unchanged(name: str) -> bool:
    known = checksums(PACKAGE / "data")
    if not known:
        return True
    try:
        # Half the time of `Path.read_bytes`, for 300 files.
        with open(name, "rb", buffering=0) as file:
            content = file.read()
    except OSError:
        return False
    return known.get(name.removeprefix(f"{PACKAGE.parent}{os.sep}").replace(os.sep, "/")) == checksum(content)


def parsed_file(file: Path) -> Path:
    """Return where the build of a wheel puts a YAML document as JSON."""
    # Not ".json": every JSON file in a contract's folder is one of its schemas.
    return file.with_name(f"{file.name}.parsed")
