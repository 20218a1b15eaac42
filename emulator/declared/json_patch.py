"""Patches of a record: RFC 6902 (JSON Patch), RFC 7396 (JSON Merge Patch), and plain JSON."""

from __future__ import annotations

import copy
from typing import Any

from emulator.exchange import Record


class PatchFailed(Exception):
    """A patch does not apply to the record: str() says why, `is_test` that a `test` did not hold."""

    def __init__(self, sentence: str, is_test: bool = False) -> None:
        super().__init__(sentence)
        self.is_test = is_test


def merge_patch(target: Any, patch: Any) -> Any:
    """Return a target merged with a patch, in which null removes (RFC 7396, 2)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def json_patch(record: Record, operations: list[Any]) -> Record:
    """Return a record after all operations (RFC 6902). Raises PatchFailed for the first that does not apply."""
    root = {"": copy.deepcopy(record)}
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise PatchFailed("an operation has op and path")
        _apply(root, operation)
    if not isinstance(root[""], dict):
        raise PatchFailed("the patch leaves no object")
    return root[""]


def _apply(root: dict[str, Any], operation: dict[str, Any]) -> None:
    op, path = operation.get("op"), operation["path"]
    if op in ("move", "copy"):
        value = copy.deepcopy(_get(root, str(operation.get("from"))))
        if op == "move":
            _remove(root, str(operation.get("from")))
        _add(root, path, value)
    elif op == "remove":
        _remove(root, path)
    elif op == "test":
        if _get(root, path) != operation.get("value"):
            raise PatchFailed(f"the value at {path!r} is another one", is_test=True)
    elif op in ("add", "replace"):
        if "value" not in operation:
            raise PatchFailed(f"{op} has no value")
        if op == "replace":
            _remove(root, path)
        _add(root, path, copy.deepcopy(operation["value"]))
    else:
        raise PatchFailed(f"{op!r} is not one of add, remove, replace, move, copy, test")


def _parent(root: dict[str, Any], path: str) -> tuple[Any, str]:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")]
    if steps[0] != "":
        raise PatchFailed(f"{path!r} is not a JSON pointer")
    found: Any = root
    for step in steps[:-1]:
        found = _child(found, step, path)
    return found, steps[-1]


def _child(parent: Any, step: str, path: str) -> Any:
    if isinstance(parent, dict) and step in parent:
        return parent[step]
    if isinstance(parent, list) and step.isdecimal() and int(step) < len(parent):
        return parent[int(step)]
    raise PatchFailed(f"nothing is at {path!r}")


def _get(root: dict[str, Any], path: str) -> Any:
    return _child(*_parent(root, path), path)


def _remove(root: dict[str, Any], path: str) -> None:
    parent, step = _parent(root, path)
    _child(parent, step, path)
    del parent[int(step) if isinstance(parent, list) else step]


def _add(root: dict[str, Any], path: str, value: Any) -> None:
    parent, step = _parent(root, path)
    if isinstance(parent, dict):
        parent[step] = value
    elif isinstance(parent, list) and (step == "-" or (step.isdecimal() and int(step) <= len(parent))):
        parent.insert(len(parent) if step == "-" else int(step), value)
    else:
        raise PatchFailed(f"nothing can be added at {path!r}")
