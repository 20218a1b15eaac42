"""The plugin's options: on the command line of pytest, and in its ini file."""

from __future__ import annotations

from typing import Any

import pytest

__all__ = ["INI", "check", "conduct", "coverage", "declare", "hides_coverage", "shows_changes"]

NO_COVERAGE = "none"
CONDUCT = ("fail", "warn", "none")

INI: dict[str, tuple[Any, str]] = {
    "scenarios": ("linelist", "Scenarios that are on in each test's sandbox."),
    "seed": ("string", "The seed of each test's sandbox."),
    "clock": ("string", "The time at which the clock of each test's sandbox starts."),
    "fixtures": ("string", "A folder laid over the emulator's fixtures, relative to the root directory."),
    "vendors": ("linelist", "Folders with vendors of your own, relative to the root directory."),
    "openapi": ("linelist", "OpenAPI documents to serve as they are, relative to the root directory: acme=acme.yaml."),
    "switches": ("linelist", "Vendors' switches: celigo.empty_list_status=204."),
    "otel": ("bool", "Send a span of OpenTelemetry for each call of tests to a collector."),
    "strict": ("bool", "Refuse what the vendors tolerate."),
    "allow_unmatched": ("bool", "Allow calls that no operation matches."),
    "allow_violations": ("bool", "Allow calls that violate the contract."),
    "allow_conduct": ("linelist", "Rules on the client's conduct that may be broken."),
    "allow_default": ("bool", "Allow calls to the default sandbox instead of the test's own."),
}
"""The marker's options in the ini file, without "emulator_": their types, and what they are for."""


def declare(parser: pytest.Parser) -> None:
    """Declare the command-line options, and the marker's options for the ini file."""
    group = parser.getgroup("emulator")
    group.addoption("--emulator-url", default="", help="Use a running emulator (also: EMULATOR_URL).")
    group.addoption(
        "--emulator-log",
        choices=["failed", "all", "none"],
        default="failed",
        help="Which tests' journals to show: those of failed tests, of all or of none.",
    )
    shown = "Show what a failed test has changed in the records."
    group.addoption("--emulator-changes", action="store_true", help=shown)
    parser.addini("emulator_changes", shown, type="bool", default=False)
    group.addoption(
        "--emulator-coverage",
        metavar="FILE",
        action="append",
        default=[],
        help="Write the contract coverage to a .json, .html, .xml, .ctrf.json or .txt file; none: do not even show it.",
    )
    group.addoption(
        "--emulator-coverage-fail-under",
        metavar="[LEVEL=]N",
        action="append",
        default=[],
        help="Fail if less than N percent of the documented (observed …) statuses of the called vendors were covered.",
    )
    group.addoption("--emulator-matrix", action="store_true", help="Repeat tests with the other values of switches.")
    group.addoption("--emulator-explore", metavar="SECONDS", nargs="?", const="10", help="Repeat tests under faults.")
    conduct = "Findings on the client's conduct: fail tests for those that do harm, only show them, or neither."
    group.addoption("--emulator-conduct", choices=CONDUCT, help=conduct)
    parser.addini("emulator_conduct", conduct, type="string", default="warn")
    for name, (kind, help) in INI.items():
        parser.addini(f"emulator_{name}", help, type=kind, default=None)


def check(config: pytest.Config) -> None:
    """Raise UsageError for a value in the ini file that pytest does not check."""
    if conduct(config) not in CONDUCT:
        raise pytest.UsageError(f"emulator_conduct is {conduct(config)!r}: expected {' or '.join(CONDUCT)}")


def conduct(config: pytest.Config) -> str:
    """Return what is done with findings on the client's conduct: one of CONDUCT."""
    return str(config.getoption("emulator_conduct") or config.getini("emulator_conduct"))


def coverage(config: pytest.Config) -> tuple[list[str], list[str]]:
    """Return the files to write, and how much of which level must be covered."""
    return config.getoption("emulator_coverage"), config.getoption("emulator_coverage_fail_under")


def hides_coverage(config: pytest.Config) -> bool:
    """Return True if the summary is not to show the coverage."""
    return NO_COVERAGE in config.getoption("emulator_coverage")


def shows_changes(config: pytest.Config) -> bool:
    """Return True if a failed test is to show what it has changed in the records."""
    return bool(config.getoption("emulator_changes") or config.getini("emulator_changes"))
