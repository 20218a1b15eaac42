"""Names checked against globs ("*Integration"), with a bound on what is kept of them.

fnmatch itself keeps the last 32,768 patterns, and anybody can send one of sixteen kilobytes.
"""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache

KEPT = 256
"""How many patterns are kept. The control API takes those of up to 200 characters: 2 MB in all."""


def matches(name: str, glob: str) -> bool:
    """Return True if a name is one that the glob means; letters count as they are written."""
    return _compiled(glob).match(name) is not None


@lru_cache(KEPT)
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile(translate(glob))
