"""Headers of a call or a reply in the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from emulator.errors import unknown

__tracebackhide__ = True


class Headers(Mapping[str, str]):
    """Headers by case-insensitive name: of a repeated header the first value."""

    def __init__(self, pairs: Sequence[Sequence[str]]) -> None:
        self._pairs = pairs

    def __getitem__(self, name: str) -> str:
        for value in self.all(name):
            return value
        raise KeyError(unknown("header", name, self))

    def __iter__(self) -> Iterator[str]:
        return (name for number, (name, _) in enumerate(self._pairs) if not self._is_repeated(number))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._pairs!r})"

    def all(self, name: str) -> list[str]:
        """Return all values of a name, in the order in which they were sent."""
        return [value for known, value in self._pairs if known.lower() == name.lower()]

    def _is_repeated(self, number: int) -> bool:
        name = self._pairs[number][0].lower()
        return any(known.lower() == name for known, _ in self._pairs[:number])
