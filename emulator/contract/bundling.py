"""Bundles several documents that refer to each other by file name into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.exchange import Document

SUFFIX = ".schema.json"
OF_A_FILE = ("$schema", "$id", "$defs")
"""Keys that a schema has only in its own file."""


def bundle(
    document: Any, schemas: Mapping[str, Any], pointer: str, rename: Callable[[str], str] = str
) -> dict[str, Any]:
    """Return a document without outside references: each schema that it needs is below `pointer` in it.

    `schemas` has the files by name ("where.schema.json"). One is put in the document as `rename("where")`, a part that
    is referred to, "exchange.schema.json#/$defs/call", as `rename("exchange-call")`.
    """
    bundling = _Bundling(schemas, pointer, rename)
    made: dict[str, Any] = bundling.copy({name: value for name, value in document.items() if name != "$defs"}, document)
    place = made
    for step in pointer.split("/")[1:] if bundling.found else ():
        place = place.setdefault(step, {})
    place |= dict(sorted(bundling.found.items()))
    return made


class _Bundling:
    """`found` are the referenced schemas, by their new names."""

    def __init__(self, schemas: Mapping[str, Any], pointer: str, rename: Callable[[str], str]) -> None:
        self.found: dict[str, Any] = {}
        self._schemas = schemas
        self._pointer = pointer
        self._rename = rename

    def copy(self, part: Any, document: Any, stem: str = "") -> Any:
        """Return a part of a document, that of the file `stem`, with references into this bundle."""
        if isinstance(part, list):
            return [self.copy(value, document, stem) for value in part]
        if not isinstance(part, dict):
            return part
        return {
            name: self._refer(value, document, stem) if name == "$ref" else self.copy(value, document, stem)
            for name, value in part.items()
        }

    def _refer(self, reference: str, document: Any, stem: str) -> str:
        path, _, inside = reference.partition("#")
        if path:
            stem, document = path.rpartition("/")[2].removesuffix(SUFFIX), self._schemas[path.rpartition("/")[2]]
        elif not stem and not inside.startswith("/$defs/"):
            return reference
        steps = inside.split("/")[1:]
        name = self._rename("-".join(filter(None, [stem, *(step for step in steps if step != "$defs")])))
        if name not in self.found:
            # Before it is copied: a schema may refer to itself.
            self.found[name] = {}
            schema: Document = document
            for step in steps:
                schema = schema[step.replace("~1", "/").replace("~0", "~")]
            kept = {key: value for key, value in schema.items() if key not in OF_A_FILE}
            self.found[name] = self.copy(kept, document, stem)
        return f"#{self._pointer}/{name}"
