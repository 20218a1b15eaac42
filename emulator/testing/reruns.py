"""Runs a test more than once: the fixtures of its function are made anew each time, those of wider scopes stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from emulator.client import Client, SandboxClient
from emulator.runtime import private

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "RERUN",
    "RerunPlugin",
    "Reruns",
    "counted",
    "has_passed",
    "is_rerun",
    "is_silent",
    "is_stopping",
    "sandbox_of",
]

RERUN = "emulator_rerun"
ONLY_ONCE = "emulator_only_once"
FAILS = "it does not pass as it is"
SHARES = "only the fixture `emulator` gives each run a sandbox"

Location: TypeAlias = tuple[str, int | None, str]
"""The file, the line and the name of a test."""

_rerun = pytest.StashKey["_Rerun"]()
_silent = pytest.StashKey[bool]()
_sandbox = pytest.StashKey[SandboxClient]()


@dataclass(frozen=True)
class _Rerun:
    """What another run has in its name, and what its reports say about it."""

    suffix: str
    about: Mapping[str, Any]


class Reruns:
    """The runs of one test: first as it is, then with other options for the sandbox of its fixture `emulator`."""

    def __init__(self, item: pytest.Item) -> None:
        self.item = item

    def first(self) -> Sequence[pytest.TestReport]:
        """Run the test as it is."""
        return _logged(self.item, private.new_item(self.item))

    def again(self, suffix: str, options: Mapping[str, Any], about: Mapping[str, Any]) -> Sequence[pytest.TestReport]:
        """Run it with options of the marker `emulator`; its reports have the suffix in the test's name, and `about`."""
        made = private.new_item(self.item)
        made.add_marker(pytest.mark.emulator(**options), append=False)
        made.stash[_rerun] = _Rerun(suffix, about)
        return _logged(made, self.item)

    def silently(self, options: Mapping[str, Any]) -> pytest.Item:
        """Run it with options of the marker `emulator`, unseen; return what has run."""
        made = private.new_item(self.item)
        made.add_marker(pytest.mark.emulator(**options), append=False)
        made.stash[_silent] = True
        private.run_protocol(made, self.item, log=False)
        return made

    def conclude(self, suffix: str, problem: str, about: Mapping[str, Any]) -> None:
        """Report silent runs as one more run, which fails with `problem` unless that is empty."""
        made = private.new_item(self.item)
        made.stash[_rerun] = _Rerun(suffix, about)
        name, location = renamed(made.nodeid, made.location, suffix)
        made.ihook.pytest_runtest_logstart(nodeid=name, location=location)
        for when in ("setup", "call", "teardown"):
            call = pytest.CallInfo.from_call(partial(_fail, problem if when == "call" else ""), when=when)
            report = made.ihook.pytest_runtest_makereport(item=made, call=call)
            made.ihook.pytest_runtest_logreport(report=report)
        made.ihook.pytest_runtest_logfinish(nodeid=name, location=location)

    def end(self, nextitem: pytest.Item | None) -> None:
        """Tear down the fixtures that the next test does not need; what goes wrong there is this test's error."""
        item = self.item
        call = pytest.CallInfo.from_call(lambda: private.tear_down_to(item.session, nextitem), when="teardown")
        if call.excinfo is not None:
            report = item.ihook.pytest_runtest_makereport(item=item, call=call)
            item.ihook.pytest_runtest_logreport(report=report)


def _fail(problem: str) -> None:
    if problem:
        pytest.fail(problem, pytrace=False)


def _logged(item: pytest.Item, nextitem: pytest.Item) -> Sequence[pytest.TestReport]:
    suffix = item.stash[_rerun].suffix if _rerun in item.stash else ""
    name, location = renamed(item.nodeid, item.location, suffix)
    item.ihook.pytest_runtest_logstart(nodeid=name, location=location)
    reports = private.run_protocol(item, nextitem, log=True)
    item.ihook.pytest_runtest_logfinish(nodeid=name, location=location)
    return reports


def renamed(nodeid: str, location: Location, suffix: str) -> tuple[str, Location]:
    """Return the node id and the location of a run with a suffix."""
    file, line, name = location
    return _with(nodeid, suffix), (file, line, _with(name, suffix))


def _with(name: str, suffix: str) -> str:
    """Return the name of a test with one more parameter: "test_it[a-switch=1]"."""
    if not suffix:
        return name
    return f"{name[:-1]}-{suffix}]" if name.endswith("]") else f"{name}[{suffix}]"


def counted(number: int, what: str) -> str:
    """Return a number of things: "1 test", "2 tests"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def has_passed(reports: Sequence[pytest.TestReport]) -> bool:
    """Return True if a test has run and passed."""
    return len(reports) > 1 and all(report.passed and not hasattr(report, "wasxfail") for report in reports)


def is_stopping(item: pytest.Item) -> bool:
    """Return True if the test run ends now, such as by -x."""
    return bool(item.session.shouldfail or item.session.shouldstop)


class RerunPlugin:
    """What plugins that run tests again have in common: they know the sandboxes, and name the reports.

    `client` is the emulator, once a test has used it, `only_once` the tests that are not run again, and why. A report
    of another run has the attribute RERUN.
    """

    def __init__(self) -> None:
        self.client: Client | None = None
        self.only_once: dict[str, str] = {}
        self._others = {"emulator_in_loop"}
        self._session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Know where the tests are counted."""
        self._session = session

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Note the emulator, and the sandbox of the fixture `emulator`."""
        value = yield
        if isinstance(value, SandboxClient) and request.scope == "function":
            request.node.stash[_sandbox] = value
        elif isinstance(value, SandboxClient):
            self._others.add(fixturedef.argname)
        elif isinstance(value, Client):
            self.client = value
        return value

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Mark the report of another run, and of a test that is not run again: it does not pass, or cannot be."""
        report = yield
        if _rerun in item.stash:
            # An attribute, because a worker of pytest-xdist sends those.
            vars(report)[RERUN] = {**item.stash[_rerun].about, "suffix": item.stash[_rerun].suffix, "test": item.nodeid}
        elif sandbox_of(item) is not None and not has_passed([report, report]):
            vars(report)[ONLY_ONCE] = FAILS
        elif sandbox_of(item) is None and not self._others.isdisjoint(getattr(item, "fixturenames", ())):
            vars(report)[ONLY_ONCE] = SHARES
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Name the report of another run, and count it as one more test for the progress in percent."""
        session = self._session
        # A worker of pytest-xdist may only report the tests that it was given.
        if session is not None and hasattr(report, RERUN) and not hasattr(session.config, "workerinput"):
            suffix = getattr(report, RERUN)["suffix"]
            report.nodeid, report.location = renamed(report.nodeid, report.location, suffix)
            session.testscollected += report.when == "setup"
        if hasattr(report, ONLY_ONCE):
            self.only_once.setdefault(report.nodeid, getattr(report, ONLY_ONCE))


def sandbox_of(item: pytest.Item) -> SandboxClient | None:
    """Return the sandbox of a test's own, None if it has none."""
    return item.stash.get(_sandbox, None)


def is_rerun(item: pytest.Item) -> bool:
    """Return True if a test is not running as it is."""
    return _rerun in item.stash or is_silent(item)


def is_silent(item: pytest.Item) -> bool:
    """Return True if nothing of this run is reported."""
    return item.stash.get(_silent, False)
