"""Calls outside the sandbox of a test: to the default sandbox, or to none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from emulator.client import Finding
from emulator.journal.masking import Masker
from emulator.sandbox.sandboxes import DEFAULT
from emulator.testing.report import Allowance, is_allowed
from emulator.testing.watching import Complaint

if TYPE_CHECKING:
    from emulator.journal.entry import Exchange

MOST_STRAY_CALLS = 100
"""How many calls of a test are listed."""

ADVICE = (
    "The client called the default sandbox or none, not the test's: hard-coded base URL or token? If this is intended,"
    " allow it: @pytest.mark.emulator(allow_default=True)."
)


class StrayCalls:
    """The stray calls to the test run's own server during the current test. The server's thread records them."""

    name = "calls outside the test's sandbox"

    def __init__(self) -> None:
        self._watching = False
        self._calls: list[tuple[str, str]] = []
        self._judged = 0
        self._allowed: Allowance = False
        self._meant: Callable[[], bool] = bool

    def begin(self, allowed: Allowance, meant: Callable[[], bool] = bool) -> StrayCalls:
        """Start recording for a new test, and return it.

        `allowed` are globs for paths; if `meant()`, everything is allowed.
        """
        self._calls, self._judged, self._allowed, self._meant = [], 0, allowed, meant
        self._watching = True
        return self

    @property
    def is_over(self) -> bool:
        """False: the server outlives the tests."""
        return False

    def forgive(self) -> None:
        """Leave out the calls so far."""
        self._judged = len(self._calls)

    def end(self) -> Sequence[Exchange]:
        """Stop recording; the recorded calls stay until the next test begins, and count for no contract."""
        self._watching = False
        return ()

    def record(self, exchange: Exchange) -> None:
        """Record an exchange with the default sandbox."""
        if self._watching and exchange.sandbox == DEFAULT:
            what = ", ".join(exchange.operations) or ("(stubbed)" if exchange.stub else "(unmatched)")
            told = f"{exchange.status or 'connection broken'} {exchange.vendor} {what}, in the sandbox {DEFAULT}"
            self._record(exchange.call.method, urlsplit(exchange.call.url).path, told)

    def record_unaddressed(self, method: str, path: str) -> None:
        """Record a call to a path at which there is no vendor or no sandbox."""
        if self._watching:
            self._record(method, Masker().path(path, matched=False), "404, no such vendor or sandbox")

    def journal(self) -> str:
        """Return a line for each call, "" if there are none."""
        return "\n".join(told for _, told in self._calls)

    def findings(self) -> list[Finding]:
        """Return nothing: calls that went astray are told anyway."""
        return []

    def complaint(self) -> Complaint:
        """Return the unexpected calls since the last time."""
        calls = self._calls[self._judged :]
        self._judged += len(calls)
        found = [told for path, told in calls if not is_allowed(self._allowed, [path])]
        return Complaint(ADVICE, found) if found and not self._meant() else Complaint()

    def _record(self, method: str, path: str, told: str) -> None:
        if len(self._calls) < MOST_STRAY_CALLS:
            self._calls.append((path, f"{method} {path} -> {told}"))
