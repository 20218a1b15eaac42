"""The conduct of the client under test: findings that fail a test, and those that the summary shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import pytest

from emulator.client import EmulatorError, Finding
from emulator.testing.watching import Complaint, Evidence

__all__ = ["FOUND", "attach", "complaint", "show"]

FOUND = "emulator_conduct"
"""The attribute of a report with the findings of its test, as documents: a worker of pytest-xdist sends it."""

MOST_SHOWN = 20
"""So many lines the summary has at most, unless pytest is verbose."""

ADVICE = (
    "The client did what does harm (in {name}); if it is intended, allow it:"
    ' @pytest.mark.emulator(allow_conduct=["{rule}"]).'
)

Shown: TypeAlias = "tuple[str, Mapping[str, Any]]"
"""A test's id and a finding."""

_unsent = pytest.StashKey[list[Finding]]()


def complaint(item: pytest.Item, watched: Iterable[Evidence], mode: str) -> Iterator[Complaint]:
    """Yield for each sandbox what fails the test, of what its client has done since the last time; note the rest."""
    for one in watched if mode != "none" else ():
        found = one.findings()
        item.stash.setdefault(_unsent, []).extend(found)
        harmful = [finding for finding in found if finding.does_harm]
        if harmful and mode == "fail":
            advice = ADVICE.format(name=one.name, rule=harmful[0].rule)
            yield Complaint(advice, [str(finding) for finding in harmful])


def attach(item: pytest.Item, report: pytest.TestReport, unjudged: Iterable[Evidence]) -> None:
    """Let a report carry the findings that no earlier one has, and those that nobody has judged."""
    for one in unjudged:
        with suppress(EmulatorError):  # the emulator may be gone
            item.stash.setdefault(_unsent, []).extend(one.findings())
    if found := item.stash.get(_unsent, []):
        vars(report)[FOUND] = [dict(vars(one)) for one in found]
        item.stash[_unsent] = []


def show(terminalreporter: pytest.TerminalReporter, mode: str, is_verbose: bool) -> None:
    """Write the summary, if there is anything to show."""
    reports = (report for kind in terminalreporter.stats.values() for report in kind)
    lines = list(_summary(reports, mode, is_verbose))
    if lines:
        terminalreporter.section("emulator: conduct of the client", sep="-")
    for line in lines:
        terminalreporter.line(line)


def _summary(reports: Iterable[Any], mode: str, is_verbose: bool) -> Iterator[str]:
    """Yield the lines of the summary, those that do harm first; none if there is nothing to show."""
    shown = [(report.nodeid, one) for report in reports for one in getattr(report, FOUND, ())]
    harmful, others = [one for one in shown if one[1]["does_harm"]], [one for one in shown if not one[1]["does_harm"]]
    if harmful:
        yield f"{_counted(len(harmful))} {'does' if len(harmful) == 1 else 'do'} harm" + (
            "; --emulator-conduct=fail fails such tests" if mode == "warn" else ""
        )
        yield from _lines(harmful, is_verbose)
    if others:
        yield f"{_counted(len(others))} {'does' if len(others) == 1 else 'do'} no harm"
        yield from _lines(others, is_verbose)


def _lines(shown: Sequence[Shown], is_verbose: bool) -> Iterator[str]:
    """Yield a line for each finding; without `is_verbose`, one for all by the same rule in the same operations."""
    groups: dict[object, list[Shown]] = {}
    for number, (test, one) in enumerate(shown):
        key = number if is_verbose else (one["rule"], one["vendor"], tuple(one["operations"]))
        groups.setdefault(key, []).append((test, one))
    entries = list(groups.values())
    for entry in entries if is_verbose else entries[:MOST_SHOWN]:
        test, one = entry[0]
        more = f" (and {len(entry) - 1} more like it)" if len(entry) > 1 else ""
        yield f"  {one['rule']}: {one['vendor']} {one['sentence']}"
        yield f"      {test}{more}"
    if not is_verbose and len(entries) > MOST_SHOWN:
        yield f"  and {len(entries) - MOST_SHOWN} more; -v shows all"


def _counted(number: int) -> str:
    return f"{number} finding{'' if number == 1 else 's'}"
