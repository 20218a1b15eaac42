"""`--emulator-matrix`: each test again for every other value of the switches that its calls have read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from emulator.client import EmulatorError
from emulator.errors import spelled
from emulator.testing.reruns import RERUN, RerunPlugin, Reruns, counted, has_passed, is_rerun, is_stopping, sandbox_of

if TYPE_CHECKING:
    from emulator.testing.suite import Wanted

__all__ = ["Matrix", "Variant", "variants"]

_variants = pytest.StashKey["list[Variant]"]()


@dataclass(frozen=True)
class Variant:
    """Another value of a switch, and what the switch `decides`."""

    switch: str
    value: Any
    decides: str

    def __str__(self) -> str:
        return f"{self.switch}={self.value if isinstance(self.value, str) else spelled(self.value)}"


def variants(
    assumptions: Sequence[Mapping[str, Any]], read: Mapping[str, Any], settled: Mapping[str, Any]
) -> Iterator[Variant]:
    """Yield the values to try.

    `read` are the switches that the calls of a test have read, with their values; one that the test has set, and one in
    `settled`, is not tried.
    """
    for one in assumptions:
        name, default = one["switch"], one["default"]
        if name in read and read[name] == default and name not in settled:
            yield from (Variant(name, value, one["decides"]) for value in one["choices"] if value != default)


class Matrix(RerunPlugin):
    """The pytest plugin; `wanted(item)` are the options that marker and ini file set for a test."""

    def __init__(self, wanted: Callable[[pytest.Item], Wanted]) -> None:
        super().__init__()
        self._wanted = wanted
        self._runs: list[Mapping[str, Any]] = []
        self._broken: dict[str, Mapping[str, Any]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a test with a sandbox of its own as it is and, if it passes, with each variant."""
        if "emulator" not in getattr(item, "fixturenames", ()):
            return None
        runs = Reruns(item)
        tried = item.stash.get(_variants, []) if has_passed(runs.first()) else []
        for variant in tried:
            if not is_stopping(item):
                switches = {**self._settled(item), variant.switch: variant.value}
                runs.again(str(variant), {"switches": switches}, asdict(variant))
        runs.end(nextitem)
        return True

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Find the variants of a test that has just passed."""
        sandbox = None if is_rerun(item) else sandbox_of(item)
        if sandbox is None:
            return
        try:
            read = sandbox.switches.read()
        except EmulatorError:  # the test has dropped it
            return
        item.stash[_variants] = list(variants(self._assumptions, read, self._settled(item)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the results, also those of pytest-xdist's workers."""
        super().pytest_runtest_logreport(report)
        about = getattr(report, RERUN, None)
        if about and report.when == "setup":
            self._runs.append(about)
        if about and report.failed:
            self._broken[report.nodeid] = about

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which value of which switch breaks which test."""
        terminalreporter.section("emulator: switch matrix", sep="-")
        for line in self._lines():
            terminalreporter.line(line)

    def _settled(self, item: pytest.Item) -> Mapping[str, Any]:
        return self._wanted(item).switches or {}

    def _lines(self) -> Iterator[str]:
        tests = len({about["test"] for about in self._runs})
        told = f"{counted(len(self._runs), 'more run')} of {counted(tests, 'test')}"
        yield f"{told}, with other values of the switches that the calls have read"
        for about in self._broken.values():
            variant = Variant(about["switch"], about["value"], about["decides"])
            yield f"{about['test']} breaks with {variant} ({variant.decides})"
        for test, reason in self.only_once.items():
            yield f"{test} was not varied: {reason}"

    @cached_property
    def _assumptions(self) -> Sequence[Mapping[str, Any]]:
        assert self.client is not None
        return self.client.assumptions()
