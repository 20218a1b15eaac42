"""The state of a test run that uses the emulator: the server, the tests' options, the coverage."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from emulator import testing
from emulator.client import Client, EmulatorError, SandboxClient
from emulator.client.client import sandbox_request
from emulator.errors import ConfigurationError, sentence, unknown
from emulator.testing.allowances import Allowances, about_allowed, check_rules, is_allowance, path_of_operation
from emulator.testing.coverage import ContractCoverage
from emulator.testing.report import Allowance
from emulator.testing.sandboxes import RemoteSandboxes, Sandboxes, Seen
from emulator.testing.watching import Evidence, Watcher

if TYPE_CHECKING:
    from emulator.app import Emulator
    from emulator.client.clock import ClockSetting
    from emulator.client.types import ConductRule, ScenarioName
    from emulator.testing.local import LocalEmulators
    from emulator.testing.stray_calls import StrayCalls

SCOPES = ("class", "module", "package", "session")
"""What tests may share a sandbox in."""

READY_SECONDS = 10.0
"""How many seconds a remote emulator may take to become ready."""


class Options(TypedDict, total=False):
    """A test's options as keyword arguments. The fields of `Wanted`, typed for an editor."""

    scenarios: Sequence[ScenarioName | str]
    seed: int | None
    clock: ClockSetting | None
    fixtures: str | None
    switches: Mapping[str, Any] | None
    faults: Sequence[Mapping[str, Any]]
    strict: bool | None
    allow_unmatched: Allowance
    allow_violations: Allowance
    allow_default: Allowance
    allow_conduct: Allowance | Sequence[ConductRule]


@dataclass(frozen=True)
class Wanted:
    """A test's options: how its sandbox starts, and which unexpected calls of its client are allowed."""

    scenarios: Sequence[str] = ()
    seed: int | None = None
    clock: Any = None
    fixtures: str | None = None
    switches: Mapping[str, Any] | None = None
    faults: Sequence[Mapping[str, Any]] = ()
    strict: bool | None = None
    allow_unmatched: Allowance = False
    allow_violations: Allowance = False
    allow_default: Allowance = False
    allow_conduct: Allowance = False

    def updated(self, changes: Mapping[str, Any], owner: str = "the marker emulator") -> Wanted:
        """Return the options with changes, the arguments of `owner`.

        Raises EmulatorError for an unknown name, with the nearest one, and for an allowance that is not one.
        """
        names = [field.name for field in fields(self)]
        for name in changes:
            if name not in names:
                raise EmulatorError(sentence(unknown("argument", name, names, f"of {owner}")))
        listed: dict[str, Any] = {
            name: [value] if name in _LISTS and isinstance(value, str) else value for name, value in changes.items()
        }
        for name, value in listed.items():
            if name.startswith(ALLOW) and not is_allowance(value):
                raise EmulatorError(f"{name} is {value!r}: expected True, False or a list of globs.")
        check_rules(listed.get("allow_conduct", False))
        return replace(self, **listed)

    @cached_property
    def request(self) -> Mapping[str, Any]:
        """What makes the sandbox, as the control API takes it."""
        return sandbox_request(
            seed=self.seed,
            scenarios=self.scenarios,
            clock=self.clock,
            fixtures=self.fixtures,
            switches=self.switches,
            strict=self.strict,
        )

    @property
    def allowances(self) -> Allowances:
        """What the client may do wrong."""
        return Allowances(self.allow_unmatched, self.allow_violations, self.allow_default, self.allow_conduct)

    @property
    def allowed_operations(self) -> Sequence[str]:
        """The globs of operations whose violations are allowed."""
        return () if isinstance(self.allow_violations, bool) else self.allow_violations


@contextmanager
def _startable(why: str) -> Iterator[None]:
    """Raise EmulatorError for mistakes in files, and for a missing package: `why` it "needs all dependencies"."""
    try:
        yield
    except ConfigurationError as problem:
        raise EmulatorError(sentence(problem)) from None
    except ModuleNotFoundError as problem:
        raise EmulatorError(f"The package {problem.name} is missing{why} needs all dependencies.") from None


@contextmanager
def _collected_once() -> Iterator[None]:
    """Let the garbage collector look once, at the end, at the many objects of the block: most of them stay."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()
            gc.collect()


ALLOW = "allow_"
_LISTS = ("scenarios", "allow_unmatched", "allow_violations", "allow_default", "allow_conduct")
_OF_SERVER = ("fixtures", "vendors", "openapi")


class Suite:
    """The state that the tests of one process share.

    `url` is a remote emulator ("": start one here), `ini` are the options of the ini file, whose paths are relative to
    `root`: its folders and documents are for an emulator that is started here, the others for all sandboxes. `strays`
    records calls outside the test's sandbox; None if the emulator is remote, because others may share it. Calls
    count for the coverage while it `is_counting`.
    """

    def __init__(self, url: str = "", ini: Mapping[str, Any] | None = None, root: Path | None = None) -> None:
        self.url = url
        self.coverage = ContractCoverage()
        self.strays: StrayCalls | None = None
        self.is_counting = True
        self._ini = ini or {}
        self._root = root or Path()
        self._client: Client | None = None
        self._operations: set[str] = set()
        self._sandboxes: Sandboxes | None = None

    def wanted(self, options: Iterable[Mapping[str, Any]]) -> Wanted:
        """Return the options of the ini file and then of the markers, outermost first. Raises EmulatorError."""
        wanted = self._common
        for changes in options:
            wanted = wanted.updated(changes)
        self.check_allowed(wanted)
        return (
            wanted if self.url or not wanted.fixtures else replace(wanted, fixtures=str(self._root / wanted.fixtures))
        )

    @cached_property
    def _common(self) -> Wanted:
        # A server that is started here reads the others itself.
        own = ("otel",) if self.url else (*_OF_SERVER, "otel")
        left = {name: value for name, value in self._ini.items() if name not in own}
        return Wanted().updated(
            {name: _read(name, value) for name, value in left.items() if value not in (None, "", [])}
        )

    @contextmanager
    def served(self) -> Iterator[Client]:
        """Run an emulator inside the `with` block."""
        with ExitStack() as stack:
            self._client, self._sandboxes = self._remote(stack) if self.url else self._here(stack)
            self.coverage.know(self._client.operations())
            yield self._client

    def _remote(self, stack: ExitStack) -> tuple[Client, Sandboxes]:
        client = stack.enter_context(Client(self.url, os.environ.get("EMULATOR_CONTROL_TOKEN")))
        client.wait(READY_SECONDS)
        return client, RemoteSandboxes(client)

    def _here(self, stack: ExitStack) -> tuple[Client, Sandboxes]:
        with _startable(", and EMULATOR_URL names no running emulator: one started here"), _collected_once():
            self.strays = testing.stray_calls.StrayCalls()
            server = stack.enter_context(self._local.served(self.strays))
        client = stack.enter_context(Client(server.url))
        return client, testing.local.LocalSandboxes(server, client)

    def unstarted(self) -> tuple[Emulator, StrayCalls]:
        """Return an unstarted emulator on a free port, and what records calls outside the test's sandbox."""
        with _startable(": an emulator in the event loop of the test"):
            strays = testing.stray_calls.StrayCalls()
            return self._local.emulator(strays), strays

    def check_allowed(self, wanted: Wanted) -> None:
        """Raise EmulatorError, naming the nearest, for an allowance of an operation that no vendor has."""
        for name in wanted.allowed_operations:
            if self._client is not None and name not in self._operations:
                with about_allowed():
                    self._client.request("GET", path_of_operation(name))
                self._operations.add(name)

    @cached_property
    def _local(self) -> LocalEmulators:
        fixtures, vendors, documents = (self._ini.get(name) or () for name in _OF_SERVER)
        return testing.local.LocalEmulators(
            str(self._root / fixtures) if fixtures else None,
            [str(self._root / folder) for folder in vendors],
            [_with_file_in(self._root, entry) for entry in documents],
            otel=bool(self._ini.get("otel")),
        )

    @contextmanager
    def sandbox(self, wanted: Wanted) -> Iterator[tuple[SandboxClient, Watcher]]:
        """Keep a sandbox inside the `with` block, watched, and counted at its end."""
        sandboxes = self._sandboxes
        assert sandboxes is not None
        sandbox = sandboxes.create(wanted.request)
        left = sandbox.journal.left
        watcher = Watcher(
            f"sandbox {sandbox.name}",
            lambda: [*left, *sandboxes.seen(sandbox)],
            sandbox.vendors,
            lambda calls: sandboxes.conduct(sandbox, calls),
            lambda calls: sandboxes.selected(sandbox, calls),
        )
        try:
            sandboxes.arm(sandbox, wanted.faults)
            yield sandbox, watcher
        finally:
            self.end(sandbox, watcher)

    def seen(self, sandbox: SandboxClient) -> Sequence[Seen]:
        """Return the exchanges in a sandbox's journal."""
        assert self._sandboxes is not None
        return self._sandboxes.seen(sandbox)

    def end(self, sandbox: SandboxClient, watcher: Watcher) -> None:
        """Drop a watched sandbox, and count what was met there; do nothing if it has ended."""
        if not watcher.is_closed:
            assert self._sandboxes is not None
            sandbox.leave()
            watcher.close([*sandbox.journal.left, *self._sandboxes.drop(sandbox)])
            self.count(watcher)

    def rests_on(self, test: str, watched: Iterable[Evidence]) -> Iterator[str]:
        """End the watching for a test, note it for the statuses that it has met, and yield on what it rests."""
        for one in watched:
            for seen in one.end():
                if self.is_counting and seen.state == "done" and seen.operations:
                    yield self.coverage.note(test, seen.vendor, seen.operations, seen.status)

    def count(self, watcher: Watcher) -> None:
        """Count what the tests that used a sandbox have met there."""
        for exchange in watcher.seen if self.is_counting else ():
            if exchange.state == "done":
                self.coverage.count(exchange.vendor, exchange.operations, exchange.status)
                self.coverage.count_stub(exchange.vendor, exchange.stub or None)
        self.coverage.count_fields(watcher.selected(watcher.seen))


def has_no_finalizer(item: object) -> bool:
    """Return True if a test cannot have added a finalizer, which would run before its fixtures are torn down."""
    function = getattr(item, "function", None)
    return function is not None and "request" not in signature(function).parameters


def _with_file_in(root: Path, entry: str) -> str:
    """Return an entry of the setting openapi ("acme=acme.yaml") with its file in a folder."""
    name, _, file = entry.partition("=")
    return f"{name}={root / file}" if file else entry


def refusal_of_late(options: Iterable[Mapping[str, Any]], fixture: str) -> str:
    """Return the sentence for markers that say how the sandbox of a shared fixture starts; "" if none does."""
    late = dict.fromkeys(name for marker in options for name in marker if not name.startswith(ALLOW))
    if not late:
        return ""
    names = ", ".join(late)
    return f"The sandbox of {fixture} starts before this test: give {names} to emulator_fixture(…), not to the marker."


def check_shared(scope: str, options: Mapping[str, Any]) -> None:
    """Raise EmulatorError for a scope or an option that `emulator_fixture` does not take."""
    if scope not in SCOPES:
        raise EmulatorError(sentence(unknown("scope", scope, SCOPES)))
    Wanted().updated(options, "emulator_fixture()")


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


REFUSALS = (EmulatorError, ConfigurationError)
"""Errors that a user's mistake raises: the text is a sentence, the traceback is useless."""
