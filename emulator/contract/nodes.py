"""The mappings in a document with their places: found in one walk, for all who look for something in them."""

from __future__ import annotations

from typing import Any, TypeAlias

from emulator.exchange import Document

COLLECTIONS = (dict, list)
"""The types of values with values in them. As `dict | list`, Python would make the union anew for each value."""

EXAMPLES = ("examples", "example")
NAMED = ("schemas", "x-switches")

At: TypeAlias = "tuple[At, object] | None"
"""A place in a document: the one above it, and the last step. Few need the steps, which take longer to make."""

Node: TypeAlias = tuple[At, dict[str, Any], bool]
"""A mapping in a document, with its place, and whether it is below one of NAMED: there, `schema` is a user's name."""


def nodes_in(document: Document) -> list[Node]:
    """Return every mapping in a document, from the first to the last, except those in examples.

    Raises RecursionError for a document of almost a thousand levels.
    """
    found: list[Node] = []
    if isinstance(document, COLLECTIONS):
        _add(found, None, document, is_named=False)
    return found


def _add(found: list[Node], at: At, node: Any, *, is_named: bool) -> None:
    if isinstance(node, dict):
        found.append((at, node, is_named))
    # A property may have any name.
    skipped = () if at is not None and at[1] == "properties" else EXAMPLES
    for key, one in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(one, COLLECTIONS) and key not in skipped:
            _add(found, (at, key), one, is_named=is_named or key in NAMED)


def steps_to(at: At) -> list[Any]:
    """Return the steps from a document to a place in it."""
    steps: list[Any] = []
    while at is not None:
        at, step = at
        steps.append(step)
    return steps[::-1]
