"""Matches names against globs ("*Integration"), with a bounded cache.

fnmatch itself caches the last 32,768 patterns, and anyone can send one of 16 kB.
"""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache

KEPT = 256
"""How many patterns are cached. The control API accepts up to 200 characters each: 2 MB in total."""


def matches(name: str, glob: str) -> bool:
    """Return True if a name matches the glob; case matters."""
    return _compiled(glob).match(name) is not None


@lru_cache(KEPT)
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile(translate(glob))
