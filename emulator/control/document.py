"""The control API's own OpenAPI document and schemas: as written, and each bundled into one file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.contract.bundling import SUFFIX, bundle
from emulator.contract.documents import load
from emulator.contract.openapi import Contract, read_contract
from emulator.exchange import Document
from emulator.sandbox.fixture_schema import fixture_schema
from emulator.settings import settings_schema
from emulator.store.collection import Collection

if TYPE_CHECKING:
    from emulator.control.handlers import Catalogue

FOLDER = Path(__file__).parent
FILE = FOLDER / "openapi.yaml"

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCENARIOS = f"scenarios{SUFFIX}"
SETTINGS = f"settings{SUFFIX}"

OURS = ("x-evidence", "x-conventions", "x-unmatched")
"""Extensions for the emulator itself."""


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
    """Return the contract of the control API as one document, for client generators.

    Its schemas allow further fields: a generated client can read the replies of a later version.
    """
    return bundle(_for_others(load(FILE)), _for_others(_schemas()), "/components/schemas", _class_name)


def file_schema_names(catalogue: Catalogue) -> list[str]:
    """Return the names of the schemas of files that users write: scenarios, settings, fixtures."""
    return [SCENARIOS, SETTINGS, *_fixtures(catalogue)]


def schema_names(catalogue: Catalogue) -> list[str]:
    """Return the names of all schemas: the control API's own, and those of files that users write."""
    return list(dict.fromkeys([*own_schemas(), *file_schema_names(catalogue)]))


def schema_named(name: str, catalogue: Catalogue) -> Document:
    """Return a schema by one of these names as one document that refers to nothing outside."""
    if name in own_schemas():
        found = bundle(_schemas()[name], _schemas(), "/$defs")
    elif name == SETTINGS:
        found = settings_schema()
    else:
        contract, collection = _fixtures(catalogue)[name]
        found = fixture_schema(collection, contract, _schemas()["credential.schema.json"])
    return {"$schema": DIALECT, "$id": f"urn:integration-emulator:{name}", **found}


def _fixtures(catalogue: Catalogue) -> dict[str, tuple[Contract, Collection]]:
    return {
        f"{collection.name}.fixture{SUFFIX}": (catalogue.contracts[vendor.name], collection)
        for vendor in catalogue.vendors.values()
        for collection in vendor.collections
    }


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
