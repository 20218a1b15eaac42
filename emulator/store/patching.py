"""Patches of a record: JSON Patch (RFC 6902), within bounds, and JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import jsonpatch

from emulator.exchange import Record
from emulator.json_text import is_deeper, read_stored, stored_text

MOST_LEVELS: Final = 200
"""The maximum depth of a patched record: the largest max_json_depth for a body."""

MOST_COPIED_BYTES: Final = 128 * 1024
"""The maximum total size of the JSON that `copy` operations copy: without a limit, a value doubles with each."""

MOST_OPERATIONS: Final = 1000

_FAILURES = (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, AttributeError, TypeError)
"""The library does not catch the last two if a path leads into a string or a number."""
_TOO_DEEP: Final = f"it would nest deeper than {MOST_LEVELS} levels"


class PatchFailed(Exception):
    """A patch does not apply: str() says why, without a value of the record.

    `operation` is the one that does not apply, and `record` the record before it; None if the patch exceeds a limit.
    `is_test` is True if the value is not the one that a `test` expects.
    """

    def __init__(self, reason: str, operation: Any = None, record: Any = None, *, is_test: bool = False) -> None:
        super().__init__(reason)
        self.operation = operation
        self.record = record
        self.is_test = is_test


def json_patch(record: Record, operations: Sequence[Any]) -> Any:
    """Return a copy of a record after all operations: a document of any kind. Raises PatchFailed."""
    if len(operations) > MOST_OPERATIONS:
        raise PatchFailed(f"it has more than {MOST_OPERATIONS} operations")
    after: Any = read_stored(stored_text(record))
    copied = 0
    for operation in operations:
        try:
            copied += _copied_bytes(after, operation)
            if copied > MOST_COPIED_BYTES:
                raise PatchFailed(f"it copies more than {MOST_COPIED_BYTES} bytes of JSON")
            after = jsonpatch.apply_patch(after, [operation], in_place=True)
        except _FAILURES as problem:
            is_test = isinstance(problem, jsonpatch.JsonPatchTestFailed)
            raise PatchFailed(_reason(operation), operation, after, is_test=is_test) from None
        except RecursionError:
            raise PatchFailed(_TOO_DEEP) from None
    if is_deeper(after, MOST_LEVELS):
        raise PatchFailed(_TOO_DEEP)
    return after


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


def _reason(operation: Any) -> str:
    # The library's own words quote the record.
    given = operation if isinstance(operation, dict) else {}
    return f"the operation {given.get('op')!r} does not apply at {given.get('path')!r}"


def _copied_bytes(record: Any, operation: Any) -> int:
    """Return how much JSON an operation copies. Raises JsonPointerException if its source does not exist."""
    if not isinstance(operation, dict) or operation.get("op") != "copy":
        return 0
    return len(stored_text(jsonpatch.JsonPointer(operation.get("from", "")).resolve(record)))
