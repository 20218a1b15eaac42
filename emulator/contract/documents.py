"""The documents of a contract, and the values of its conventions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from emulator.contract.numbers import NUMBERS
from emulator.errors import ConfigurationError
from emulator.exchange import Document
from emulator.files.folders import files_below
from emulator.files.yaml_file import read_text, read_yaml, short_name
from emulator.json_text import READINGS

OPENAPI = "openapi.yaml"
SUFFIXES = (".yaml", ".json", ".graphql")
BESIDE = ("fixtures/", "scenarios.yaml", "credentials.yaml")
"""The other files in a vendor's own folder."""
OVERLAY = "emulator.overlay.yaml"
"""Corrections of a document that stays as it is (an OpenAPI Overlay), beside it."""

METHODS = ("get", "put", "post", "delete", "patch")
CHOICES: Mapping[str, Sequence[str]] = {
    "trailing-slash": ("as-documented", "accepted", "refused"),
    "etag": ("none", "weak"),
    "json-reading": tuple(READINGS),
    "path-decoding": ("segments", "whole", "none"),
    "path-case": ("matters", "ignored"),
    "undecodable-parameter": ("read", "refused"),
    "repeated-parameter": ("first", "last", "list"),
    "number-parameter": tuple(NUMBERS),
    "json-suffix": ("refused", "read"),
    "content-encoding": ("unpacked", "as-sent"),
}
"""The values of conventions with fixed choices; the first is the default."""


def contract_files(folder: Path, *overlays: Path) -> dict[str, Path]:
    """Return the files of one vendor's contract by name; those in one of the `overlays` go before the folder's own.

    Fixtures and scenarios in the same folder are left out. A document alone (acme.yaml) is a contract, too,
    with the overlay beside it (acme.overlay.yaml).
    """
    if folder.is_file():
        overlay = folder.with_suffix(".overlay.yaml")
        return {OPENAPI: folder, **({OVERLAY: overlay} if overlay.is_file() else {})}
    files: dict[str, Path] = {}
    for one in (folder, *overlays):
        files |= {str(file.relative_to(one)): file for file in files_below(one, SUFFIXES)}
    return {name: file for name, file in files.items() if not name.startswith(BESIDE)}


def is_schema(name: str) -> bool:
    """Return True if a contract's file, by its name within the folder, contains schemas."""
    return name.endswith(".schema.json") or (name.startswith("schemas/") and not name.endswith(".graphql"))


def load_all(files: Mapping[str, Path]) -> dict[str, Document]:
    """Return a contract's documents, by name. Raises ConfigurationError as `load` does."""
    return {name: load(file) for name, file in files.items() if name == OPENAPI or is_schema(name)}


def load(file: Path) -> Document:
    """Return the document in a YAML or JSON file. Raises ConfigurationError, naming file and line."""
    if file.suffix != ".json":
        return read_yaml(file)
    text = read_text(file)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        where = f"{short_name(file)} line {problem.lineno} column {problem.colno}"
        raise ConfigurationError(f"{where}: {problem.msg}") from None
