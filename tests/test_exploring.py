"""`--emulator-explore`: a user's tests again under the faults that the contract allows. Known defects are found."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree

import httpx
import pytest
import requests  # noqa: F401 - imported once, as what follows: an inner run takes back what it imports
import trustme  # noqa: F401

import emulator.testing.exploring
import emulator.testing.suite  # noqa: F401
from emulator.client import Client
from emulator.testing import running
from tests.conftest import EmulatorUnderTest
from tests.inner_runs import PLAIN, Inner, inner

__all__ = ["inner"]

pytest_plugins = ["pytester"]

CLIENT = '''
import json
import time
import pytest
import requests


class ClientError(Exception):
    """What this client raises."""


class Sync:
    """A client of Celigo without a defect; each flag gives it one."""

    def __init__(self, celigo, repeats_writes=False, retries=True, trusts_json=False, leaves_halves=False, waits=1):
        self.celigo, self.retries, self.waits = celigo, retries, waits
        self.repeats_writes, self.trusts_json, self.leaves_halves = repeats_writes, trusts_json, leaves_halves

    def send(self, method, path, body=None):
        """Return the reply; None without one, or for a 5xx to a POST: nobody knows whether the vendor has done it."""
        for attempt in range(4):
            try:
                url, headers = self.celigo.url + path, self.celigo.headers
                reply = requests.request(method, url, headers=headers, json=body, timeout=60)
            except requests.RequestException:
                if method == "GET" or self.repeats_writes:
                    continue
                return None
            if reply.status_code >= 500 and method == "POST" and not self.repeats_writes:
                return None
            if reply.status_code not in (429, 503) or not self.retries:
                return reply
            time.sleep(self.waits)
        raise ClientError(f"{method} {path}: gave up")

    def read(self, reply):
        if reply.status_code >= 400:
            raise ClientError(f"{reply.status_code}")
        try:
            return json.loads(reply.text)
        except ValueError:
            if self.trusts_json:
                raise
            raise ClientError("no JSON") from None

    def is_cut(self, reply):
        return not self.trusts_json and not reply.text.endswith("}")

    def names(self):
        return [one["name"] for one in self.read(self.send("GET", "/integrations"))]

    def create(self, name):
        reply = self.send("POST", "/integrations", {"name": name})
        if reply is not None and not (reply.status_code == 201 and self.is_cut(reply)):
            return self.read(reply)
        for one in self.read(self.send("GET", "/integrations")):
            if one["name"] == name:
                return one
        raise ClientError("nobody knows")

    def create_two(self):
        first = self.create("first")
        try:
            self.create("second")
        except ClientError:
            if not self.leaves_halves:
                for attempt in range(2):
                    self.send("DELETE", f"/integrations/{first['_id']}")
            raise
'''


def explored(inner: Inner, source: str, *arguments: str) -> pytest.RunResult:
    """Run tests that have `Sync(emulator.celigo, …)`."""
    return inner.run(CLIENT + dedent(source), "--emulator-explore=600", "-rA", *arguments)


def findings(result: pytest.RunResult) -> list[str]:
    """Return what the summary says was found."""
    start = next(place for place, line in enumerate(result.outlines) if "emulator: explored" in line)
    return [line.strip() for line in result.outlines[start:] if line.startswith("  ") and " when " in line]


NAMES = """
    def test_names(emulator):
        with emulator.exploring.errors(ClientError, survives=[429, 503, "lost", "slow"]):
            assert Sync(emulator.celigo{flag}).names()
"""
CREATE = """
    def test_create(emulator):
        client = Sync(emulator.celigo{flag})
        with emulator.exploring.errors(ClientError):
            client.create("Sales")
        emulator.exploring.all_or_nothing({{"celigo.integrations": 1}})
"""
TWICE = "createIntegration was done more than once: duplicates in celigo.integrations"


def test_nothing_is_found_about_a_good_client(inner: Inner) -> None:
    result = explored(inner, NAMES.format(flag=""))
    result.assert_outcomes(passed=2)
    assert findings(result) == []
    result.stdout.fnmatch_lines(["1 test explored", "*: * of * single faults, * pairs", "PASSED *[[]explored[]]"])


@pytest.mark.parametrize(
    ("source", "flag", "problems"),
    [
        (NAMES, ", retries=False", {"the client gave up: ClientError: 429", "the client gave up: ClientError: 503"}),
        (NAMES, ", trusts_json=True", {"JSONDecodeError: Expecting value: line 1 column 16 (char 15) (in read)"}),
        (CREATE, ", repeats_writes=True", {"half-written: 2 in celigo.integrations, not 1 in celigo.integrations"}),
    ],
    ids=["no retry", "crash", "duplicate"],
)
def test_exactly_the_defect_of_a_client_is_found(inner: Inner, source: str, flag: str, problems: set[str]) -> None:
    result = explored(inner, source.format(flag=flag))
    result.assert_outcomes(passed=1, failed=1)
    assert {one.partition(" when ")[0] for one in findings(result)} == problems


PLAIN_TESTS = """
    def test_create(emulator):
        Sync(emulator.celigo{flag}).create("Sales")

    def test_names(emulator):
        assert Sync(emulator.celigo{flag}).names()
"""


def test_a_test_that_says_nothing_is_explored_for_duplicates_and_crashes(inner: Inner) -> None:
    explored(inner, PLAIN_TESTS.format(flag="")).assert_outcomes(passed=4)
    result = explored(inner, PLAIN_TESTS.format(flag=", repeats_writes=True"))
    assert findings(result) == [f"{TWICE} when call 1 of createIntegration (celigo) gets no reply, but it is written"]
    result = explored(inner, PLAIN_TESTS.format(flag=", trusts_json=True"))
    assert [one.rpartition(" when ")[2] for one in findings(result)] == [
        "call 1 of createIntegration (celigo) gets JSON that does not parse",
        "call 1 of listIntegrations (celigo) gets JSON that does not parse",
    ]


def test_sample_of_the_page_shows_what_the_page_says(inner: Inner) -> None:
    page = (Path(__file__).parent.parent / "docs" / "how-to" / "explore.md").read_text("utf-8")
    sample = next(one for one in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "attempts=3" in one)
    inner.pytester.makepyfile(test_once=sample.replace("attempts=3", "attempts=1"))
    result = inner.run(sample, "--emulator-explore=600")
    result.assert_outcomes(passed=3, failed=1)
    (found,) = findings(result)
    problem, _, faults = found.partition(" when ")
    assert f"{problem}\nwhen {faults}\nand under 14 other sets of faults" in page
    result.stdout.fnmatch_lines(["and under 14 other sets of faults"])


def test_duplicate_of_the_readme_is_found_in_the_test_that_passes(inner: Inner) -> None:
    sample = (Path(__file__).parent / "examples" / "readme" / "client.py").read_text("utf-8")
    result = inner.run(sample, "--emulator-explore=600", "-k", "test_integration_is_created and not once")
    result.assert_outcomes(passed=1, failed=1)
    (found,) = findings(result)
    assert found == (
        "createIntegration was done more than once: duplicates in secoda.integrations"
        " when call 1 of createIntegration (secoda) gets 500, but it is written"
    )
    (test,) = PASTED.findall(result.stdout.str())
    inner.run(f"{sample}\n\n{test}", "-k", "explored").assert_outcomes(failed=1)
    good = sample.replace("reply.status_code < 500", "True")
    inner.run(f"{good}\n\n{test}", "-k", "explored").assert_outcomes(passed=1)


def test_halves_are_found_where_the_test_says_that_there_are_none(inner: Inner) -> None:
    source = """
        def test_two(emulator):
            with emulator.exploring.errors(ClientError):
                Sync(emulator.celigo{flag}).create_two()
            emulator.exploring.all_or_nothing({{"celigo.integrations": 2}})
    """
    result = explored(inner, source.format(flag=", leaves_halves=True"))
    problem = "half-written: 1 in celigo.integrations, not 2 in celigo.integrations or 0 in celigo.integrations"
    assert {one.partition(" when ")[0] for one in findings(result)} == {problem}
    assert " when call 2 of createIntegration (celigo) gets 400" in findings(result)[0]


def test_waiting_takes_the_sandboxs_time_only(inner: Inner) -> None:
    result = explored(
        inner,
        """
        import asyncio

        def test_patient(emulator):
            with emulator.exploring.within(60), emulator.exploring.errors(ClientError):
                Sync(emulator.celigo, waits=3600).names()

        async def test_asynchronous(emulator):
            with emulator.exploring.within(60):
                reply = requests.get(emulator.celigo.url + "/integrations", headers=emulator.celigo.headers, timeout=60)
                if reply.status_code == 503:
                    await asyncio.sleep(7200)
        """,
        "-o",
        "asyncio_mode=auto",
    )
    late = [float(one.split()[2]) for one in findings(result) if " s of the sandbox's clock, more than 60 when " in one]
    assert [round(seconds, -2) for seconds in late] == [3600, 7200]


FIXTURES = """
    @pytest.fixture
    def client(emulator):
        return Sync(emulator.celigo{flag})

    @pytest.fixture
    def made(client):
        return client.create("Sales")

    def test_it(tmp_path, client, made):
        assert client.names()
"""

PASTED = re.compile(r"Paste this test:\n\n(.*?)(?=\n\n\S|\n[-=_]{10})", re.DOTALL)


@pytest.mark.parametrize(
    ("source", "flag"),
    [
        (NAMES, ", retries=False"),
        (NAMES, ", trusts_json=True"),
        (CREATE, ", repeats_writes=True"),
        (PLAIN_TESTS, ", repeats_writes=True"),
        (PLAIN_TESTS, ", trusts_json=True"),
        (FIXTURES, ", repeats_writes=True"),
        (FIXTURES, ", trusts_json=True"),
    ],
)
def test_each_test_to_paste_fails_until_the_client_is_good(inner: Inner, source: str, flag: str) -> None:
    text = explored(inner, source.format(flag=flag)).stdout.str()
    tests = [dedent(found) for found in PASTED.findall(text)]
    assert tests
    for client, outcome in ((flag, "failed"), ("", "passed")):
        beside = "\n\n".join([CLIENT + dedent(source.format(flag=client)), *tests])
        result = inner.run(beside, "-k", "explored")
        result.assert_outcomes(**{outcome: len(tests)})


def test_a_test_of_a_class_with_parameters_fixtures_and_options_can_be_pasted(inner: Inner) -> None:
    source = """
        @pytest.fixture
        def client(emulator):
            return Sync(emulator.celigo, repeats_writes=True)

        class TestSync:
            @pytest.mark.emulator(seed=7)
            @pytest.mark.parametrize("name", ["Sales", "Log"])
            def test_create(self, client, name):
                client.create(name)
    """
    text = explored(inner, source).stdout.str()
    pasted = PASTED.findall(text)
    assert ["def test_create_0_explored(self, emulator, request):" in one for one in pasted] == [True, False]
    assert all("seed=7," in one for one in pasted)
    beside = "\n\n".join([CLIENT + dedent(source), *pasted])
    inner.run(beside, "-k", "explored").assert_outcomes(failed=2)


def test_conduct_that_does_harm_is_found_under_faults_too(inner: Inner) -> None:
    result = explored(inner, NAMES.format(flag=", waits=0"), "--emulator-conduct=fail")
    (found,) = findings(result)
    assert found.startswith("retry-after-ignored: GET /integrations was called again in exchange 2 before the ")
    tests = [dedent(one) for one in PASTED.findall(result.stdout.str())]
    for client, outcome in ((", waits=0", "failed"), (", waits=60", "passed")):
        beside = "\n\n".join([CLIENT + dedent(NAMES.format(flag=client)), *tests])
        inner.run(beside, "-k", "explored", "--emulator-conduct=fail").assert_outcomes(**{outcome: 1})


def test_asynchronous_tests_and_unittest_classes_are_explored(inner: Inner) -> None:
    source = """
        @pytest.mark.asyncio
        async def test_it(emulator):
            Sync(emulator.celigo, trusts_json=True).names()

        import unittest

        class TestOld(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _emulator(self, emulator):
                self.emulator = emulator

            def test_crash(self):
                Sync(self.emulator.celigo{json}).names()

            def test_twice(self):
                Sync(self.emulator.celigo{twice}).create("Sales")
    """
    bad = dedent(source.format(json=", trusts_json=True", twice=", repeats_writes=True"))
    result = explored(inner, bad)
    result.assert_outcomes(passed=3, failed=3)
    new, *old = PASTED.findall(result.stdout.str())
    for tests, outcome in ((bad, "failed"), (dedent(source.format(json="", twice="")), "passed")):
        beside = "\n\n".join([CLIENT + tests, *old])
        inner.run(beside, "-k", "test_crash_explored or test_twice_explored").assert_outcomes(**{outcome: 2})
    assert new.startswith("@pytest.mark.asyncio\n")
    assert "    async def" not in new
    assert "        await test_it(emulator=emulator)" in new


def test_calls_of_fixtures_are_explored_and_only_a_crash_below_fixture_or_test_is_found(inner: Inner) -> None:
    result = explored(
        inner,
        """
        @pytest.fixture
        def names(emulator):
            return Sync(emulator.celigo, trusts_json=True).names()

        def test_it(names):
            assert names

        @pytest.fixture
        def inline(emulator):
            url, headers = emulator.celigo.url + "/integrations", emulator.celigo.headers
            return requests.get(url, headers=headers, timeout=60).json()[0]["_id"]

        def test_inline(inline, emulator):
            url, headers = emulator.celigo.url + "/flows", emulator.celigo.headers
            assert requests.get(url, headers=headers, timeout=60).json()[0]["_id"]
        """,
    )
    result.assert_outcomes(passed=3, failed=1)
    assert findings(result) == [
        "JSONDecodeError: Expecting value: line 1 column 16 (char 15) (in read)"
        " when call 1 of listIntegrations (celigo) gets JSON that does not parse"
    ]


def test_a_client_of_graphql_that_ignores_errors_is_found(inner: Inner) -> None:
    result = explored(
        inner,
        """
        def test_it(emulator):
            query = {"query": "{ listCustomIntegrations { integrations { uid } } }"}
            with emulator.exploring.errors(ClientError):
                try:
                    url, headers = emulator.paradime.url, emulator.paradime.headers
                    reply = requests.post(url, headers=headers, json=query, timeout=60)
                    answer = reply.json()
                except requests.RequestException:
                    raise ClientError
                if reply.status_code != 200:
                    raise ClientError
                assert answer["data"]["listCustomIntegrations"]["integrations"]
        """,
    )
    found = {one.rpartition(" (paradime) ")[2] for one in findings(result)}
    assert found == {"gets errors"}


def test_what_is_not_explored_is_named(inner: Inner) -> None:
    result = explored(
        inner,
        """
        def test_fails(emulator):
            Sync(emulator.celigo).names()
            assert 0

        def test_skips(emulator):
            pytest.skip("later")

        @pytest.fixture
        def broken(emulator):
            yield
            assert 0

        def test_with_a_broken_fixture(broken, emulator):
            Sync(emulator.celigo).names()

        def test_without_calls(emulator):
            assert not emulator.exploring

        def test_that_drops_it(emulator):
            emulator.drop()

        def test_without_an_emulator():
            pass

        from emulator.testing import emulator_fixture

        shared = emulator_fixture("module")

        def test_that_shares(shared):
            Sync(shared.celigo).names()

        @pytest.mark.asyncio
        async def test_in_the_loop(emulator_in_loop):
            await emulator_in_loop()
        """,
    )
    result.assert_outcomes(passed=6, failed=1, skipped=1, errors=1)
    fails, shares = "it does not pass as it is", "only the fixture `emulator` gives each run a sandbox"
    told = [line.partition("::")[2] for line in result.outlines if " was not explored: " in line]
    assert told == [
        f"test_fails was not explored: {fails}",
        f"test_skips was not explored: {fails}",
        f"test_with_a_broken_fixture was not explored: {fails}",
        f"test_that_shares was not explored: {shares}",
        f"test_in_the_loop was not explored: {shares}",
    ]
    result.stdout.fnmatch_lines(["0 tests explored"])


def test_silent_runs_say_nothing_cover_nothing_and_know_that_they_are_explored(inner: Inner) -> None:
    result = explored(
        inner,
        """
        runs = []

        def test_it(emulator):
            runs.append(bool(emulator.exploring))
            print("said once")
            requests.get(emulator.celigo.url + "/integrations", headers=emulator.celigo.headers, timeout=60)

        def test_runs():
            assert runs[0] is False and all(runs[1:]) and len(runs) > 8
        """,
        "--junitxml=report.xml",
    )
    result.assert_outcomes(passed=2, failed=1)
    assert result.outlines.count("said once") == 1
    result.stdout.fnmatch_lines(["  covered      listIntegrations 200"])
    report = ElementTree.parse(inner.pytester.path / "report.xml")
    assert [case.get("name") for case in report.iter("testcase")] == ["test_it", "test_it[explored]", "test_runs"]


def test_workers_of_xdist_explore_their_own_tests(inner: Inner) -> None:
    inner.pytester.makepyfile(CLIENT + dedent(NAMES.format(flag=", retries=False")))
    url = f"--emulator-url={inner.url}"
    result = inner.pytester.runpytest_subprocess(*PLAIN, url, "--emulator-explore=600", "-n1")
    result.assert_outcomes(passed=1, failed=1)
    assert len(findings(result)) == 2
    result.stdout.fnmatch_lines(["*::test_names: * single faults, *"])


def test_time_that_is_over_is_told(inner: Inner) -> None:
    result = explored(inner, NAMES.format(flag=""), "--emulator-explore=0.000001")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*::test_names: 0 of 10 single faults, no pairs"])


def test_an_emulator_in_this_process_is_explored_as_a_shared_one(inner: Inner) -> None:
    inner.pytester.makepyfile(CLIENT + dedent(NAMES.format(flag=", retries=False")))
    result = inner.pytester.runpytest_inprocess(*PLAIN, "--emulator-explore=600")
    result.assert_outcomes(passed=1, failed=1)
    assert len(findings(result)) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--emulator-explore=0",), "--emulator-explore=0: expected seconds above 0"),
        (("--emulator-explore=nan",), "--emulator-explore=nan: expected seconds above 0"),
        (
            ("--emulator-explore", "test_it.py"),
            "--emulator-explore=test_it.py: expected seconds above 0; before a path, write --emulator-explore=10",
        ),
        (("--emulator-explore", "--emulator-matrix"), "--emulator-explore and --emulator-matrix: give one of them"),
    ],
)
def test_wrong_options_are_refused(inner: Inner, arguments: tuple[str, ...], sentence: str) -> None:
    result = inner.run("def test_it(): pass", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert sentence in result.stderr.str()


# Faults from the start


FAULT = {"vendor": "celigo", "operation": "listIntegrations", "reply": {"status": 503}}


def test_faults_of_the_marker_are_armed_before_any_fixture_calls(inner: Inner) -> None:
    result = inner.run(
        f"""
        @pytest.fixture
        def status(emulator):
            return call(emulator.celigo, "/integrations").status_code

        @pytest.mark.emulator(faults=[{FAULT!r}])
        def test_it(status):
            assert status == 503

        @pytest.mark.emulator(faults=[{{**{FAULT!r}, "colour": "blue"}}])
        def test_refused(emulator):
            pass
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*unknown field 'colour'*"])


def test_running_arms_faults() -> None:
    with running(faults=[FAULT]) as emulator:
        assert httpx.get(emulator.celigo.url + "/integrations", headers=emulator.celigo.headers).status_code == 503


def test_an_emulator_in_the_loop_arms_faults(inner: Inner) -> None:
    result = inner.run(
        f"""
        import aiohttp

        @pytest.mark.emulator(faults=[{FAULT!r}])
        async def test_it(emulator_in_loop):
            celigo = (await emulator_in_loop()).celigo
            async with aiohttp.ClientSession(headers=celigo.headers) as session:
                assert (await session.get(celigo.url + "/integrations")).status == 503
        """,
        "-o",
        "asyncio_mode=auto",
    )
    result.assert_outcomes(passed=1)


# What a test says, without an option


def test_without_the_option_what_must_hold_is_asserted_of_the_run_as_it_is(emulator: EmulatorUnderTest) -> None:
    with Client(emulator.root) as client, client.create_sandbox() as sandbox:
        with pytest.raises(OSError, match="as always"), sandbox.exploring.errors(OSError):
            raise OSError("as always")
        with sandbox.exploring.within(60) as nothing:
            assert nothing is None
        sandbox.clock.freeze("2030-01-01T00:00:00Z")
        with pytest.raises(AssertionError, match=r"it took 61\.00 s of the"), sandbox.exploring.within(60):
            sandbox.clock.advance(61)
        sandbox.exploring.all_or_nothing({"celigo.integrations": 0})
        with pytest.raises(AssertionError, match="half-written: 0 in "):
            sandbox.exploring.all_or_nothing({"celigo.integrations": 1})
        sandbox.exploring.no_duplicates()
        for _ in range(2):
            httpx.post(sandbox.celigo.url + "/integrations", headers=sandbox.celigo.headers, json={"name": "Sales"})
        with pytest.raises(AssertionError, match=TWICE):
            sandbox.exploring.no_duplicates()
