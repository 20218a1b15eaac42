"""`--emulator-matrix`: a user's tests again for each other value of the switches that their calls read."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import dedent
from xml.etree import ElementTree

import httpx
import pytest
import requests  # noqa: F401 - imported once, as what follows: an inner run takes back what it imports
import trustme  # noqa: F401

import emulator.testing.matrix
import emulator.testing.suite  # noqa: F401
from emulator.client import Client, SandboxClient
from emulator.testing.matrix import Variant, variants
from tests.conftest import EmulatorUnderTest
from tests.inner_runs import PLAIN, Inner, inner

__all__ = ["inner"]

pytest_plugins = ["pytester"]

LIST = """
    def empty(emulator):
        for integration in emulator.state("celigo.integrations"):
            emulator.state("celigo.integrations").delete(integration["_id"])
        return call(emulator.celigo, "/integrations")
"""


def matrix(inner: Inner, source: str, *arguments: str) -> pytest.RunResult:
    """Run tests that have `empty(emulator)`: it lists the integrations of Celigo, of which there are none."""
    return inner.run(dedent(LIST) + dedent(source), "--emulator-matrix", "-rA", *arguments)


def outcomes(result: pytest.RunResult) -> list[str]:
    """Return the lines of the short summary, without the errors."""
    words = ("PASSED", "FAILED", "ERROR", "XFAIL", "XPASS")
    return sorted(line.partition(" - ")[0] for line in result.outlines if line.startswith(words))


def test_a_client_that_expects_a_body_breaks_with_204_and_with_nothing_else(inner: Inner) -> None:
    result = matrix(
        inner,
        """
        def test_good(emulator):
            reply = empty(emulator)
            assert (reply.json() if reply.content else []) == []

        def test_bad(emulator):
            assert empty(emulator).json() == []
        """,
    )
    file = f"{inner.name}.py"
    assert outcomes(result) == [
        f"FAILED {file}::test_bad[celigo.empty_list_status=204]",
        f"PASSED {file}::test_bad",
        f"PASSED {file}::test_bad[celigo.default_page_size=1000]",
        f"PASSED {file}::test_good",
        f"PASSED {file}::test_good[celigo.default_page_size=1000]",
        f"PASSED {file}::test_good[celigo.empty_list_status=204]",
    ]
    result.stdout.fnmatch_lines(
        [
            "*test_bad[[]celigo.empty_list_status=204[]]*",
            "*- emulator: switch matrix -*",
            "4 more runs of 2 tests, with other values of the switches that the calls have read",
            f"{file}::test_bad breaks with celigo.empty_list_status=204 (Whether an empty list gets 200 and *)",
        ]
    )


def test_a_client_that_reads_the_first_page_only_breaks_with_smaller_pages(inner: Inner) -> None:
    result = matrix(
        inner,
        """
        @pytest.fixture
        def integrations(emulator):
            found = emulator.state("secoda.integrations")
            for integration in found.list()[50:]:
                found.delete(integration["id"])
            return found

        def test_first_page(emulator, integrations):
            assert len(call(emulator.secoda).json()["results"]) == len(integrations) == 50
        """,
    )
    broken = [line.rpartition("=")[2] for line in outcomes(result) if line.startswith("FAILED")]
    assert broken == ["45]", "46]", "47]", "48]", "49]"]


@pytest.mark.parametrize(
    "decided",
    [
        '@pytest.mark.emulator(switches={"celigo.default_page_size": 1000})\ndef test_it(emulator):',
        '@pytest.mark.emulator(switches={"celigo.default_page_size": 100})\ndef test_it(emulator):',
        'def test_it(emulator):\n    emulator.switches["celigo.default_page_size"] = 1000',
    ],
    ids=["marker", "marker with the default", "test"],
)
def test_a_switch_that_is_decided_is_not_tried(inner: Inner, decided: str) -> None:
    result = matrix(inner, f"{decided}\n    assert not empty(emulator).content.strip(b'[]')\n")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["PASSED *::test_it[[]celigo.empty_list_status=204[]]"])


def test_a_switch_that_a_scenario_decides_is_not_tried(inner: Inner) -> None:
    marker = '@pytest.mark.emulator(scenarios=["celigo/empty-lists-204"])'
    matrix(inner, f"{marker}\ndef test_it(emulator):\n    empty(emulator)\n").assert_outcomes(passed=1)


def test_every_run_keeps_what_the_ini_file_decides(inner: Inner) -> None:
    switches = "emulator_switches=celigo.default_page_size=1000"
    source = (
        "def test_it(emulator):\n    empty(emulator)\n    assert emulator.switches['celigo.default_page_size'] == 1000"
    )
    matrix(inner, source, "-o", switches).assert_outcomes(passed=2)


def test_each_run_has_fixtures_of_its_own_and_those_of_wider_scopes_stay(inner: Inner) -> None:
    result = matrix(
        inner,
        """
        made = []

        @pytest.fixture(scope="module")
        def wide():
            made.append("module")
            yield
            made.append("end of module")

        @pytest.fixture
        def narrow(wide):
            made.append("function")
            yield
            made.append("end of function")

        class TestIt:
            def test_one(self, emulator, narrow, wide, request):
                assert not hasattr(self, "seen")
                self.seen = emulator.name
                request.node.user_properties.append(("sandbox", emulator.name))
                print("said once")
                empty(emulator)

            def test_two(self):
                assert made == ["module", *["function", "end of function"] * 3], made

        @pytest.fixture(scope="session", autouse=True)
        def last():
            yield
            assert made[-1] == "end of module"
        """,
        "--junitxml=report.xml",
    )
    result.assert_outcomes(passed=4)
    report = ElementTree.parse(inner.pytester.path / "report.xml")
    runs = [case for case in report.iter("testcase") if str(case.get("name")).startswith("test_one")]
    assert [case.get("name") for case in runs] == [
        "test_one",
        "test_one[celigo.empty_list_status=204]",
        "test_one[celigo.default_page_size=1000]",
    ]
    own = [case.findall("properties/property[@name='sandbox']") for case in runs]
    assert len({found.get("value") for properties in own for found in properties}) == 3
    assert all(len(properties) == 1 for properties in own)
    assert result.outlines.count("said once") == 3


def test_unittest_parametrized_and_asynchronous_tests_are_run_again(inner: Inner) -> None:
    result = matrix(
        inner,
        """
        import unittest

        class TestOld(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _emulator(self, emulator):
                self.emulator = emulator

            def test_it(self):
                self.assertFalse(hasattr(self, "seen"))
                self.seen = empty(self.emulator)

        @pytest.mark.parametrize("n", [1])
        async def test_it(emulator, n):
            empty(emulator)
        """,
        "-o",
        "asyncio_mode=auto",
    )
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["PASSED *::test_it[[]1-celigo.empty_list_status=204[]]"])


def test_a_test_that_does_not_pass_is_not_varied_and_the_summary_says_so(inner: Inner) -> None:
    result = matrix(
        inner,
        """
        def test_fails(emulator):
            empty(emulator)
            assert 0

        def test_skips(emulator):
            empty(emulator)
            pytest.skip("later")

        @pytest.mark.xfail
        def test_is_known(emulator):
            assert empty(emulator) is None

        def test_without_calls(emulator):
            pass

        def test_that_drops_it(emulator):
            emulator.drop()

        def test_without_an_emulator():
            assert 0
        """,
    )
    result.assert_outcomes(passed=2, failed=2, skipped=1, xfailed=1)
    file = f"{inner.name}.py"
    result.stdout.fnmatch_lines(
        [
            "0 more runs of 0 tests, *",
            f"{file}::test_fails was not varied: it does not pass as it is",
            f"{file}::test_skips was not varied: it does not pass as it is",
            f"{file}::test_is_known was not varied: it does not pass as it is",
            "*contract coverage*",
        ],
        consecutive=True,
    )


def test_a_shared_sandbox_is_not_varied(inner: Inner) -> None:
    result = matrix(
        inner,
        """
        from emulator.testing import emulator_fixture

        shared = emulator_fixture("module")

        def test_it(shared):
            empty(shared)
        """,
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*::test_it was not varied: only the fixture `emulator` gives each run a sandbox"])


def test_the_first_failure_ends_the_run_if_that_is_wanted(inner: Inner) -> None:
    result = matrix(inner, "def test_it(emulator):\n    empty(emulator).json()\n\ndef test_two(): pass", "-x")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*stopping after 1 failures*"])


def test_what_goes_wrong_in_a_wider_fixture_at_the_end_is_an_error_of_the_test(inner: Inner) -> None:
    result = matrix(
        inner,
        """
        @pytest.fixture(scope="module")
        def wide():
            yield
            assert 0

        def test_it(emulator, wide):
            empty(emulator)
        """,
    )
    result.assert_outcomes(passed=3, errors=1)


def test_workers_of_xdist_vary_their_own_tests(inner: Inner) -> None:
    inner.pytester.makepyfile(
        f"from calls import call\n{dedent(LIST)}\ndef test_it(emulator):\n    assert empty(emulator).json() == []"
    )
    url = f"--emulator-url={inner.url}"
    result = inner.pytester.runpytest_subprocess(*PLAIN, url, "--emulator-matrix", "-n1", "-v")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*FAILED*::test_it[[]celigo.empty_list_status=204[]]*",
            "2 more runs of 1 test, *",
            "*::test_it breaks with celigo.empty_list_status=204 *",
        ]
    )
    result.stdout.no_fnmatch_line("*[12]?? *%[]]*")


def test_without_the_option_nothing_is_run_again(inner: Inner) -> None:
    result = inner.run("def test_it(emulator):\n    call(emulator.celigo, '/integrations')")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*switch matrix*")


ASSUMPTION = {"switch": "acme.mode", "default": "a", "choices": ["b", "a", "c"], "decides": "The mode."}


def test_variants_are_the_values_that_a_switch_does_not_have() -> None:
    found = list(variants([ASSUMPTION, {**ASSUMPTION, "switch": "acme.unread"}], {"acme.mode": "a"}, {}))
    assert found == [Variant("acme.mode", "b", "The mode."), Variant("acme.mode", "c", "The mode.")]
    assert [str(one) for one in found] == ["acme.mode=b", "acme.mode=c"]
    assert str(Variant("acme.on", True, "")) == "acme.on=true"


# Which switches calls have read


@pytest.fixture
def sandbox(emulator: EmulatorUnderTest) -> Iterator[SandboxClient]:
    with Client(emulator.root) as client, client.create_sandbox() as made:
        yield made


def call(sandbox: SandboxClient, vendor: str, path: str, **headers: str) -> None:
    access = sandbox.vendors[vendor]
    httpx.get(access.url + path, headers={**access.headers, **headers})


def ask(sandbox: SandboxClient, query: str) -> None:
    httpx.post(sandbox.paradime.url, headers=sandbox.paradime.headers, json={"query": query})


LIST_SWITCHES = {"celigo.default_page_size": 100}
FLOWS = "/integrations/5fc5e0e66cfe5b44bb95de70/flows"
FOR_ONE_CALL = {"X-Emulator-Scenario": "empty-lists-204"}


def test_switches_that_calls_have_read_are_listed_until_the_sandbox_is_dropped(sandbox: SandboxClient) -> None:
    assert sandbox.switches.read() == {}
    call(sandbox, "celigo", FLOWS)
    call(sandbox, "celigo", FLOWS)
    sandbox.switches["celigo.default_page_size"] = 1000
    assert sandbox.switches.read() == {"celigo.default_page_size": 1000}
    sandbox.reset()
    assert sandbox.switches.read() == LIST_SWITCHES
    assert len(sandbox.request("GET", "/switches?read=false")) == len(sandbox.switches) > len(LIST_SWITCHES)


def test_turning_a_scenario_on_and_off_and_asking_for_a_switch_reads_none(sandbox: SandboxClient) -> None:
    with sandbox.scenario("celigo/empty-lists-204"):
        assert sandbox.switches["celigo.empty_list_status"] == 204
    assert sandbox.switches["celigo.empty_list_status"] == 200
    assert sandbox.switches.read() == {}


def test_a_refused_call_has_read_what_decides_the_refusal(sandbox: SandboxClient) -> None:
    call(sandbox, "celigo", "/integrations", Authorization="Bearer wrong")
    assert sandbox.switches.read() == {"celigo.auth_error_body": "errors"}


def test_a_scenario_for_one_call_hides_only_what_it_decides(sandbox: SandboxClient) -> None:
    call(sandbox, "celigo", FLOWS, **FOR_ONE_CALL)
    assert sandbox.switches.read() == {"celigo.default_page_size": 100}


def test_an_alias_of_a_type_is_decided_for_documents_that_name_it_only(sandbox: SandboxClient) -> None:
    ask(sandbox, "{ listCustomIntegrations { ok } }")
    assert sandbox.switches.read() == {}
    ask(sandbox, "{ listCustomIntegrations { ok } } # not NodeTypeInput")
    assert sandbox.switches.read() == {"paradime.docs_type_names": True}
