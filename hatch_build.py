"""Parses the YAML documents of a wheel at build time, so that a start from the wheel reads JSON.

Hatchling runs it. A mistake in a document fails the build, with its file and line. A checkout has no such files, and
neither has an editable installation: the emulator parses there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
IN_WHEEL = {"contracts": "emulator/data/contracts", "fixtures": "emulator/data/fixtures", "emulator": "emulator"}
"""The folders with YAML in a wheel, as in pyproject.toml."""


class ParsedDocuments(BuildHookInterface):  # type: ignore[type-arg]
    """Adds JSON beside each YAML document of the wheel: "openapi.yaml.parsed" beside "openapi.yaml"."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the documents to the wheel."""
        self._folder = TemporaryDirectory()
        if version == "editable":
            return
        for number, (name, text) in enumerate(parsed_documents(Path(self.root))):
            made = Path(self._folder.name) / str(number)
            made.write_text(text, "utf-8")
            build_data["force_include"][str(made)] = name

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the files that were created for the wheel."""
        self._folder.cleanup()


def parsed_documents(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the name in the wheel and the JSON of each YAML document. Raises ValueError if one does not parse."""
    load = _loader()
    for folder, in_wheel in IN_WHEEL.items():
        for file in sorted((root / folder).rglob("*.yaml")):
            try:
                document = load(file.read_text("utf-8"))
            except (yaml.YAMLError, ValueError) as problem:
                raise ValueError(f"{file.relative_to(root)}: {problem}") from problem
            yield f"{in_wheel}/{file.relative_to(root / folder).as_posix()}.parsed", json.dumps(document)


def _loader() -> Any:
    """Return the emulator's function that reads YAML."""
    sys.path.insert(0, str(ROOT))
    try:
        from emulator.files.yaml_loader import load  # noqa: PLC0415 - found only now
    finally:
        sys.path.remove(str(ROOT))
    return load
