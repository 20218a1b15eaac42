"""Parts of the control API's URLs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

__tracebackhide__ = True


def quoted(segment: object) -> str:
    """Return a text as one segment of a path; the * of "*/outage" stays."""
    return quote(str(segment), safe="*")


def query_text(query: Mapping[str, Any] | None) -> str:
    """Return a query with its question mark, "" if it is empty; None values are left out."""
    given = {name: value for name, value in (query or {}).items() if value is not None}
    texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}
    return f"?{urlencode(texts)}" if texts else ""
