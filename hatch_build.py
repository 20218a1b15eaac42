"""Prepares the documents of a wheel at build time, so that a start from the wheel need not parse YAML.

Hatchling runs it. A mistake in a document fails the build, with its file and line. A checkout has no such files, and
neither has an editable installation: the emulator parses there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
IN_WHEEL = {"contracts": "emulator/data/contracts", "fixtures": "emulator/data/fixtures", "emulator": "emulator"}
"""The folders with documents in a wheel, as in pyproject.toml."""

SUFFIXES = (".yaml", ".json", ".graphql")
OPENAPI = "openapi.yaml"


class PreparedDocuments(BuildHookInterface):  # type: ignore[type-arg]
    """Adds what `prepared_files` yields to the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to the wheel."""
        self._folder = TemporaryDirectory()
        if version == "editable":
            return
        for number, (name, content) in enumerate(prepared_files(Path(self.root))):
            made = Path(self._folder.name) / str(number)
            made.write_bytes(content)
            build_data["force_include"][str(made)] = name

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the files that were created for the wheel."""
        self._folder.cleanup()


def prepared_files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name in the wheel and the content of each file that is made. Raises ValueError for a wrong document.

    Beside each YAML document is what it contains as JSON; the documents of a contract are in one file of its folder.
    The checksums of all documents tell whether one was edited since.
    """
    prepared, load = _of_emulator("prepared"), _of_emulator("yaml_loader").load
    files = {
        f"{in_wheel}/{file.relative_to(root / folder).as_posix()}": file
        for folder, in_wheel in IN_WHEEL.items()
        for file in sorted((root / folder).rglob("*"))
        if file.suffix in SUFFIXES
    }
    documents = {name: _document(file, root, load) for name, file in files.items() if file.suffix != ".graphql"}
    for name, document in documents.items():
        if name.endswith(f"/{OPENAPI}"):
            folder = name.removesuffix(OPENAPI)
            yield f"{folder}{prepared.NAME}", prepared.packed(dict(_of_contract(folder, documents)))
        elif name.endswith(".yaml"):
            yield f"{name}.parsed", json.dumps(document).encode()
    checksums = {name: prepared.checksum(file.read_bytes()) for name, file in files.items()}
    yield "emulator/data/checksums.json", json.dumps(checksums).encode()


def _of_contract(folder: str, documents: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, document in documents.items():
        if name == f"{folder}{OPENAPI}" or name.startswith(f"{folder}schemas/"):
            yield name.removeprefix(folder), document


def _document(file: Path, root: Path, load: Callable[[bytes], Any]) -> Any:
    """Return what is in a YAML or JSON file. Raises ValueError, with its name and line, if it does not parse."""
    content = file.read_bytes()
    try:
        return load(content) if file.suffix == ".yaml" else json.loads(content)
    except (yaml.YAMLError, ValueError) as problem:
        raise ValueError(f"{file.relative_to(root)}: {problem}") from problem


def _of_emulator(module: str) -> Any:
    """Import a module of the emulator that needs no more than the build has."""
    sys.path.insert(0, str(ROOT))
    try:
        return import_module(f"emulator.files.{module}")
    finally:
        sys.path.remove(str(ROOT))
