"""Small suites of a user's, run by pytest inside the tests."""

from __future__ import annotations

from textwrap import dedent

import pytest
import requests  # noqa: F401 - imported once, as what follows: an inner run takes back what it imports
import trustme  # noqa: F401

import emulator.testing.in_loop
import emulator.testing.suite  # noqa: F401
from tests.conftest import EmulatorUnderTest

INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
PLAIN = ("-p", "no:cacheprovider", "-p", "no:schemathesis", "-W", "error")
# What says how the outer run is made: with CI, pytest prints each long failure a second time, in its summary.
OUTSIDE = (
    *("PYTEST_ADDOPTS", "EMULATOR_URL", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "CI", "BUILD_NUMBER"),
    *("GITHUB_ACTIONS", "PY_COLORS", "FORCE_COLOR"),
)

CALLS = """
import httpx

def call(vendor, path="/integration/integrations", **options):
    return httpx.request(options.pop("method", "GET"), vendor.url + path, headers=dict(vendor.headers), **options)
"""


class Inner:
    """A suite of a user's, and how it is run."""

    def __init__(self, pytester: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in OUTSIDE:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("COLUMNS", "80")  # the terminal's width, by which pytest and the plugin break lines
        self.pytester = pytester
        self.url = url
        self.name = pytester._name
        pytester.makeini(INI)
        pytester.makepyfile(calls=CALLS)

    def run(self, source: str, *arguments: str) -> pytest.RunResult:
        """Run a test file against the emulator that runs already."""
        self.pytester.makepyfile(f"import pytest\nfrom calls import call\n\n{dedent(source)}")
        return self.pytester.runpytest_inprocess(*PLAIN, "--emulator-url", self.url, *arguments)


@pytest.fixture
def inner(pytester: pytest.Pytester, emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch) -> Inner:
    return Inner(pytester, emulator.root, monkeypatch)
