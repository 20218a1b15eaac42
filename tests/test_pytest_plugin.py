"""The pytest plugin: small suites of a user's, run by pytest inside the tests.

Most run against the emulator of these tests (--emulator-url), which saves them the start of one.
"""

from __future__ import annotations

import json
import re
import shutil
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests  # noqa: F401 - imported once, as what follows: an inner run takes back what it imports
import trustme  # noqa: F401

import emulator.testing.in_loop
import emulator.testing.suite  # noqa: F401
from emulator.catalogue import Catalogue
from emulator.client import Client, EmulatorError, exchange_of
from emulator.testing import pytest_plugin
from emulator.testing.coverage import ContractCoverage
from emulator.testing.github import annotation
from emulator.testing.report import REPLY_CHARACTERS, unexpected_calls
from emulator.testing.stray_calls import ADVICE
from emulator.testing.suite import Suite
from tests.conftest import EmulatorUnderTest
from tests.control import controlled
from tests.inner_runs import INI, PLAIN, Inner, inner

__all__ = ["inner"]

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "how-to" / "pytest.md"
EXAMPLES = ROOT / "tests" / "examples"
BACKENDS = ["asyncio", *(["trio"] if find_spec("trio") else [])]


def test_shared_emulator_with_a_control_token_gives_each_test_a_token_for_its_sandbox(
    inner: Inner, monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue
) -> None:
    with controlled(catalogue, control_token="s3cret") as (_, control):
        monkeypatch.setenv("EMULATOR_URL", control.url)
        monkeypatch.setenv("EMULATOR_CONTROL_TOKEN", "s3cret")
        inner.url = control.url
        result = inner.run(
            """
            from emulator.client import Client, EmulatorError

            def test_own_token(emulator):
                with Client(emulator.api.url, emulator.token) as client:
                    own = client.sandbox(emulator.name)
                    own.clock.freeze("2030-01-01T00:00:00Z")
                    with pytest.raises(EmulatorError):
                        client.sandbox("default")
                assert emulator.clock.now.year == 2030
            """
        )
    result.assert_outcomes(passed=1)


def test_plugin_is_found_by_its_entry_point() -> None:
    assert [entry.value for entry in entry_points(group="pytest11", name="emulator")] == [pytest_plugin.__name__]


def test_run_that_does_not_use_it_imports_the_plugin_only(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeconftest(
        """
        import sys

        def pytest_unconfigure():
            costly = ("aiohttp", "emulator", "http", "sqlite3")
            print("imported:", *sorted(name for name in sys.modules if name.split(".")[0] in costly))
        """
    )
    pytester.makepyfile("def test_nothing(): pass")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess("-p", "emulator.testing.pytest_plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["imported: emulator emulator.testing emulator.testing.command_line emulator.testing.pytest_plugin"]
    )
    result.stdout.no_fnmatch_line("*contract coverage*")


def test_without_a_url_the_server_is_started_here(inner: Inner) -> None:
    inner.pytester.makepyfile(
        """
        import socket

        import httpx
        from calls import call

        LOOK_UP = socket.getaddrinfo

        def test_one(emulator, emulator_server):
            assert emulator_server.sandboxes() == ["default", emulator.name]
            emulator.patch_dns()
            url = "https://api.secoda.co/api/v1/integration/integrations"
            assert httpx.get(url, headers=dict(emulator.secoda.headers)).status_code == 200
            assert len(emulator.journal) == 1
            assert socket.getaddrinfo is not LOOK_UP

        def test_other(emulator, emulator_server):
            assert emulator_server.sandboxes() == ["default", emulator.name]
            assert call(emulator.secoda).status_code == 200
            assert socket.getaddrinfo is LOOK_UP
        """
    )
    result = inner.pytester.runpytest_inprocess(*PLAIN)
    result.assert_outcomes(passed=2)


def test_each_test_has_its_own_sandbox(inner: Inner, emulator: EmulatorUnderTest) -> None:
    result = inner.run(
        """
        @pytest.mark.parametrize("number", [1, 2])
        def test_it(emulator, number):
            integrations = emulator.state("secoda.integrations")
            for integration in integrations:
                integrations.delete(integration["id"])
            assert call(emulator.secoda).json()["results"] == []

        def test_after_them(emulator):
            assert call(emulator.secoda).json()["results"]
        """
    )
    result.assert_outcomes(passed=3)
    assert [sandbox.name for sandbox in emulator.sandboxes] == ["default"]


def test_variable_names_the_emulator_too(inner: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_URL", inner.url)
    inner.pytester.makepyfile(f"def test_it(emulator): assert emulator.api.url == {inner.url!r}")
    inner.pytester.runpytest_inprocess(*PLAIN).assert_outcomes(passed=1)


def test_emulator_that_cannot_be_reached_is_one_sentence(inner: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.testing.suite.READY_SECONDS", 0)
    inner.url = "http://127.0.0.1:9"
    result = inner.run("def test_it(emulator): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["http://127.0.0.1:9 is not ready after 0 s: No reply from an emulator at *"])
    result.stdout.no_fnmatch_line("*Traceback*")


CHANGING = """
    def test_it(emulator):
        emulator.state("celigo.connections").add(name="Mine", http={"password": "s3cret"})
        emulator.state("secoda.credentials").add(id="hidden")
        assert not "reached"

    def test_nothing(emulator):
        assert not "reached"
    """


@pytest.mark.parametrize("asked_by", ["option", "ini"])
def test_failed_test_shows_what_it_has_changed_on_request(inner: Inner, asked_by: str) -> None:
    if asked_by == "ini":
        inner.pytester.makeini(f"{INI}emulator_changes = true\n")
    result = inner.run(CHANGING, *(["--emulator-changes"] if asked_by == "option" else []))
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*- emulator changes: sandbox sandbox-*",
            "celigo.connections",
            '  + {*"name": "Mine"*"password": "[*][*][*]"*}',
            "secoda.credentials",
            "  … 1 added",
            "*- emulator changes: sandbox sandbox-*",
            "no changes",
        ]
    )
    assert "hidden" not in result.stdout.str().partition("emulator changes")[2].partition("____")[0]


def test_failed_test_shows_changes_only_on_request(inner: Inner) -> None:
    result = inner.run(CHANGING)
    result.assert_outcomes(failed=2)
    result.stdout.no_fnmatch_line("*emulator changes*")


def test_changes_of_an_emulator_that_is_gone_are_a_sentence(inner: Inner) -> None:
    result = inner.run(
        """
        def test_it(emulator):
            emulator.drop()
            assert not "reached"
        """,
        "--emulator-changes",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["they cannot be read: Unknown sandbox *"])


def test_failed_test_in_the_loop_shows_what_it_has_changed(inner: Inner) -> None:
    inner.pytester.makepyfile(
        """
        async def test_it(emulator_in_loop):
            emulator = await emulator_in_loop()
            await emulator.control("POST", "/state/celigo.scripts", {"name": "Mine"})
            assert not "reached"
        """
    )
    result = inner.pytester.runpytest_inprocess(*PLAIN, "-o", "asyncio_mode=auto", "--emulator-changes")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- emulator changes: sandbox sandbox-*", "celigo.scripts", '  + {*"name": "Mine*'])


def test_failed_test_shows_its_journal(inner: Inner) -> None:
    result = inner.run(
        """
        def test_it(emulator):
            emulator.scenario("secoda/outage")
            call(emulator.secoda)
            call(emulator.secoda, "/integration/integration")
            assert not "reached"
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- emulator journal: sandbox sandbox-*",
            "   1 GET /integration/integrations -> 503 secoda listIntegrations [[]secoda/outage#1[]]",
            "   2 GET */integration/integration -> * secoda (unmatched)*",
            "       near miss: did you mean GET */integration/integrations? ('integration' → 'integrations')",
        ]
    )


def test_failed_test_shows_violations(inner: Inner) -> None:
    result = inner.run(
        """
        def test_it(emulator):
            call(emulator.secoda, params={"colour": "blue"})
            assert False
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["       call: additionalProperties at query /colour: 'colour' is not *"])


def test_failed_test_shows_why_a_call_was_refused_where_only_the_reply_says_it(inner: Inner) -> None:
    result = inner.run(
        """
        import requests

        def test_it(emulator):
            emulator.fault(vendor="celigo", operation="listFlows", status=503)
            for path in ("/jobs", "/flows", "/integrations?limit=abc"):
                requests.get(emulator.celigo.url + path, headers=emulator.celigo.headers, timeout=30)
            requests.post(emulator.paradime.url, headers=emulator.paradime.headers, timeout=30, json={
                "query": 'mutation { triggerBoltRun(scheduleName: "' + 99 * "nope" + '") { runId } }'
            })
            assert False
        """
    )
    result.assert_outcomes(failed=1)
    journal = result.stdout.str().partition("emulator journal")[2]
    first, second = re.findall("^       reply: (.*)$", journal, re.MULTILINE)
    assert "query parameters must contain" in first
    assert second.startswith('"errors":[{"message":"ScheduleNotFoundException: ')
    assert second.endswith("…")
    assert len(second) == REPLY_CHARACTERS + 1


def test_log_none_hides_the_journal(inner: Inner) -> None:
    result = inner.run("def test_it(emulator): assert not call(emulator.secoda)", "--emulator-log=none")
    result.stdout.no_fnmatch_line("*emulator journal*")


def test_log_all_shows_the_journals_of_passed_tests_too(inner: Inner) -> None:
    result = inner.run("def test_it(emulator): call(emulator.secoda)", "--emulator-log=all")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*emulator journal: sandbox * of *::test_it*", "   1 GET /integration/* -> 200 *"])


def test_the_report_survives_a_stopped_emulator(inner: Inner) -> None:
    result = inner.run(
        """
        def test_it(emulator):
            emulator.api._connections.close()
            emulator.api._connections._address = ("127.0.0.1", 9)
            assert False
        """
    )
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["*emulator journal: *", "the journal cannot be read: *"])
    with Client(inner.url) as client:
        for name in client.sandboxes()[1:]:
            client.sandbox(name).drop()


def test_passed_test_shows_no_journal(inner: Inner) -> None:
    result = inner.run("def test_it(emulator): call(emulator.secoda)")
    result.stdout.no_fnmatch_line("*emulator journal*")


def test_violation_fails_a_passed_test_naming_call_rule_pointer_and_contract(inner: Inner) -> None:
    result = inner.run(
        """
        def test_it(emulator):
            answer = call(emulator.secoda, method="POST", json={"name": "Sales", "colour": "blue"})
            assert answer.status_code == 201
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "The client made calls that are not in the contract (in sandbox sandbox-*); if they are intended, *",
            "  POST /integration/integrations: additionalProperties at body /colour: *",
            "    contracts/secoda/openapi.yaml, createIntegration",
            "*emulator journal: *",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        (
            "{ listIntegrations { workspaces { uid } } }",
            "  POST /graphql: no operation in contracts/paradime/openapi.yaml matches; did you mean the query"
            " listCustomIntegrations? ('listIntegrations' → 'listCustomIntegrations')",
        ),
        (
            "{ listCustomIntegrations { workspaces } }",
            "  POST /graphql: validation at body /query: Cannot query field 'workspaces' on type"
            " 'ListCustomIntegrations'. (line 1, column 28)",
        ),
        (
            "{ listCustomIntegrations(page: 1) { ok } }",
            "  POST /graphql: validation at body /query: Unknown argument 'page' on field"
            " 'Query.listCustomIntegrations'. (line 1, column 26)",
        ),
        (
            "{ listCustomIntegrations {",
            "  POST /graphql: syntax at body /query: Syntax Error: Expected Name, found <EOF>. (line 1, column 27)",
        ),
        (
            "query ($no: Boolean!) { listCustomIntegrations @skip(if: $no) { ok } }",
            "  POST /graphql: variables at body /variables/no: Variable '$no' has invalid value: Expected a value of"
            " non-null type 'Boolean!' to be provided. (line 1, column 8)",
        ),
    ],
)
def test_graphql_request_that_the_schema_does_not_allow_fails_a_passed_test(
    inner: Inner, query: str, complaint: str
) -> None:
    result = inner.run(
        f"""
        def test_it(emulator):
            answer = call(emulator.paradime, "", method="POST", json={{"query": {query!r}}})
            assert answer.status_code == 200
        """
    )
    result.assert_outcomes(failed=1)
    assert complaint in result.outlines


def test_unmatched_call_fails_a_passed_test_naming_the_nearest(inner: Inner) -> None:
    result = inner.run("def test_it(emulator): call(emulator.secoda, '/integration/integration')")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  GET *: no operation in contracts/secoda/openapi.yaml matches; did you mean GET /*"])


def test_cleared_journal_hides_nothing(inner: Inner) -> None:
    result = inner.run(
        """
        @pytest.mark.parametrize("forget", [lambda it: it.journal.clear(), lambda it: it.reset()])
        def test_it(emulator, forget):
            call(emulator.secoda, "/integration/integration")
            forget(emulator)
        """
    )
    result.assert_outcomes(failed=2)


UNMATCHED = """
def test_one(emulator):
    call(emulator.secoda, "/integration/integration")

def test_two(emulator):
    call(emulator.secoda, "/integration/integration")
"""


def test_junit_report_counts_one_failure_a_test(inner: Inner) -> None:
    inner.run(UNMATCHED, "--junitxml=report.xml")
    suite = ElementTree.parse(inner.pytester.path / "report.xml").getroot()[0]
    assert {name: suite.attrib[name] for name in ("tests", "failures", "errors")} == {
        "tests": "2",
        "failures": "2",
        "errors": "0",
    }


def test_x_stops_at_the_first_test_that_breaks_the_contract(inner: Inner) -> None:
    inner.run(UNMATCHED, "-x").assert_outcomes(failed=1)


def test_unittest_case_fails_for_its_client(inner: Inner) -> None:
    result = inner.run(
        """
        import unittest

        class Case(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _sandbox(self, emulator):
                self.emulator = emulator

            def test_passes(self):
                call(self.emulator.secoda)

            def test_breaks_the_contract(self):
                call(self.emulator.secoda, "/integration/integration")

            def test_fails_by_itself(self):
                call(self.emulator.secoda, "/integration/integration")
                self.fail("by itself")
        """
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*: by itself"])


def test_call_of_a_fixture_fails_the_test(inner: Inner) -> None:
    result = inner.run(
        """
        @pytest.fixture
        def prepared(emulator):
            call(emulator.secoda, "/integration/integration")

        def test_it(prepared):
            pass
        """
    )
    result.assert_outcomes(failed=1)


def test_call_of_a_teardown_is_an_error_of_the_teardown(inner: Inner) -> None:
    result = inner.run(
        """
        @pytest.fixture
        def cleaned(emulator):
            yield
            call(emulator.secoda, "/integration/integration")

        def test_it(cleaned):
            pass
        """
    )
    result.assert_outcomes(passed=1, errors=1)


def test_expected_failure_may_be_the_clients(inner: Inner) -> None:
    result = inner.run(
        """
        @pytest.mark.xfail(strict=True)
        def test_it(emulator):
            call(emulator.secoda, "/integration/integration")
        """
    )
    result.assert_outcomes(xfailed=1)


def test_failed_test_is_not_blamed_twice(inner: Inner) -> None:
    result = inner.run(
        """
        def test_it(emulator):
            call(emulator.secoda, "/integration/integration")
            assert False
        """
    )
    result.assert_outcomes(failed=1)


@pytest.mark.parametrize(
    "allowance",
    ["allow_unmatched=True, allow_violations=True", "allow_unmatched=['*/nowhere'], allow_violations='list*'"],
)
def test_marker_allows_what_is_meant(inner: Inner, allowance: str) -> None:
    result = inner.run(
        f"""
        @pytest.mark.emulator({allowance})
        def test_it(emulator):
            call(emulator.secoda, "/nowhere")
            call(emulator.secoda, params={{"colour": "blue"}})
        """
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("glob", "complained"),
    [
        ("/nowhere", 0),
        ("/api/v1/nowhere", 0),
        ("/secoda/api/v1/nowhere", 0),
        ("/secoda/*", 0),
        ("*/nowhere", 0),
        ("/v1/nowhere", 1),
        ("nowhere", 1),
    ],
)
def test_unmatched_path_is_allowed_in_each_form_that_a_user_would_write(glob: str, complained: int) -> None:
    for base in ("/~one/secoda/api/v1", "/~one/api/v1", "/secoda/api/v1", "/api/v1"):
        result = unexpected_calls([NOWHERE], [glob], base_urls={"secoda": f"http://127.0.0.1:1{base}"})
        assert len(list(result)) == complained, base


NOWHERE = exchange_of(
    {
        "id": 1,
        "time": "2030-01-01T00:00:00Z",
        "state": "done",
        "stub": None,
        "vendor": "secoda",
        "operations": [],
        "call": {
            "method": "GET",
            "url": "http://127.0.0.1:1/~one/secoda/api/v1/nowhere",
            "path": "/api/v1/nowhere",
            "query": [],
            "headers": [],
            "body": None,
        },
        "reply": None,
        "faults": [],
        "violations": [],
        "near_misses": [],
        "seconds": 0.0,
    }
)


STRAYS = """
import httpx, pytest
from calls import call
from emulator.client import Client

def default(emulator, path="/secoda/api/v1/integration/integrations"):
    return httpx.get(emulator.api.url + path, headers={"Authorization": "Bearer secoda-token"})

def test_default(emulator):
    assert default(emulator).status_code == 200

def test_nowhere(emulator):
    assert default(emulator, "/zzz").status_code == 404
    assert default(emulator, "/~gone/secoda/api/v1/integration/integrations").status_code == 404

@pytest.fixture
def cleaned(emulator):
    yield
    default(emulator)

def test_teardown(cleaned):
    pass

@pytest.mark.emulator(allow_default=True)
def test_allowed(emulator):
    default(emulator)
    default(emulator, "/zzz")

@pytest.mark.emulator(allow_default=["/zz*"])
def test_allowed_by_path(emulator):
    default(emulator, "/zzz")

@pytest.mark.emulator(allow_default=["/zz*"])
def test_not_allowed_by_path(emulator):
    default(emulator)

def test_on_purpose(emulator, emulator_server):
    default(emulator)

def test_default_only(emulator_server):
    httpx.get(emulator_server.url + "/zzz")

def test_own(emulator):
    call(emulator.secoda)
    with Client(emulator.api.url) as client, client.create_sandbox() as other:
        call(other.secoda)

async def test_in_loop(emulator_in_loop, aiohttp_client):
    emulator = await emulator_in_loop()
    client = await aiohttp_client(emulator.server)
    assert (await client.get("/celigo/v1/integrations")).status == 401
"""


def test_call_that_misses_the_sandbox_of_its_test_fails_the_test(inner: Inner) -> None:
    inner.pytester.makepyfile(STRAYS)
    result = inner.pytester.runpytest_inprocess(*PLAIN, "-rA", "-o", "asyncio_mode=auto")
    result.assert_outcomes(passed=6, failed=4, errors=1)
    told = [line for line in result.outlines if line.startswith(("FAILED", "ERROR"))]
    assert [line.partition("::")[2].partition(" ")[0] for line in told] == [
        "test_teardown",
        "test_default",
        "test_nowhere",
        "test_not_allowed_by_path",
        "test_in_loop",
    ]
    listed = "GET /secoda/api/v1/integration/integrations -> 200 secoda listIntegrations, in the sandbox default"
    result.stdout.fnmatch_lines(
        [
            "The client called the default sandbox or none, not the test's: hard-coded base URL or token? *",
            f"  {listed}",
            "*emulator journal: calls outside the test's sandbox*",
            listed,
            "  GET /zzz -> 404, no such vendor or sandbox",
            "  GET /~gone/secoda/api/v1/integration/integrations -> 404, no such vendor or sandbox",
        ]
    )
    result.stdout.fnmatch_lines(
        ["  GET /celigo/v1/integrations -> 401 celigo listIntegrations, in the sandbox default"]
    )


def test_calls_of_others_to_a_shared_emulator_do_not_fail_the_test(inner: Inner) -> None:
    result = inner.run(
        """
        import httpx

        def test_it(emulator):
            httpx.get(emulator.api.url + "/secoda/api/v1/integration/integrations")
            httpx.get(emulator.api.url + "/zzz")
        """
    )
    result.assert_outcomes(passed=1)


def test_an_allowance_covers_only_its_globs(inner: Inner) -> None:
    result = inner.run(
        """
        @pytest.mark.emulator(allow_violations=["create*"])
        def test_it(emulator):
            call(emulator.secoda, params={"colour": "blue"})
        """
    )
    result.assert_outcomes(failed=1)


def test_markers_add_up_and_the_nearest_wins(inner: Inner) -> None:
    result = inner.run(
        """
        @pytest.mark.emulator(seed=3, scenarios=["secoda/outage"], clock="2030-01-01T00:00:00Z")
        class TestThem:
            @pytest.mark.emulator(scenarios=[], switches={"celigo.empty_list_status": 204})
            def test_it(self, emulator):
                assert emulator.seed == 3
                assert call(emulator.secoda).status_code == 200
                assert emulator.clock.now.year == 2030
                assert emulator.switches["celigo.empty_list_status"] == 204
        """
    )
    result.assert_outcomes(passed=1)


def test_strict_is_for_one_sandbox(inner: Inner) -> None:
    result = inner.run(
        """
        @pytest.mark.parametrize("status", [
            pytest.param(400, marks=pytest.mark.emulator(strict=True)),
            pytest.param(200, marks=pytest.mark.emulator(strict=False)),
        ])
        @pytest.mark.emulator(allow_violations=True)
        def test_it(emulator, status):
            assert call(emulator.secoda, params={"colour": "blue"}).status_code == status
        """
    )
    result.assert_outcomes(passed=2)


def test_ini_options_hold_for_all_tests(inner: Inner) -> None:
    folder = inner.pytester.mkdir("world") / "celigo"
    folder.mkdir()
    (folder / "scripts.yaml").write_text("records: []\n")
    inner.pytester.makeini(
        f"""{INI}
emulator_scenarios =
    secoda/outage
emulator_seed = 5
emulator_clock = 2030-01-01T00:00:00Z
emulator_switches =
    celigo.empty_list_status=204
    secoda.bad_rows=refused
emulator_fixtures = {folder.parent}
emulator_strict = true
emulator_allow_unmatched = true
emulator_allow_violations = true
"""
    )
    result = inner.run(
        """
        def test_it(emulator):
            assert emulator.seed == 5
            assert emulator.clock.now.year == 2030
            switches = emulator.switches
            assert (switches["celigo.empty_list_status"], switches["secoda.bad_rows"]) == (204, "refused")
            assert len(emulator.state("celigo.scripts")) == 0
            assert call(emulator.secoda).status_code == 503
            assert call(emulator.secoda, "/nowhere").status_code == 404

        @pytest.mark.emulator(scenarios=())
        def test_other(emulator):
            assert call(emulator.secoda, params={"colour": "blue"}).status_code == 400
        """
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("mark", "sentence"),
    [
        (
            "scenario=['secoda/outage']",
            "Unknown argument 'scenario' of the marker emulator. Did you mean 'scenarios'?*",
        ),
        ("scenarios=['secoda/outrage']", "Unknown scenario 'secoda/outrage'. Did you mean 'secoda/outage', *"),
        ("switches={'celigo.colour': 1}", "Unknown switch 'celigo.colour'. *"),
        ("fixtures='nowhere'", "*nowhere is not a folder*"),
        ("seed=-1", "seed: *"),
        ("allow_default=3", "allow_default is 3: expected True, False or a list of globs."),
        ("'secoda/outage'", "The marker emulator takes keyword arguments: *"),
    ],
)
def test_invalid_marker_is_one_sentence(inner: Inner, mark: str, sentence: str) -> None:
    result = inner.run(f"@pytest.mark.emulator({mark})\ndef test_it(emulator): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([sentence])
    result.stdout.no_fnmatch_line("*During handling*")


@pytest.mark.parametrize("seed", ["-1", "one", "²", 5000 * "9"])
def test_invalid_seed_in_the_ini_file_is_one_sentence(seed: str) -> None:
    with pytest.raises(EmulatorError, match=r"^emulator_seed is '.+': expected a whole number\.$"):
        Suite(ini={"seed": seed}).wanted([])


def test_passed_test_leaves_nothing_of_its_sandbox_behind(inner: Inner) -> None:
    result = inner.run(
        """
        import gc
        from emulator.client import SandboxClient

        def test_one(emulator):
            call(emulator.secoda)
            emulator.name = "the first"

        def test_two():
            gc.collect()
            found = [one for one in gc.get_objects() if isinstance(one, SandboxClient)]
            assert "the first" not in [one.name for one in found]
        """
    )
    result.assert_outcomes(passed=2)


SENT = """
from emulator.client.api import Api

sent = []
send = Api.send

def recorded(self, method, path, *arguments, **options):
    sent.append(f"{method} {path or 'sandbox'}")
    return send(self, method, path, *arguments, **options)

Api.send = recorded

def pytest_runtest_setup():
    sent.clear()

def pytest_runtest_logfinish(nodeid):
    print(nodeid.rpartition("::")[2], "sent", ", ".join(sent))
"""


def test_one_request_ends_a_passed_test_of_a_shared_emulator(inner: Inner) -> None:
    inner.pytester.makeconftest(SENT)
    result = inner.run(
        """
        @pytest.fixture
        def later(emulator):
            yield
            assert call(emulator.secoda).status_code == 200

        def test_first(emulator): pass

        def test_alone(emulator): call(emulator.secoda)

        def test_unexpected(emulator): call(emulator.secoda, "/nope")

        def test_with_a_later_fixture(emulator, later): pass

        def test_with_a_dynamic_fixture(emulator, request): request.getfixturevalue("later")

        @pytest.fixture
        def hidden(request):
            emulator = request.getfixturevalue("emulator")
            yield
            assert call(emulator.secoda).status_code == 200

        def test_with_a_fixture_that_looks_it_up(hidden): pass

        def test_with_a_finalizer(emulator, request): request.addfinalizer(lambda: call(emulator.secoda))

        def test_failed(emulator): assert not call(emulator.secoda)
        """,
        "-s",
    )
    result.assert_outcomes(passed=6, failed=2)
    sent = {name: listed.split(", ") for name, listed in re.findall(r"(test_\w+) sent (.*)", result.stdout.str())}
    assert sent["test_alone"] == sent["test_unexpected"] == ["POST /sandboxes", "DELETE ?journal=true"]
    others = ("a_later_fixture", "a_dynamic_fixture", "a_fixture_that_looks_it_up", "a_finalizer")
    for name in ("test_failed", *(f"test_with_{other}" for other in others)):
        assert sent[name][1].startswith("GET /journal")
        assert sent[name][-1] == "DELETE ?journal=true"


def test_marker_is_declared(inner: Inner) -> None:
    result = inner.run("@pytest.mark.emulator(seed=1)\ndef test_it(emulator): pass", "--strict-markers")
    result.assert_outcomes(passed=1)


COVERED = """
def test_one(emulator):
    call(emulator.secoda)

@pytest.mark.emulator(scenarios=["secoda/rate-limited"])
def test_other(emulator):
    emulator.fault(vendor="celigo", operation="getTokenInfo", status=429)
    call(emulator.celigo, "/tokenInfo")
"""


def test_summary_shows_what_was_covered_and_what_was_not(inner: Inner) -> None:
    result = inner.run(COVERED)
    result.stdout.re_match_lines(
        [
            "-+ emulator: contract coverage -+",
            r"celigo: 1 of \d+ operations, 1 of \d+ documented statuses",
            r"  covered      getTokenInfo 429",
            r"  not covered  getTokenInfo 200",
            r"  never called listIntegrations, ",
            r"secoda: 1 of \d+ operations, 1 of \d+ documented statuses",
            r"  covered      listIntegrations 200",
            r"no operation called: immuta, paradime",
        ]
    )


def test_coverage_is_written_as_json(inner: Inner) -> None:
    inner.run(COVERED, "--emulator-coverage=coverage.json", "-q")
    document = json.loads((inner.pytester.path / "coverage.json").read_text())
    met = {one["vendor"]: {one["operation"]: one["covered"]} for one in document["operations"] if one["covered"]}
    assert met == {"celigo": {"getTokenInfo": {"429": 1}}, "secoda": {"listIntegrations": {"200": 1}}}
    assert document["covered"] == 2
    assert document["percent"] == round(200 / document["documented"], 2)


def test_coverage_is_shown_only_on_request(inner: Inner) -> None:
    result = inner.run(COVERED, "--emulator-coverage=none", "--emulator-coverage-fail-under=0.5")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*contract coverage*")
    assert not (inner.pytester.path / "none").exists()


SHARED = """
import httpx
from emulator.testing import emulator_fixture

emulator_module = emulator_fixture("module", seed=7, scenarios="celigo/outage", allow_unmatched=["/meant"])

def test_first(emulator_module):
    assert emulator_module.seed == 7
    assert call(emulator_module.celigo, "/integrations").status_code == 503
    call(emulator_module.secoda, "/meant")
    emulator_module.state("secoda.integrations").add(name="Mine")

def test_second_breaks_the_contract(emulator_module):
    call(emulator_module.secoda, "/nowhere")

def test_third_fails_by_itself(emulator_module):
    call(emulator_module.secoda, "/elsewhere")
    assert False

@pytest.fixture
def cleaned(emulator_module):
    yield
    call(emulator_module.secoda, "/in-teardown")

def test_fourth_is_not_blamed_for_them(emulator_module, emulator):
    assert emulator_module.name != emulator.name
    assert "Mine" in [one["name"] for one in emulator_module.state("secoda.integrations")]

def test_teardown(cleaned):
    pass

@pytest.mark.emulator(allow_unmatched=True)
def test_allowed_by_its_marker(emulator_module):
    call(emulator_module.secoda, "/nowhere")

def test_default(emulator_module):
    httpx.get(emulator_module.api.url + "/secoda/api/v1/integration/integrations")

def test_of_others():
    pass
"""


@pytest.mark.parametrize("is_remote", [False, True])
def test_shared_sandbox_is_judged_test_by_test(inner: Inner, is_remote: bool) -> None:
    inner.pytester.makepyfile(f"import pytest\nfrom calls import call\n{SHARED}")
    url = ("--emulator-url", inner.url) if is_remote else ()
    result = inner.pytester.runpytest_inprocess(*PLAIN, "-rA", "--emulator-log=all", *url)
    told = [line.partition("::")[2].partition(" ")[0] for line in result.outlines if line.startswith(("FAILED", "ERR"))]
    strays = [] if is_remote else ["test_default"]
    assert told == ["test_teardown", "test_second_breaks_the_contract", "test_third_fails_by_itself", *strays]
    lines = [line for line in result.outlines if "/elsewhere" in line and "(unmatched)" in line]
    assert len(lines) == 1
    met = [line for line in result.outlines if line.startswith("celigo: 1 of ")]
    assert len(met) == 1


def test_last_calls_in_a_shared_sandbox_are_told_even_after_a_failed_test(inner: Inner) -> None:
    result = inner.run(
        """
        from emulator.testing import emulator_fixture

        emulator_module = emulator_fixture("module")

        @pytest.fixture(scope="module")
        def post(emulator_module):
            yield
            call(emulator_module.secoda, "/in-post")

        def test_passes(post):
            pass

        def test_last_fails(emulator_module):
            call(emulator_module.secoda, "/in-test")
            assert False
        """,
        "--emulator-log=none",
    )
    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(["*GET /api/v1/in-post: no operation in *"])
    result.stdout.no_fnmatch_line("*GET /api/v1/in-test: no operation in *")


def test_marker_that_comes_too_late_for_a_shared_sandbox_is_refused(inner: Inner) -> None:
    result = inner.run(
        """
        from emulator.testing import emulator_fixture

        emulator_module = emulator_fixture("module")

        @pytest.mark.emulator(seed=9, strict=True, allow_unmatched=True)
        def test_late(emulator_module): pass

        @pytest.mark.emulator(seed=9)
        def test_of_its_own(emulator_module, emulator):
            assert emulator.seed == 9

        @pytest.mark.emulator(seed=9)
        def test_of_others(): pass

        @pytest.mark.emulator(allow_unmatched=True)
        def test_allows(emulator_module): pass
        """
    )
    result.assert_outcomes(passed=3, errors=1)
    told = "The sandbox of emulator_module starts before this test: give seed, strict to emulator_fixture(…), *"
    result.stdout.fnmatch_lines([told])


def test_options_of_a_shared_fixture_are_validated(inner: Inner) -> None:
    result = inner.run(
        """
        from emulator.testing import emulator_fixture

        emulator_class = emulator_fixture("class", allow_violations=["creat"])
        emulator_session = emulator_fixture("session", scenarios=["secoda/outrage"])

        def test_one(emulator_class): pass
        def test_other(emulator_session): pass
        """
    )
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["allow_violations: unknown operation 'creat'. *"])
    result.stdout.fnmatch_lines(["Unknown scenario 'secoda/outrage'. *"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ('"modul"', "Unknown scope 'modul'. Did you mean 'module'? Known scopes: class, module, package, session."),
        ('"class", sead=1', "Unknown argument 'sead' of emulator_fixture(). Did you mean 'seed'? Known arguments: *"),
    ],
    ids=["scope", "option"],
)
def test_a_shared_fixture_that_cannot_be_is_refused_at_its_line(inner: Inner, arguments: str, told: str) -> None:
    result = inner.run(f"from emulator.testing import emulator_fixture\nshared = emulator_fixture({arguments})\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*shared = emulator_fixture(*", f"E*{told}"])
    result.stdout.no_fnmatch_line("*def check_shared*")


def test_an_allowance_of_an_unknown_operation_is_refused(inner: Inner) -> None:
    result = inner.run(
        """
        from emulator.testing import emulator_fixture

        emulator_module = emulator_fixture("module")

        @pytest.mark.emulator(allow_violations=["drop*"])
        async def test_in_loop(emulator_in_loop):
            await emulator_in_loop()

        @pytest.mark.emulator(allow_violations=["createIntegratoin"])
        def test_own(emulator): pass

        @pytest.mark.emulator(allow_violations=["drop*"])
        def test_shared(emulator_module): pass

        @pytest.mark.emulator(allow_violations=["create*", "executeGraphql"])
        def test_known(emulator, emulator_module): pass
        """,
        *("-o", "asyncio_mode=auto"),
    )
    result.assert_outcomes(passed=1, errors=2, failed=1)
    nearest = "Did you mean 'createIntegration', 'getIntegration' or 'updateIntegration'?"
    result.stdout.fnmatch_lines([f"allow_violations: unknown operation 'createIntegratoin'. {nearest} *"])
    lines = [line for line in result.outlines if line.startswith("allow_violations: unknown operation 'drop*'.")]
    assert len(lines) == 2


MISSTEPS = """
@pytest.mark.emulator(allow_unmatched=["/meant"])
def test_it(emulator):
    call(emulator.secoda, "/meant")
    call(emulator.secoda, "/100%,a:b")
    call(emulator.secoda, params={"colour": "blue"})

def test_other(emulator):
    assert False
"""


def test_github_shows_each_unexpected_call_beside_its_test(inner: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(inner.pytester.path))
    annotations = [line for line in inner.run(MISSTEPS).outlines if line.startswith("::")]
    place = "::error file=test_github_shows_each_unexpected_call_beside_its_test.py,line=5::"
    assert len(annotations) == 2
    assert annotations[0].startswith(
        f"{place}GET /api/v1/100%25,a:b: no operation in contracts/secoda/openapi.yaml matches"
    )
    assert annotations[1].startswith(f"{place}GET /integration/integrations?colour=blue: additionalProperties at query")
    assert annotations[1].endswith("%0A    contracts/secoda/openapi.yaml, listIntegrations")
    monkeypatch.setenv("GITHUB_ACTIONS", "")
    assert not [line for line in inner.run(MISSTEPS).outlines if line.startswith("::")]


def test_place_of_an_annotation_is_escaped() -> None:
    told = annotation(Path("a,b:c%.py"), 3, "one\r\ntwo")
    assert told == "::error file=a%2Cb%3Ac%25.py,line=3::one%0D%0Atwo"


def test_failure_shows_the_users_code_only(inner: Inner) -> None:
    result = inner.run(
        """
        def test_verify(emulator):
            emulator.verify("listIntegrations", vendor="secoda")

        def test_refused(emulator):
            emulator.scenario("secoda/nothing")

        def test_attribute(emulator):
            emulator.sekoda.url

        def test_rights(emulator):
            emulator.secoda.credentials["owner"]
        """
    )
    result.assert_outcomes(failed=4)
    result.stdout.no_fnmatch_line("*emulator/client/*")
    result.stdout.no_fnmatch_line("*emulator/errors.py*")


def test_too_little_coverage_fails_the_run(inner: Inner) -> None:
    result = inner.run(COVERED, "--emulator-coverage-fail-under=90")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["FAIL: *% of the documented statuses of the called vendors were covered*-fail-under requires 90 %"]
    )


def test_enough_coverage_does_not(inner: Inner) -> None:
    assert inner.run(COVERED, "--emulator-coverage-fail-under=0.5").ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--emulator-coverage=nowhere/x.json", "nowhere is not a folder"),
        ("--emulator-coverage=.", "expected a file"),
        ("--emulator-coverage=", "expected a file"),
        ("--emulator-coverage-fail-under=101", "expected a percentage from 0 to 100"),
        ("--emulator-coverage-fail-under=-1", "expected a percentage from 0 to 100"),
        ("--emulator-coverage-fail-under=nan", "expected a percentage from 0 to 100"),
    ],
)
def test_option_that_could_only_fail_at_the_end_is_refused_at_the_start(
    inner: Inner, option: str, sentence: str
) -> None:
    result = inner.run("def test_it(): pass", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {option}: {sentence}" in result.errlines


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_coverage_that_cannot_be_written_fails_the_run_in_a_sentence(inner: Inner) -> None:
    result = inner.run("def test_it(): pass", "--emulator-coverage=/dev/full")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["FAIL: --emulator-coverage=/dev/full: no space left on device"])


def test_run_that_uses_nothing_has_covered_nothing(inner: Inner) -> None:
    result = inner.run("def test_it(): pass", "--emulator-coverage-fail-under=1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_workers_of_xdist_send_their_coverage_and_journals(inner: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    inner.pytester.makepyfile("import pytest\nfrom calls import call\n" + COVERED + "    assert False\n")
    plugins = ("-p", "xdist", "-p", "emulator.testing.pytest_plugin")
    url = ("--emulator-url", inner.url)
    result = inner.pytester.runpytest_subprocess(*plugins, *url, "-n", "2", "--emulator-coverage=coverage.json")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*emulator journal: *", "celigo: 1 of *", "secoda: 1 of *", "no operation called: immuta, *"]
    )
    assert json.loads((inner.pytester.path / "coverage.json").read_text())["covered"] == 2


def test_worker_of_xdist_reports_one_failure(inner: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    inner.pytester.makepyfile("from calls import call\n" + UNMATCHED)
    plugins = ("-p", "xdist", "-p", "emulator.testing.pytest_plugin")
    result = inner.pytester.runpytest_subprocess(*plugins, "--emulator-url", inner.url, "-n", "1")
    result.assert_outcomes(failed=2)


ASYNCHRONOUS = """
import asyncio
import httpx

async def get(vendor, path):
    async with httpx.AsyncClient(headers=dict(vendor.headers)) as client:
        return await client.get(vendor.url + path)
"""


def test_works_with_pytest_asyncio(inner: Inner) -> None:
    result = inner.run(
        f"""
{ASYNCHRONOUS}
pytestmark = pytest.mark.asyncio

async def test_passes(emulator):
    assert (await get(emulator.secoda, "/integration/integrations")).status_code == 200
    emulator.verify("listIntegrations", vendor="secoda", count=1)

async def test_breaks_the_contract(emulator):
    assert (await get(emulator.secoda, "/nowhere")).status_code == 404
        """
    )
    result.assert_outcomes(passed=1, failed=1)


def test_works_with_anyio(inner: Inner) -> None:
    inner.pytester.makeini("[pytest]\n")
    result = inner.run(
        f"""
{ASYNCHRONOUS}
pytestmark = pytest.mark.anyio

@pytest.fixture(params={BACKENDS})
def anyio_backend(request):
    return request.param

async def test_passes(emulator):
    assert (await get(emulator.secoda, "/integration/integrations")).status_code == 200
    emulator.verify("listIntegrations", vendor="secoda", count=1)
        """,
        "-p",
        "no:asyncio",
        "-p",
        "no:aiohttp",
    )
    result.assert_outcomes(passed=len(BACKENDS))


def test_works_with_pytest_aiohttp(inner: Inner) -> None:
    result = inner.run(
        """
import asyncio

import aiohttp

async def test_thread(emulator):
    async with aiohttp.ClientSession(headers=emulator.secoda.headers) as session:
        async with session.get(emulator.secoda.url + "/integration/integrations") as answer:
            assert answer.status == 200

@pytest.mark.emulator(scenarios=["celigo/outage"])
async def test_in_loop(emulator_in_loop, aiohttp_client):
    emulator = await emulator_in_loop()
    client = await aiohttp_client(emulator.server)
    path = emulator.celigo.url.removeprefix(emulator.url) + "/integrations"
    assert (await client.get(path, headers=emulator.celigo.headers)).status == 503
    await emulator.control("DELETE", "/scenarios/celigo/outage")
    assert (await client.get(path, headers=emulator.celigo.headers)).status == 200
    assert [exchange.status for exchange in emulator.exchanges()] == [503, 200]

async def test_in_loop_stubs_and_waits(emulator_in_loop):
    emulator = await emulator_in_loop()
    with pytest.raises(Exception, match="Calls block here: write await emulator.control"):
        emulator.celigo.stub("GET", "/tools", json=[])
    await emulator.control("POST", "/stubs", {"vendor": "celigo", "method": "GET", "path": "/tools", "json": []})
    expected = {"operation": "listIntegrations", "vendor": "celigo", "within": 60}
    verdict = asyncio.create_task(emulator.control("POST", "/journal/verify", expected))
    async with aiohttp.ClientSession(headers=emulator.celigo.headers) as session:
        async with session.get(emulator.celigo.url + "/tools") as answer:
            assert (answer.status, await answer.json()) == (200, [])
        assert not verdict.done()
        await session.get(emulator.celigo.url + "/integrations")
    assert (await verdict)["exchanges"] == [2]

async def test_in_loop_breaks_the_contract(emulator_in_loop):
    emulator = await emulator_in_loop()
    async with aiohttp.ClientSession(headers=emulator.celigo.headers) as session:
        async with session.get(emulator.celigo.url + "/nowhere") as answer:
            assert answer.status == 404
        """,
        "-o",
        "asyncio_mode=auto",
    )
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["  GET */nowhere: no operation in contracts/celigo/openapi.yaml matches; *"])
    result.stdout.re_match_lines([r"celigo: 1 of \d+ operations, 2 of "])


def test_samples_of_output_are_as_they_are_printed(emulator: EmulatorUnderTest) -> None:
    page = PAGE.read_text()
    coverage = ContractCoverage()
    with Client(emulator.root) as client:
        coverage.know(client.operations())
    for status in (200, 429):
        coverage.count("secoda", ["listIntegrations"], status)
    told, met, not_met, never, *_, silent = coverage.lines(1000, details=True)
    told = f"{told.rpartition(', ')[0]}, …"  # how many neighbours there are changes often
    shown = "".join(never.partition(", ")[:1]) + ", getIntegration, …"
    assert "\n".join(["```text", told, met, not_met, shown, silent, "```"]) in page
    assert ADVICE in page


def test_run_in_a_folder_above_leaves_out_the_emulators_own_tests(inner: Inner) -> None:
    clone = inner.pytester.mkdir("integration-emulator")
    shutil.copy(ROOT / "conftest.py", clone)
    (clone / "tests").mkdir()
    (clone / "tests" / "test_own.py").write_text("import not_installed_here")
    inner.run("def test_it(): pass").assert_outcomes(passed=1)


def test_examples_are_as_they_are_printed() -> None:
    printed = set(re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S))
    assert printed == {file.read_text() for file in EXAMPLES.glob("*.py")}


def test_examples_run(inner: Inner) -> None:
    for file in EXAMPLES.glob("*.py"):
        shutil.copy(file, inner.pytester.path / f"test_{file.name}")
    result = inner.pytester.runpytest_inprocess(*PLAIN, "-o", "asyncio_mode=auto")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*skipped*")


def test_call_in_progress_is_shown_and_neither_judged_nor_counted(inner: Inner) -> None:
    result = inner.run(
        """
        import socket
        from urllib.parse import urlsplit

        @pytest.fixture
        def waiting(emulator):
            emulator.fault(vendor="celigo", delay={"fixed": 3600})
            url = urlsplit(emulator.celigo.url + "/integrations?nonsense=1")
            headers = "".join(f"{name}: {value}\\r\\n" for name, value in emulator.celigo.headers.items())
            with socket.create_connection((url.hostname, url.port)) as connection:
                connection.sendall(f"GET {url.path}?{url.query} HTTP/1.1\\r\\nHost: a\\r\\n{headers}\\r\\n".encode())
                while not len(emulator.journal):
                    pass
                yield

        def test_it(emulator, waiting):
            assert [one.state for one in emulator.journal] == ["open"]
            assert False
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*GET /integrations[?]nonsense=1 -> in progress celigo listIntegrations *fault-1*"])
    result.stdout.no_fnmatch_line("*not in the contract*")
    result.stdout.no_fnmatch_line("*celigo: 1 of*")


def test_unmatched_call_leads_to_stubs_and_a_violation_does_not(inner: Inner) -> None:
    result = inner.run(
        """
        def test_unmatched(emulator):
            call(emulator.celigo, "/tools")

        def test_violation(emulator):
            call(emulator.celigo, "/integrations?nonsense=1")
        """
    )
    result.assert_outcomes(failed=2)
    told = [line for line in result.outlines if line.startswith("The client made calls")]
    advice = " A stub replies to calls that are not emulated: emulator.celigo.stub(…)."
    assert [line.endswith(advice) for line in told] == [True, False]


def test_stubbed_call_is_allowed_and_counted_separately(inner: Inner) -> None:
    result = inner.run(
        """
        import httpx

        def test_it(emulator):
            emulator.celigo.stub("GET", "/tools/{id}", json={"name": "Orders"})
            emulator.secoda.stub("GET", "/a", json=[])
            assert call(emulator.celigo, "/tools/a").json() == {"name": "Orders"}
            assert call(emulator.celigo, "/tools/b").status_code == 200
            assert call(emulator.secoda, "/a").json() == []

        def test_another(emulator):
            emulator.celigo.stub("GET", "/tools", json=[])
            call(emulator.celigo, "/tools")
            assert False
        """
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*GET /tools -> 200 celigo (stub GET /tools)",
            "no operation called: celigo, immuta, paradime, secoda",
            "stubbed: celigo GET /tools (1), celigo GET /tools/{id} (2), secoda GET /a (1)",
        ]
    )
    result.stdout.no_fnmatch_line("*no operation in*")


def test_coverage_of_stubs_is_merged() -> None:
    one, other = ContractCoverage(), ContractCoverage()
    for coverage in (one, other):
        coverage.count_stub("celigo", "GET /tools")
    one.merge(json.loads(json.dumps(other.document())))
    assert one.document()["stubs"] == [{"vendor": "celigo", "stub": "GET /tools", "calls": 2}]
