"""Applies an OpenAPI Overlay (1.0) to a document: corrections beside a document that stays as it is.

Of JSONPath (RFC 9535), targets are child steps only: `$`, `.name`, `['name']`, `.*` and `[*]`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from emulator.contract.documents import OPENAPI, OVERLAY, load
from emulator.errors import ConfigurationError
from emulator.exchange import Document
from emulator.files.yaml_file import place, short_name

_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_][\w-]*)|\['(?P<single>[^']*)'\]|\["(?P<double>[^"]*)"\]|(?P<any>\.\*|\[\*\])"""
)


def load_document(files: Mapping[str, Path]) -> Document:
    """Return a contract's document with its overlay applied. Raises ConfigurationError, naming file and line."""
    document = load(files[OPENAPI])
    if OVERLAY not in files:
        return document
    overlay = load(files[OVERLAY])
    if not isinstance(overlay, dict) or not isinstance(overlay.get("actions"), list):
        raise ConfigurationError(f"{short_name(files[OVERLAY])}: expected an OpenAPI Overlay: overlay, info, actions")
    for number, action in enumerate(overlay["actions"]):
        if said := _applied(document, action):
            raise ConfigurationError(f"{place(files[OVERLAY], f'/actions/{number}')}: {said}")
    return document


def _applied(document: Document, action: Any) -> str:
    """Apply one action to the document in place; return what is wrong with the action, or ""."""
    if not isinstance(action, dict) or not isinstance(action.get("target"), str):
        return "expected target (a JSONPath) and update, or remove: true"
    steps = _steps(action["target"])
    if steps is None:
        return (
            f"the target {action['target']!r} is not read; use child steps alone: $.paths['/pets'].get, $.paths.*.put"
        )
    found = list(_found(None, "", document, steps))
    if not found:
        return f"the target {action['target']!r} is not in the document"
    for parent, key, value in found:
        if action.get("remove") is True:
            if parent is None:
                return "the whole document cannot be removed"
            del parent[key]
        elif not isinstance(value, dict) or not isinstance(action.get("update"), dict):
            return "expected an object in update, for a target that is an object"
        else:
            _merge(value, action["update"])
    return ""


def _steps(target: str) -> list[str | None] | None:
    """Return the steps of a JSONPath, None for a wildcard; None if it has other ones."""
    steps: list[str | None] = []
    if not target.startswith("$"):
        return None
    position = 1
    while position < len(target):
        step = _STEP.match(target, position)
        if step is None:
            return None
        steps.append(next((step[group] for group in ("name", "single", "double") if step[group] is not None), None))
        position = step.end()
    return steps


def _found(parent: Any, key: str, value: Any, steps: list[str | None]) -> Iterator[tuple[Any, str, Any]]:
    """Yield the values at a path, each with its parent and its key."""
    if not steps:
        yield parent, key, value
        return
    if isinstance(value, dict):
        for name in list(value) if steps[0] is None else [steps[0]]:
            if name in value:
                yield from _found(value, name, value[name], steps[1:])


def _merge(into: dict[str, Any], update: Mapping[str, Any]) -> None:
    """Merge an update into an object: objects merge, arrays are joined, other values replace."""
    for name, value in update.items():
        known = into.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            known.extend(value)
        else:
            into[name] = copy.deepcopy(value)
