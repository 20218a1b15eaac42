"""The control API's own OpenAPI document, and its schemas."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from emulator.contract.openapi import Contract, read_contract

FOLDER = Path(__file__).parent
FILE = FOLDER / "openapi.yaml"


@cache
def own_contract() -> Contract:
    """Return the contract of the control API itself."""
    return read_contract(FOLDER)


@cache
def own_schemas() -> dict[str, Path]:
    """Return the files of its schemas by name."""
    return {file.name: file for file in sorted(FOLDER.glob("schemas/*.schema.json"))}
