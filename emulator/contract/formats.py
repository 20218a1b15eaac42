"""The formats of JSON Schema that the contracts may name."""

from __future__ import annotations

FORMATS = ("uuid", "date-time", "date")
"""The formats that are asserted; other values of `format` only annotate."""
