"""Watches the journals of a test's sandboxes for calls that the test does not allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from emulator.client import EmulatorError, Exchange, Finding, VendorAccess
from emulator.client.types import BuiltInVendors
from emulator.testing.allowances import Allowances
from emulator.testing.report import is_allowed, journal_lines, unexpected_calls
from emulator.testing.sandboxes import Fields, Seen, told

__all__ = ["Complaint", "Evidence", "SandboxEvidence", "Watcher"]


Identity: TypeAlias = tuple[int, datetime, float]
"""An exchange's number, time and duration: a reset restarts the numbers, and a clock may be frozen."""


@dataclass(frozen=True)
class Complaint:
    """What a test fails for: the unexpected calls, and what to do about them. False if there are none."""

    advice: str = ""
    calls: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.calls)

    def __str__(self) -> str:
        return "\n".join([self.advice, *(f"  {call}" for call in self.calls)])


NO_COMPLAINT = Complaint()


class Evidence(Protocol):
    """The calls of a test's client, under a `name` for the report."""

    @property
    def name(self) -> str:
        """The name in the report."""

    def journal(self) -> str:
        """Return the calls as text, "" if there is nothing to show."""

    def complaint(self) -> Complaint:
        """Return the unexpected calls since the last time."""

    def findings(self) -> list[Finding]:
        """Return what the client should not have done and may not do, since the last time."""

    @property
    def is_over(self) -> bool:
        """True where several tests shared what has ended: its last calls belong to none of them."""

    def forgive(self) -> None:
        """Leave out the calls so far: the test has failed anyway."""

    def end(self) -> Sequence[Seen]:
        """Stop watching for this test, and return its calls."""


class Watcher:
    """A sandbox that tests use: `seen` is its journal now, or when it was closed.

    `vendors` are those of the sandbox; `conduct` finds in some of the exchanges what the client should not
    have done, `selected` the GraphQL fields that they select.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], Sequence[Seen]],
        vendors: Mapping[str, VendorAccess],
        conduct: Callable[[Sequence[Seen]], Sequence[Finding]],
        selected: Callable[[Sequence[Seen]], Sequence[Fields]],
    ) -> None:
        self.name = name
        self.vendors = vendors
        self.conduct = conduct
        self.selected = selected
        self._read: Callable[[], Sequence[Seen]] | None = read
        self._last: Sequence[Seen] = ()
        self._known: set[Identity] = set()
        self._returned: Sequence[Seen] = ()

    @property
    def seen(self) -> Sequence[Seen]:
        """All exchanges, oldest first."""
        return self._last if self._read is None else self._read()

    @property
    def is_closed(self) -> bool:
        """True once the sandbox is closed."""
        return self._read is None

    def new(self) -> list[Seen]:
        """Return the exchanges that have ended and that no earlier call of this returned."""
        seen = self.seen
        if seen == self._returned:
            return []
        done = {_identity(one): one for one in seen if one.state == "done"}
        found = [one for identity, one in done.items() if identity not in self._known]
        self._known |= done.keys()
        self._returned = seen if len(done) == len(seen) else ()
        return found

    def close(self, last: Sequence[Seen] | None = None) -> None:
        """Close the sandbox, with `last` as its journal (None: read it once more)."""
        self._last, self._read = self.seen if last is None else last, None


class SandboxEvidence:
    """The calls of one test's client in a watched sandbox: the exchanges from now on.

    If several tests use a sandbox, each call belongs to only one of them.
    """

    def __init__(self, watcher: Watcher, allowed: Allowances, is_shared: bool = False) -> None:
        self.name = watcher.name
        self._is_shared = is_shared
        self._watcher = watcher
        self._allowed = allowed
        self._calls: list[Seen] = []
        self._judged = self._looked_at = 0
        self._found: set[tuple[str, tuple[int, ...]]] = set()

    def journal(self) -> str:
        """Return the journal as text for the report, which must work even if the emulator is gone."""
        try:
            self._calls += self._watcher.new()
            in_progress = [one for one in self._watcher.seen if one.state == "open"]
        except EmulatorError as problem:
            return f"the journal cannot be read: {problem}"
        lines = "\n".join(journal_lines(map(told, [*self._calls, *in_progress])))
        return lines or ("" if self._is_shared else "no calls")

    def complaint(self) -> Complaint:
        """Return the unexpected calls since the last time."""
        self._calls += self._watcher.new()
        unjudged, self._judged = self._calls[self._judged :], len(self._calls)
        suspicious = [told(one) for one in unjudged if not one.operations or one.violations]
        if not suspicious:
            return NO_COMPLAINT
        allowed, urls = self._allowed, {name: vendor.url for name, vendor in self._watcher.vendors.items()}
        found = list(unexpected_calls(suspicious, allowed.unmatched, allowed.violations, urls))
        advice = (
            f"The client made calls that are not in the contract (in {self.name}); if they are intended, allow them:"
            " @pytest.mark.emulator(allow_unmatched=True) or (allow_violations=True)."
        )
        unmatched = next((one for one in suspicious if not one.operations and not one.stub), None)
        if unmatched is not None:
            advice += f" A stub replies to calls that are not emulated: emulator.{_spelled(unmatched.vendor)}.stub(…)."
        return Complaint(advice, found)

    def findings(self) -> list[Finding]:
        """Return what the client should not have done and may not do, since the last time."""
        self._calls += self._watcher.new()
        if len(self._calls) == self._looked_at:
            return []
        self._looked_at = len(self._calls)
        found = {(one.rule, one.exchanges): one for one in self._watcher.conduct(self._calls)}
        new = [one for key, one in found.items() if key not in self._found]
        self._found |= found.keys()
        return [one for one in new if not is_allowed(self._allowed.conduct, [one.rule])]

    @property
    def is_over(self) -> bool:
        """True if several tests shared the sandbox, and it is closed."""
        return self._is_shared and self._watcher.is_closed

    def forgive(self) -> None:
        """Leave out the calls so far."""
        with suppress(EmulatorError):  # the test has already failed if the emulator is gone
            self._calls += self._watcher.new()
        self._judged = len(self._calls)

    def end(self) -> Sequence[Seen]:
        """Return the calls of this test: none of them counts for the next one in the sandbox."""
        self.forgive()
        return self._calls


def _spelled(vendor: str) -> str:
    return vendor if vendor in BuiltInVendors.__annotations__ else f"vendors[{vendor!r}]"


def _identity(seen: Seen) -> Identity:
    number = seen.id if isinstance(seen, Exchange) else seen.number
    # The control API has milliseconds.
    return number, seen.time.replace(microsecond=seen.time.microsecond // 1000 * 1000), seen.seconds
