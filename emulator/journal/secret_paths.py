"""Where in a vendor's paths credentials are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from emulator.journal.credential_shapes import names_credential

_ID = r"[0-9]+|[0-9a-fA-F]{24}|[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_OPAQUE = re.compile(rf"(?!(?:{_ID})\Z)(?:.{{40,}}|(?=.*(?:[A-Za-z][0-9]|[0-9][A-Za-z])).{{20,}})", re.DOTALL)
"""A segment that no one would call a thing so: long, and neither an id (a number, ObjectId, UUID) nor words."""
_SHORT = re.compile(r"v?[0-9.]{1,5}|.{0,2}")
"""A version, or too short for a credential."""


class SecretPaths:
    """The paths of one contract ("/api/v1/{company_token}"): `words` are the fixed segments of all of them."""

    def __init__(self, templates: Iterable[str] = ()) -> None:
        split = [template.strip("/").split("/") for template in templates]
        self.words = frozenset(one for segments in split for one in segments if not one.startswith("{"))
        self.templates = [segments for segments in split if any(map(_is_secret, segments))]

    def places(self, segments: Sequence[str], *, at_end: bool = False, matched: bool = True) -> set[int]:
        """Return the indices of the percent-encoded segments of a path that are credentials.

        They follow the name of one (`/token/S`), or a template has one there, at the start or the end of the path.
        If no operation `matched`, long ones may be; all that the contract does not name, if it has some in its paths.
        """
        found = {place for place, name in enumerate(segments[:-1], 1) if names_credential(name)}
        for template in self.templates:
            first = len(segments) - len(template) if at_end else 1
            if first > 0 and _fits(template, segments[first : first + len(template)]):
                found.update(place for place, name in enumerate(template, first) if _is_secret(name))
        if not matched and self.templates:
            found.update(place for place, segment in enumerate(segments) if not _SHORT.fullmatch(segment))
        elif not matched:
            found.update(place for place, segment in enumerate(segments) if _OPAQUE.fullmatch(segment))
        return {place for place in found if segments[place] not in self.words}


def _is_secret(segment: str) -> bool:
    return segment.startswith("{") and names_credential(segment)


def _fits(template: Sequence[str], segments: Sequence[str]) -> bool:
    """Compare decoded and in any case: no vendor's way to route lets a credential pass."""
    return len(template) == len(segments) and all(
        name.startswith("{") or name.lower() == unquote(segment).lower()
        for name, segment in zip(template, segments, strict=True)
    )
