"""Whether a value is too large to quote, without serializing it."""

from __future__ import annotations

from typing import Any

MOST_VALUES = 1000
"""A value with more values in it, or a text with more characters, is large."""


def is_large(value: Any) -> bool:
    """Return True for a text, array or object that is too large to quote; examine only the first MOST_VALUES."""
    within, count = [value], 0
    for inner in within:
        count += len(inner) if isinstance(inner, str | dict | list) else 0
        if count > MOST_VALUES:
            return True
        if isinstance(inner, dict | list):
            within += inner.values() if isinstance(inner, dict) else inner
    return False
