"""What was made in a live vendor, until it is removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from emulator.compare.live import LiveVendor, Question, worked
from emulator.errors import ConfigurationError

MARK = "emulator compare, may be deleted"
"""The name of what is made in the live vendor, so that a person recognises it."""

NO_REPLY = "may have been made: there was no reply"

Removals: TypeAlias = Callable[[str], Awaitable[Sequence[Question]]]
"""Returns the calls that remove the records called MARK in the list at a path."""

_GONE = (404, 410)
_UNDECIDED = (401, 403, 408, 429)
"""Statuses of a read that do not say whether there is a record."""


class OwnRecords:
    """The records that were made in a live vendor. `left` are sentences about those that are still there."""

    def __init__(self) -> None:
        self._begun = ""
        self._unknown: Counter[tuple[str, str]] = Counter()
        self._known: dict[str, str] = {}
        self._removals: dict[str, tuple[Question, str]] = {}

    @property
    def left(self) -> list[str]:
        """Return a sentence for each record that is, or may be, still there; a number for those without an id."""
        unknown = (
            f"{path}: {MARK!r} {what}{f' ({times} times)' if times > 1 else ''}"
            for (path, what), times in self._unknown.items()
        )
        return [*unknown, *self._known.values()]

    def begin(self, path: str) -> None:
        """Note that a record is being made by a call to this path."""
        self._begun = path
        self._unknown[path, NO_REPLY] += 1

    def _answered(self) -> None:
        self._unknown[self._begun, NO_REPLY] -= 1
        self._unknown += Counter()  # leaves out what is 0

    def refused(self, path: str, status: int) -> None:
        """Note that the call to this path made nothing, unless the vendor failed."""
        self._answered()
        if status >= 500:
            self._unknown[path, f"may have been made: the reply was {status}"] += 1

    def made(self, path: str) -> None:
        """Note that the call to this path made a record of which nothing is known."""
        self._answered()
        self._unknown[path, "was made, and its id is unknown"] += 1

    def made_at(self, address: str, removal: Question, how_left: str = "") -> None:
        """Note that a record was made, at its own path, and what removes it, or leaves it as `how_left` says."""
        self._answered()
        self._known[address] = f"{address}: {MARK!r} is still there"
        self._removals[address] = removal, how_left

    async def remove_all(self, vendor: LiveVendor, named: Removals) -> None:
        """Remove what is still there, the last one first, as long as the vendor answers.

        What has no known id is looked for by its name.
        """
        with suppress(ConfigurationError):
            await self._remove_known(vendor)
            for path in dict.fromkeys(path for path, _ in self._unknown):
                await self._remove_named(vendor, path, await named(path))

    async def _remove_known(self, vendor: LiveVendor) -> None:
        for address, (removal, how_left) in reversed(list(self._removals.items())):
            before = self._known[address]
            self._known[address] = f"{address}: {MARK!r} may still be there: its removal got no reply"
            exchange = await vendor.ask(removal)
            self._known[address] = before
            if worked(exchange) and how_left:
                self.stays(address, how_left)
            elif worked(exchange) or exchange.status in _GONE:
                self.removed(address)

    async def _remove_named(self, vendor: LiveVendor, path: str, removals: Sequence[Question]) -> None:
        done = [worked(await vendor.ask(removal)) for removal in removals]
        if sum(done) >= sum(times for (at, _), times in self._unknown.items() if at == path):
            self._unknown = Counter({key: times for key, times in self._unknown.items() if key[0] != path})

    def not_removed(self, address: str, why: str, removal: int, read: int) -> None:
        """Note why the removal of a record failed, unless it is gone: with what it belonged to, for example.

        `removal` is the status of the removal, `read` that of a read afterwards, 0 if there was none. An unknown id has
        another status with each vendor, so that any refusal of the record itself counts.
        """
        if removal in _GONE or (400 <= read < 500 and read not in _UNDECIDED):
            self.removed(address)
        else:
            still = "is still" if 200 <= read < 300 or not read else "may still be"
            self._known[address] = f"{why}: {MARK!r} {still} there"

    def stays(self, address: str, how: str) -> None:
        """Note that a record cannot be removed by any call, and how it was left."""
        self._known[address] = f"{address}: {MARK!r} stays: {how}"
        self._removals.pop(address, None)

    def removed(self, address: str) -> None:
        """Note that a record is gone."""
        self._known.pop(address, None)
        self._removals.pop(address, None)
