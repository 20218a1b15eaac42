"""What a contract asks of clients: how they page, what they may repeat, how often they may call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["LINK", "NEXT_LINK", "Paging", "RateLimit", "is_idempotent"]

LINK = "Link"
"""The `next` of lists whose pages are linked in that header (RFC 8288)."""

NEXT_LINK = re.compile(r"<([^>]*)>\s*;[^,]*\brel=\"?next\b")
"""The target of the next page in that header."""


class Paging(NamedTuple):
    """How a list is paged (`x-paging`).

    `page`, `offset` or `cursor` is the query parameter, or the argument of a GraphQL field, that selects a page. `next`
    is where a reply has the URL of the next page (for a `cursor` also its value): "Link", or a JSON pointer into the
    body, or into what the field replies. Where the last page has a cursor, too, `more` points to True on all others.
    Without `next`, `total` points to the number of all records. `items` points to the records of the page.
    """

    page: str = ""
    offset: str = ""
    cursor: str = ""
    next: str = ""
    more: str = ""
    total: str = ""
    items: str = ""

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Paging | None:
        """Return the paging of an operation, None for one without pages."""
        return cls(**described["x-paging"]) if "x-paging" in described else None

    @property
    def parameter(self) -> str:
        """The query parameter, or the argument, that selects a page."""
        return self.page or self.offset or self.cursor


class RateLimit(NamedTuple):
    """How often clients may call (`x-rate-limit`): `calls` at once, and then `per_second` more each second.

    With `seconds` instead: at most `calls` in any period of this length. `only` is "writes" if reads do not count.
    """

    calls: int
    per_second: float = 0
    seconds: float = 0
    only: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> RateLimit | None:
        """Return the limit of a contract, None if it names none."""
        described = document.get("x-rate-limit")
        if described is None:
            return None
        return cls(**{name: value for name, value in described.items() if name != "x-evidence"})

    def __str__(self) -> str:
        rest = f" in {self.seconds:g} s" if self.seconds else f", and {self.per_second:g} more a second"
        return f"{self.calls} {self.only or 'calls'}{rest}"


def is_idempotent(described: Mapping[str, Any], *, by_default: bool) -> bool:
    """Return True if an operation that is repeated has the effect of one call (`x-idempotent`)."""
    return bool(described.get("x-idempotent", by_default))
