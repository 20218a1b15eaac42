"""What the command line asks of the contract coverage: files, and how much of which evidence there must be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from emulator.errors import EmulatorError, unknown
from emulator.testing.coverage import DOCUMENTED, LEVELS, ContractCoverage, unwritable
from emulator.testing.coverage_files import form_of, write

__all__ = ["NONE", "check", "unmet"]

NONE = "none"
"""In place of a file: do not even show the coverage."""


def check(files: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise UsageError for a file that cannot be written, and for what is not "80" or "observed=80"."""
    for file in files:
        problem = "" if file == NONE else unwritable(file) or _unknown_form(file)
        if problem:
            raise pytest.UsageError(f"--emulator-coverage={file}: {problem}")
    for text in wanted:
        level, least = _least(text)
        if level not in LEVELS:
            raise pytest.UsageError(f"--emulator-coverage-fail-under={text}: {unknown('level', level, LEVELS)}")
        if not 0 <= least <= 100:
            raise pytest.UsageError(f"--emulator-coverage-fail-under={text}: expected a percentage from 0 to 100")


def unmet(coverage: ContractCoverage, files: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    """Write the coverage to files; yield why one cannot be written, and for which level too little was covered."""
    for file in files:
        if file != NONE and (problem := write(coverage.document(), file)):
            yield f"FAIL: --emulator-coverage={file}: {problem}"
    for level, least in map(_least, wanted):
        if coverage.percent(level) < least:
            yield (
                f"FAIL: {coverage.percent(level):.1f} % of the {level} statuses of the called vendors were covered;"
                f" --emulator-coverage-fail-under requires {least:g} %"
            )


def _least(text: str) -> tuple[str, float]:
    """Return the level and the percentage of "observed=80"; -1 for what is not a number."""
    level, _, number = text.rpartition("=")
    try:
        return level or DOCUMENTED, float(number)
    except ValueError:
        return level or DOCUMENTED, -1


def _unknown_form(file: str) -> str:
    try:
        form_of(file)
    except EmulatorError as problem:
        return str(problem)
    return ""
