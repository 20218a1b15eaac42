"""Where the contracts and fixtures are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_HOME = _PACKAGE / "data" if (_PACKAGE / "data").is_dir() else _PACKAGE.parent

CONTRACTS = _HOME / "contracts"
FIXTURES = _HOME / "fixtures"
