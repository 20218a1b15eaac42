"""The mappings in a document with their places: found in one walk, for all who look for something in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from emulator.exchange import Document

COLLECTIONS = (dict, list)
"""What has other values in it. Python makes `dict | list` anew for each value of a large document."""

EXAMPLES = ("examples", "example")
NAMED = ("schemas", "x-switches")

At: TypeAlias = "tuple[At, object] | None"
"""A place in a document: the one above it, and the last step. Few need the steps, which take longer to make."""

Node: TypeAlias = tuple[At, dict[str, Any], bool]
"""A mapping in a document, with its place, and whether it is below one of NAMED: there, `schema` is a user's name."""


def nodes_in(document: Document) -> Iterator[Node]:
    """Yield every mapping in a document, from the first to the last, except those in examples."""
    left: list[tuple[At, Any, bool]] = [(None, document, False)] if isinstance(document, COLLECTIONS) else []
    while left:
        at, node, is_named = left.pop()
        if isinstance(node, dict):
            yield at, node, is_named
        entries = node.items() if isinstance(node, dict) else enumerate(node)
        # A property may have any name.
        skipped = () if at is not None and at[1] == "properties" else EXAMPLES
        below = [
            ((at, key), one, is_named or key in NAMED)
            for key, one in entries
            if isinstance(one, COLLECTIONS) and key not in skipped
        ]
        left += reversed(below)


def steps_to(at: At) -> list[Any]:
    """Return the steps from a document to a place in it."""
    steps: list[Any] = []
    while at is not None:
        at, step = at
        steps.append(step)
    return steps[::-1]
