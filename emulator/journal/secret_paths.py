"""Where in a vendor's paths credentials are, and which segments are known to be none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from urllib.parse import unquote

from emulator.journal.credential_shapes import looks_opaque, names_credential

LIKE_A_WORD = 0.7
"""From this similarity on a segment counts as a mistyped word of the contract ("grapql")."""

LONGEST_TYPO = 40

_VERSION = re.compile(r"v?[0-9.]{1,5}|.{0,2}")


class SecretPaths:
    """The paths of one contract ("/api/v1/{company_token}"): `words` are the fixed segments of all of them."""

    def __init__(self, templates: Iterable[str] = ()) -> None:
        split = [template.strip("/").split("/") for template in templates]
        self.words = frozenset(one for segments in split for one in segments if not one.startswith("{"))
        self.templates = [segments for segments in split if any(map(_is_secret, segments))]

    def mask(self, segments: list[str], at_end: bool, hide: Callable[[str], str]) -> list[str]:
        """Return percent-encoded segments with those hidden that a template, at their start or end, names a credential.

        They are compared decoded and in any case: no vendor's way to route lets one pass.
        """
        segments = list(segments)
        for template in self.templates:
            first = len(segments) - len(template) if at_end else 1
            found = segments[first : first + len(template)] if first > 0 else []
            if len(found) == len(template) and all(map(_fits, template, found)):
                for place, (name, value) in enumerate(zip(template, found, strict=True), first):
                    segments[place] = hide(value) if _is_secret(name) else value
        return segments

    def is_foreign(self, segment: str) -> bool:
        """Return True for a segment of an unmatched path that may be a credential.

        Where the contract has one in its paths, that is each segment that is unlike its words.
        """
        if segment in self.words or not segment:
            return False
        if not self.templates:
            return looks_opaque(segment)
        return not _VERSION.fullmatch(segment) and not any(_is_like(segment, word) for word in self.words)


def _is_secret(segment: str) -> bool:
    return segment.startswith("{") and names_credential(segment)


def _fits(template: str, segment: str) -> bool:
    return template.startswith("{") or template.lower() == unquote(segment).lower()


def _is_like(segment: str, word: str) -> bool:
    likely = len(segment) <= LONGEST_TYPO and segment.replace("_", "").replace("-", "").isalpha()
    return likely and SequenceMatcher(None, segment.lower(), word.lower()).ratio() >= LIKE_A_WORD
