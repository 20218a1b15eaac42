"""Host names by pattern, as the contracts name the vendors' servers."""

from __future__ import annotations

from collections.abc import Iterable

HTTPS_PORT = 443


class Hosts:
    """A set of host names; "*.immuta.com" stands for every name with one label more."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(dict.fromkeys(patterns))
        self._exact = frozenset(pattern for pattern in self.patterns if "*" not in pattern)
        self._parents = frozenset(pattern[2:] for pattern in self.patterns if pattern.startswith("*."))

    def __contains__(self, name: object) -> bool:
        if isinstance(name, bytes):
            name = name.decode("ascii", "replace")
        if not isinstance(name, str):
            return False
        name = name.lower().removesuffix(".")
        return name in self._exact or name.partition(".")[2] in self._parents

    def __str__(self) -> str:
        return ", ".join(self.patterns)
