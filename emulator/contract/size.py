"""How large a value is, told without writing it out."""

from __future__ import annotations

from typing import Any

MOST_VALUES = 1000
"""A value of more values, or a text of more characters, is large."""


def is_large(value: Any) -> bool:
    """Return True for a text, array or object that no sentence should quote; it looks at the first MOST_VALUES only."""
    within, count = [value], 0
    for inner in within:
        count += len(inner) if isinstance(inner, str | dict | list) else 0
        if count > MOST_VALUES:
            return True
        if isinstance(inner, dict | list):
            within += inner.values() if isinstance(inner, dict) else inner
    return False
