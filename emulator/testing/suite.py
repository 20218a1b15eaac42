"""The state of a test run that uses the emulator: the server, the tests' options, the coverage."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from emulator import testing
from emulator.client import Client, EmulatorError, Exchange, SandboxClient, VendorAccess
from emulator.errors import ConfigurationError, sentence, unknown
from emulator.testing.coverage import ContractCoverage
from emulator.testing.report import Allowance, journal_lines, unexpected_calls

if TYPE_CHECKING:
    from emulator.app import Emulator
    from emulator.testing.local import LocalEmulators
    from emulator.testing.stray_calls import StrayCalls

READY_SECONDS = 10.0
"""How many seconds a remote emulator may take to become ready."""


@dataclass(frozen=True)
class Wanted:
    """A test's options: how its sandbox starts, and which unexpected calls of its client are allowed."""

    scenarios: Sequence[str] = ()
    seed: int | None = None
    clock: Any = None
    fixtures: str | None = None
    switches: Mapping[str, Any] | None = None
    strict: bool | None = None
    allow_unmatched: Allowance = False
    allow_violations: Allowance = False
    allow_default: Allowance = False

    def but(self, changes: Mapping[str, Any]) -> Wanted:
        """Return the options with changes. Raises EmulatorError for an unknown name, with the nearest one."""
        names = [field.name for field in fields(self)]
        for name in changes:
            if name not in names:
                raise EmulatorError(sentence(unknown("argument", name, names, "of the marker emulator")))
        listed: dict[str, Any] = {
            name: [value] if name in _LISTS and isinstance(value, str) else value for name, value in changes.items()
        }
        return replace(self, **listed)

    def given(self) -> dict[str, Any]:
        """Return the options of the sandbox for the control API."""
        return {
            "seed": self.seed,
            "scenarios": self.scenarios,
            "clock": self.clock,
            "fixtures": self.fixtures,
            "switches": self.switches,
            "strict": self.strict,
        }


_LISTS = ("scenarios", "allow_unmatched", "allow_violations", "allow_default")


class Evidence(Protocol):
    """The calls of a test's client, under a `name` for the report."""

    @property
    def name(self) -> str:
        """The name in the report."""

    def journal(self) -> str:
        """Return the calls as text, "" if there is nothing to show."""

    def complaint(self) -> str:
        """Return the unexpected calls since the last time, "" if there are none."""


class Watcher:
    """A sandbox that a test uses: `exchanges` is its journal now, or when it was closed.

    `base_urls` are those of its vendors, by name.
    """

    def __init__(
        self, name: str, read: Callable[[], list[Exchange]], wanted: Wanted, base_urls: Mapping[str, str]
    ) -> None:
        self.name = name
        self._read: Callable[[], list[Exchange]] | None = read
        self._wanted = wanted
        self._base_urls = base_urls
        self._last: list[Exchange] = []
        self._judged: set[tuple[int, datetime]] = set()

    @property
    def exchanges(self) -> list[Exchange]:
        """All exchanges, oldest first."""
        return self._last if self._read is None else self._read()

    def close(self) -> None:
        """Read the journal for the last time."""
        self._last, self._read = self.exchanges, None

    def journal(self) -> str:
        """Return the journal as text for the report, which must work even if the emulator is gone."""
        try:
            return "\n".join(journal_lines(self.exchanges)) or "no calls"
        except EmulatorError as problem:
            return f"the journal cannot be read: {problem}"

    def complaint(self) -> str:
        """Return the unexpected calls since the last time, "" if there are none."""
        # A reset restarts the numbers of exchanges, so identify them by their time, too.
        new = {(one.id, one.time): one for one in self.exchanges if one.state == "done"}
        unjudged = [one for key, one in new.items() if key not in self._judged]
        self._judged |= new.keys()
        allowed = (self._wanted.allow_unmatched, self._wanted.allow_violations)
        found = list(unexpected_calls(unjudged, *allowed, self._base_urls))
        if not found:
            return ""
        sentence = (
            f"The client made calls that are not in the contract (in {self.name}); if they are intended, allow them:"
            " @pytest.mark.emulator(allow_unmatched=True) or (allow_violations=True)."
        )
        return "\n".join([sentence, *(f"  {complaint}" for complaint in found)])


class Suite:
    """The state that the tests of one process share.

    `url` is a remote emulator ("": start one here), `fixtures` a folder for the one that is started here.
    """

    def __init__(self, url: str = "", fixtures: str | None = None) -> None:
        self.url = url
        self.coverage = ContractCoverage()
        self._fixtures = fixtures
        self._strays: StrayCalls | None = None

    @contextmanager
    def served(self) -> Iterator[Client]:
        """Run an emulator inside the `with` block."""
        if self.url:
            with Client(self.url, os.environ.get("EMULATOR_CONTROL_TOKEN")) as client:
                client.wait(READY_SECONDS)
                self.coverage.know(client.operations())
                yield client
            return
        self._strays = testing.stray_calls.StrayCalls()
        with self._local.served(self._strays) as url, Client(url) as client:
            self.coverage.know(client.operations())
            yield client

    def emulator(self, strays: StrayCalls) -> Emulator:
        """Return an unstarted emulator on a free port; `strays` records calls outside the test's sandbox."""
        return self._local.emulator(strays)

    @cached_property
    def _local(self) -> LocalEmulators:
        return testing.local.LocalEmulators(self._fixtures)

    @contextmanager
    def sandbox(
        self, client: Client, wanted: Wanted, watch: Callable[[Evidence], None], uses_default: Callable[[], bool]
    ) -> Iterator[SandboxClient]:
        """Create a sandbox for the `with` block; watch it, and count its exchanges.

        Calls outside it are also watched if the server is ours: others share a remote one. `uses_default()` returns
        True if the test intends to use the default sandbox.
        """
        with client.create_sandbox(**wanted.given()) as sandbox:
            watched = Watcher(f"sandbox {sandbox.name}", lambda: _all(sandbox), wanted, base_urls(sandbox.vendors))
            watch(watched)
            if self._strays is not None:
                self._strays.begin(wanted.allow_default, uses_default)
                watch(self._strays)
            try:
                yield sandbox
            finally:
                self.count(watched)
                if self._strays is not None:
                    self._strays.end()

    def count(self, watched: Watcher) -> None:
        """Close a sandbox, and count the exchanges of its test."""
        watched.close()
        for exchange in watched.exchanges:
            if exchange.state == "done":
                self.coverage.count(exchange.vendor, exchange.operations, exchange.status)
                self.coverage.count_stub(exchange.vendor, exchange.stub)


def base_urls(vendors: Mapping[str, VendorAccess]) -> dict[str, str]:
    """Return the vendors' base URLs by name."""
    return {name: vendor.url for name, vendor in vendors.items()}


def wanted_by(ini: Mapping[str, Any], marks: Sequence[Mapping[str, Any]]) -> Wanted:
    """Return the options of the ini file and then of the markers, outermost first. Raises EmulatorError."""
    wanted = Wanted().but({name: _read(name, value) for name, value in ini.items() if value not in (None, "", [])})
    for mark in marks:
        wanted = wanted.but(mark)
    return wanted


def _read(name: str, value: Any) -> Any:
    """Return the value of an ini option's text."""
    if name == "seed":
        if not str(value).isdecimal() or len(str(value)) > sys.int_info.default_max_str_digits:
            raise EmulatorError(f"emulator_seed is {value!r}: expected a whole number.")
        return int(value)
    return dict(map(_switch, value)) if name == "switches" else value


def _switch(entry: str) -> tuple[str, Any]:
    name, equals, text = entry.partition("=")
    if not equals:
        raise EmulatorError(f"emulator_switches: invalid switch {entry!r}; write it like celigo.empty_list_status=204.")
    try:
        return name.strip(), json.loads(text)
    except ValueError:
        return name.strip(), text.strip()


def _all(sandbox: SandboxClient) -> list[Exchange]:
    try:
        return [*sandbox.journal.left, *sandbox.journal.select()]
    except EmulatorError as problem:
        if problem.status != 404:
            raise
        return sandbox.journal.left


REFUSALS = (EmulatorError, ConfigurationError)
"""Errors that a user's mistake raises: the text is a sentence, the traceback is useless."""
