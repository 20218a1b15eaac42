"""The control API's own OpenAPI document, and its schemas: as they are written, and each as one file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from emulator.contract.bundling import SUFFIX, bundle
from emulator.contract.documents import load
from emulator.contract.openapi import Contract, read_contract
from emulator.exchange import Document

FOLDER = Path(__file__).parent
FILE = FOLDER / "openapi.yaml"

OURS = ("x-evidence", "x-conventions", "x-unmatched")
"""What only the emulator itself reads."""


@cache
def own_contract() -> Contract:
    """Return the contract of the control API itself."""
    return read_contract(FOLDER)


@cache
def own_schemas() -> dict[str, Path]:
    """Return the files of its schemas by name."""
    return {file.name: file for file in sorted(FOLDER.glob(f"schemas/*{SUFFIX}"))}


@cache
def own_document() -> Document:
    """Return the contract of the control API as one document, for generators of clients.

    Its schemas let fields come: a client that was generated reads what a later version adds.
    """
    return bundle(_for_others(load(FILE)), _for_others(_schemas()), "/components/schemas", _class_name)


@cache
def own_schema(name: str) -> Document:
    """Return a schema ("fault.schema.json") as one document that refers to nothing outside."""
    return {"$id": f"urn:integration-emulator:{name}", **bundle(_schemas()[name], _schemas(), "/$defs")}


@cache
def _schemas() -> dict[str, Any]:
    return {name: load(file) for name, file in own_schemas().items()}


def _class_name(stem: str) -> str:
    return "".join(word.capitalize() for word in stem.split("-"))


def _for_others(document: Any) -> Any:
    if isinstance(document, list):
        return [_for_others(value) for value in document]
    if not isinstance(document, dict):
        return document
    return {name: _for_others(value) for name, value in document.items() if not _is_ours(name, value)}


def _is_ours(name: str, value: Any) -> bool:
    return name in OURS or (name == "additionalProperties" and value is False)
