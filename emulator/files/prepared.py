"""What the build of a wheel prepares: the documents of each contract in one file, and the checksums of all documents.

It needs only the standard library: the wheel's build runs it, too.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

NAME = "contract.prepared"
"""The name of the file in the folder of a contract."""

CHECKSUMS = "checksums.json"
"""The name of the file with the checksum of each document, by its path in the wheel."""

FORMAT = 4
"""marshal's format that Python writes since 3.4, and still reads: what is the same object stays the same one."""


def packed(documents: Mapping[str, Any]) -> bytes:
    """Return documents of JSON's values, by name, as the content of the file."""
    return marshal.dumps(_shared(dict(documents), {}), FORMAT)


def unpacked(folder: Path) -> dict[str, Any] | None:
    """Return the documents in a folder's file, by name; None if there is none, or this Python does not read it.

    Equal parts of them are one object: nothing may change them.
    """
    try:
        found: dict[str, Any] = marshal.loads((folder / NAME).read_bytes())
    except (OSError, EOFError, ValueError, TypeError):
        return None
    return found


def checksum(content: bytes) -> int:
    """Return what differs once a document was edited."""
    return crc32(content)


@cache
def checksums(folder: Path) -> Mapping[str, int]:
    """Return the checksums in a folder's file; none if there is none, as in a checkout."""
    try:
        found: dict[str, int] = json.loads((folder / CHECKSUMS).read_bytes())
    except FileNotFoundError:
        return {}
    return found


def _shared(value: Any, known: dict[Any, Any]) -> Any:
    """Return an equal value whose equal parts are the same object; `known` has each by what it is made of."""
    if isinstance(value, dict):
        value = {_shared(name, known): _shared(one, known) for name, one in value.items()}
        made_of: Any = (dict, *((name, id(one)) for name, one in value.items()))
    elif isinstance(value, list):
        value = [_shared(one, known) for one in value]
        made_of = (list, *map(id, value))
    else:
        made_of = (type(value), repr(value))  # -0.0 equals 0.0, and is another value
    return known.setdefault(made_of, value)
