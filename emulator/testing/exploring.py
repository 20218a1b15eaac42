"""`--emulator-explore`: each test again under every fault that the contract allows at the calls that it makes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from inspect import unwrap
from types import CodeType
from typing import TYPE_CHECKING, Any, Literal

import pytest

from emulator.client import EmulatorError, SandboxClient
from emulator.explore.crashes import begin_at, told
from emulator.explore.faults import MadeCall
from emulator.explore.pasted import pasted
from emulator.explore.search import Explored, Finding, Trial, explore
from emulator.explore.writes import REPEATABLE
from emulator.testing.originals import may_call, original_of
from emulator.testing.reruns import (
    RERUN,
    RerunPlugin,
    Reruns,
    counted,
    has_passed,
    is_silent,
    is_stopping,
    sandbox_of,
)
from emulator.testing.sleeping import sleeping_on

if TYPE_CHECKING:
    from collections.abc import Generator

    from emulator.testing.sandboxes import Seen
    from emulator.testing.suite import Suite, Wanted

__all__ = ["Explorer", "Silence"]

_trial = pytest.StashKey[Trial]()
_error = pytest.StashKey[BaseException]()
_calling = pytest.StashKey[set[str]]()

PREPARING = ("setUp", "asyncSetUp", "setup_method", "setup_function")


class Explorer(RerunPlugin):
    """The pytest plugin; each test is explored for so many seconds."""

    def __init__(self, suite: Callable[[], Suite], wanted: Callable[[pytest.Item], Wanted], seconds: float) -> None:
        super().__init__()
        self._suite = suite
        self._wanted = wanted
        self._seconds = seconds
        self._explored: list[Mapping[str, Any]] = []
        self._current: SandboxClient | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a test with a sandbox of its own as it is and, if it passes, explore it."""
        if "emulator" not in getattr(item, "fixturenames", ()):
            return None
        runs = Reruns(item)
        plain = item.stash.get(_trial, Trial()) if has_passed(runs.first()) else Trial()
        if plain.calls and not is_stopping(item):
            found = self._explore(runs, plain)
            runs.conclude("explored", "\n\n".join(_findings(item, found)), _about(found))
        runs.end(nextitem)
        return True

    def _explore(self, runs: Reruns, plain: Trial) -> Explored:
        end, wanted, suite = time.monotonic() + self._seconds, self._wanted(runs.item), self._suite()

        def attempt(faults: Sequence[Any]) -> Trial:
            made = runs.silently({"faults": [*(fault.document for fault in faults), *wanted.faults]})
            return _shown(made, plain)

        suite.is_counting = False
        try:
            with sleeping_on(self._sleep):
                return explore(plain.calls, self._operations, attempt, lambda: time.monotonic() > end)
        finally:
            suite.is_counting, self._current = True, None

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Note which fixtures may make calls, and let the sandbox of a silent run know that faults are tried."""
        calling = request.node.stash.setdefault(_calling, set())
        if request.scope == "function" and may_call(fixturedef, calling):
            calling.add(fixturedef.argname)
        value = yield from super().pytest_fixture_setup(fixturedef, request)
        if isinstance(value, SandboxClient) and is_silent(request.node):
            self._current = value
            value.exploring.turn_on()
        return value

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Note the calls that a test has made, and whether it has written anything twice."""
        try:
            return (yield)
        finally:
            sandbox = sandbox_of(item)
            if sandbox is not None:
                with suppress(EmulatorError):  # the test has dropped it
                    item.stash[_trial] = self._noted(sandbox)

    def _noted(self, sandbox: SandboxClient) -> Trial:
        seen = self._suite().seen(sandbox)
        calls = [call for one in seen for call in _calls(one)]
        writes = [one.operations for one in seen if one.operations and one.method not in REPEATABLE]
        problem = ""
        if len(set(writes)) < len(writes):
            try:
                sandbox.exploring.check_writes()
            except AssertionError as repeated:
                problem = told(repeated)
        return Trial(calls, problem)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the results, also those of pytest-xdist's workers."""
        super().pytest_runtest_logreport(report)
        if hasattr(report, RERUN) and report.when == "call":
            self._explored.append(getattr(report, RERUN))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was tried, and which test does not hold under which faults."""
        terminalreporter.section("emulator: explored", sep="-")
        for line in self._lines():
            terminalreporter.line(line)

    def _lines(self) -> Iterator[str]:
        yield f"{counted(len(self._explored), 'test')} explored"
        for about in self._explored:
            (singles, all_singles), (pairs, all_pairs) = about["singles"], about["pairs"]
            tried = f"{pairs} of {all_pairs} pairs" if singles == all_singles else "no pairs"
            yield f"{about['test']}: {singles} of {all_singles} single faults, {tried}"
            yield from (f"  {problem} when {faults}" for problem, faults in about["findings"])
        for test, reason in self.only_once.items():
            yield f"{test} was not explored: {reason}"

    def _sleep(self, seconds: float) -> None:
        if self._current is not None:
            with suppress(EmulatorError):  # dropped, or later than its clock can be
                self._current.clock.advance(seconds)

    @cached_property
    def _operations(self) -> Sequence[Mapping[str, Any]]:
        assert self.client is not None
        return self.client.operations()


class Silence:
    """Makes the reports of silent runs, which nobody sees: without a traceback, they cost nothing."""

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport | None:
        """Return the report of a silent run, and note its error."""
        if not is_silent(item) or call.when == "collect":
            return None
        if call.excinfo is not None and call.when != "teardown":
            item.stash[_error] = begin_at(call.excinfo.value, partial(_is_of_test, item))
        outcome: Literal["passed", "skipped"] = "passed" if call.excinfo is None else "skipped"
        report = pytest.TestReport(item.nodeid, item.location, {}, outcome, None, call.when)
        # Otherwise a debugger would begin.
        report.wasxfail = "explored"
        return report


def _is_of_test(item: pytest.Item, code: CodeType) -> bool:
    """Return True for the code of the test's function, of a fixture of it, or of a method that prepares it."""
    function, fixtures = getattr(item, "function", None), getattr(item, "fixturenames", ())
    return code.co_name in (*fixtures, *PREPARING) or (
        callable(function) and code is getattr(unwrap(function), "__code__", None)
    )


def _shown(made: pytest.Item, plain: Trial) -> Trial:
    """Return what a silent run has shown; what the test does as it is, is no problem."""
    trial, error, sandbox = made.stash.get(_trial, Trial()), made.stash.get(_error, None), sandbox_of(made)
    is_skipped = error is None or isinstance(error, pytest.skip.Exception)
    if error is not None and not is_skipped and sandbox is not None and not sandbox.exploring.excuses(error):
        return Trial(trial.calls, _told(error))
    return Trial(trial.calls, "" if plain.problem else trial.problem)


def _told(error: BaseException) -> str:
    """Return an error in a line; of calls and conduct that fail a test, the first, without advice."""
    lines = str(error).splitlines() if isinstance(error, pytest.fail.Exception) else ()
    return next((line.strip().partition("; ")[0] for line in lines if line.startswith("  ")), told(error))


def _calls(seen: Seen) -> Iterator[MadeCall]:
    reply = seen.reply_body if hasattr(seen, "reply_body") else seen.reply and seen.reply.body
    return (MadeCall(seen.vendor, operation, seen.status, bool(reply)) for operation in seen.operations)


def _about(found: Explored) -> dict[str, Any]:
    findings = [[one.problem, _when(one)] for one in found.findings.values()]
    return {"singles": list(found.singles), "pairs": list(found.pairs), "findings": findings}


def _when(finding: Finding) -> str:
    return ", and then ".join(map(str, finding.faults))


def _findings(item: pytest.Item, found: Explored) -> Iterator[str]:
    calling = item.stash.get(_calling, set())
    original = original_of(item, calling)
    for number, one in enumerate(found.findings.values(), 1):
        others = f"\nand under {counted(one.others, 'other set')} of faults" if one.others else ""
        test = pasted(original, [fault.document for fault in one.faults], number)
        yield f"{one.problem}\nwhen {_when(one)}{others}\n\n{test}"
