"""The contract coverage of a run joined with evidence: as files, in JUnit's properties, and by level."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from emulator.testing.coverage import ContractCoverage
from emulator.testing.coverage_files import FORMS
from tests.conftest import EmulatorUnderTest
from tests.inner_runs import PLAIN, Inner, inner

__all__ = ["inner"]

pytest_plugins = ["pytester"]

TESTS = """
    def test_list(emulator):
        assert call(emulator.secoda).status_code == 200

    def test_forbidden(emulator):
        emulator.fault(vendor="secoda", operation="listIntegrations", status=403)
        assert call(emulator.secoda).status_code == 403

    def test_list_again(emulator):
        assert call(emulator.secoda).status_code == 200
"""
LEVELS = ("documented", "observed", "inferred", "assumed")


def files(inner: Inner, *names: str) -> list[str]:
    """Return what a run writes to files of these names."""
    inner.run(TESTS, *(f"--emulator-coverage={name}" for name in names)).assert_outcomes(passed=3)
    return [(inner.pytester.path / name).read_text("utf-8") for name in names]


def test_json_says_on_what_each_status_rests_and_which_tests_met_it(inner: Inner) -> None:
    document = json.loads(files(inner, "coverage.json")[0])
    (listed,) = [one for one in document["operations"] if one["vendor"] == "secoda" and one["covered"]]
    assert listed["covered"] == {"200": 2, "403": 1}
    assert listed["evidence"]["level"] == "documented"
    tests = {status: [test.rpartition("::")[2] for test in tests] for status, tests in listed["tests"].items()}
    assert tests == {"200": ["test_list", "test_list_again"], "403": ["test_forbidden"]}
    assert set(document["levels"]) == set(LEVELS)
    assert sum(level["covered"] for level in document["levels"].values()) == 2


def test_each_suffix_has_its_form(inner: Inner) -> None:
    written = files(inner, *(f"coverage{suffix}" for suffix in FORMS), "coverage")
    ctrf, document, page, junit, text, plain = written
    assert json.loads(plain) == json.loads(document)
    results = json.loads(ctrf)["results"]
    passed = [one["name"] for one in results["tests"] if one["status"] == "passed"]
    assert passed == ["secoda listIntegrations 200", "secoda listIntegrations 403"]
    assert results["summary"]["tests"] == len(results["tests"]) == results["summary"]["skipped"] + 2
    cases = ElementTree.fromstring(junit).findall("testcase")
    assert [case.get("name") for case in cases if case.find("skipped") is None] == [
        "listIntegrations 200",
        "listIntegrations 403",
    ]
    assert all(case.find("properties/property[@name='evidence']") is not None for case in cases)
    assert "secoda listIntegrations 200: documented, 2 calls" in text
    assert page.startswith("<!doctype html>")


class Text(HTMLParser):
    """Collects the text of a page, and what it loads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loaded: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_page_needs_no_other_file(inner: Inner) -> None:
    (page,) = files(inner, "coverage.html")
    read = Text(page)
    text = " ".join(read.text)
    assert read.loaded == []
    assert "url(" not in page
    assert "Secoda documentation, Integrations, List Integrations" in text
    assert "Tests that rest on assumed replies" not in text


def test_names_of_tests_are_text_in_each_form(inner: Inner) -> None:
    source = """
    @pytest.mark.parametrize("name", ["<b>&\\x07", "ü\\u2028"])
    def test_it(emulator, name):
        call(emulator.secoda)
    """
    inner.run(source, "--emulator-coverage=c.html", "--emulator-coverage=c.xml").assert_outcomes(passed=2)
    assert "<b>" not in (inner.pytester.path / "c.html").read_text("utf-8")
    ElementTree.parse(inner.pytester.path / "c.xml")


def test_pytests_own_junit_file_says_on_what_a_test_rests(inner: Inner) -> None:
    inner.run(TESTS, "--junitxml=junit.xml")
    cases = ElementTree.parse(inner.pytester.path / "junit.xml").getroot().iter("testcase")
    rests = {
        case.get("name"): [one.get("value") for one in case.iter("property") if one.get("name") == "emulator_evidence"]
        for case in cases
    }
    assert rests["test_list"] == ["documented: secoda listIntegrations 200"]
    (forbidden,) = rests["test_forbidden"]
    assert forbidden is not None
    assert forbidden.partition(": ")[0] in LEVELS
    assert forbidden.endswith(": secoda listIntegrations 403")


def test_summary_counts_by_evidence(inner: Inner) -> None:
    result = inner.run(TESTS)
    result.stdout.re_match_lines(
        [r"by evidence: \d+ of \d+ documented, \d+ of \d+ observed, \d+ of \d+ inferred, \d+ of \d+ assumed statuses"]
    )


ASSUMED = """
    def test_throttled(emulator):
        emulator.fault(vendor="immuta", operation="getDictionary", status=429)
        assert call(emulator.immuta, "/dictionary/1").status_code == 429
"""


def test_tests_that_rest_on_assumptions_are_counted_and_listed(inner: Inner) -> None:
    result = inner.run(ASSUMED, "--emulator-coverage=coverage.txt", "--emulator-coverage=coverage.html")
    result.stdout.fnmatch_lines(["1 test rests on assumed replies; --emulator-coverage=FILE.html lists them"])
    assert "::test_throttled" in (inner.pytester.path / "coverage.txt").read_text("utf-8")
    text = " ".join(Text((inner.pytester.path / "coverage.html").read_text("utf-8")).text)
    listed = text.partition("Tests that rest on assumed replies")[2]
    assert "::test_throttled immuta getDictionary 429" in listed


@pytest.mark.parametrize(
    ("wanted", "fails"),
    [(["documented=0.5"], False), (["documented=0.5", "assumed=90"], True), (["inferred=0"], False), (["99"], True)],
)
def test_run_fails_for_too_little_of_a_level(inner: Inner, wanted: list[str], fails: bool) -> None:
    result = inner.run(TESTS, *(f"--emulator-coverage-fail-under={one}" for one in wanted))
    assert (result.ret == pytest.ExitCode.TESTS_FAILED) is fails
    if fails:
        level = wanted[-1].rpartition("=")[0] or "documented"
        result.stdout.fnmatch_lines([f"FAIL: * % of the {level} statuses of the called vendors were covered;*"])


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--emulator-coverage=coverage.pdf", "unknown suffix '.pdf'*.html*"),
        ("--emulator-coverage-fail-under=observd=3", "unknown level 'observd'. Did you mean 'observed'?*"),
        ("--emulator-coverage-fail-under=much", "expected a percentage from 0 to 100"),
    ],
)
def test_mistakes_in_the_options_are_refused_at_the_start(inner: Inner, option: str, sentence: str) -> None:
    result = inner.run("def test_it(): pass", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {option}: {sentence}"])


def test_workers_of_xdist_send_their_tests(inner: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    source = "import pytest\nfrom calls import call\n" + "\n".join(line[4:] for line in TESTS.splitlines())
    inner.pytester.makepyfile(source)
    plugins = ("-p", "xdist", "-p", "emulator.testing.pytest_plugin")
    result = inner.pytester.runpytest_subprocess(
        *plugins, "--emulator-url", inner.url, "-n", "2", "--emulator-coverage=coverage.json"
    )
    result.assert_outcomes(passed=3)
    document = json.loads(Path(inner.pytester.path, "coverage.json").read_text("utf-8"))
    (listed,) = [one for one in document["operations"] if one["covered"]]
    assert {status: len(tests) for status, tests in listed["tests"].items()} == {"200": 2, "403": 1}


GRAPHQL = """
    QUERY = "{ one: listCustomIntegrations { integrations { uid name } } }"
    ADD = 'mutation { addCustomIntegration(name: "Mine", nodeTypes: []) { ok } }'

    def ask(emulator, query):
        import httpx
        reply = httpx.post(emulator.paradime.url, headers=dict(emulator.paradime.headers), json={"query": query})
        assert "errors" not in reply.json()

    def test_list(emulator):
        ask(emulator, QUERY)

    def test_add(emulator):
        ask(emulator, ADD)
        ask(emulator, QUERY)
"""
MET = {
    "Query.listCustomIntegrations": 2,
    "ListCustomIntegrations.integrations": 2,
    "CustomIntegration.uid": 2,
    "CustomIntegration.name": 2,
    "Mutation.addCustomIntegration": 1,
    "AddCustomIntegration.ok": 1,
}


def dedented(source: str) -> str:
    return "import pytest\nfrom calls import call\n" + "\n".join(line[4:] for line in source.splitlines())


@pytest.mark.parametrize("where", ["shared", "own", "xdist"])
def test_graphql_fields_and_arguments_are_counted(inner: Inner, where: str) -> None:
    inner.pytester.makepyfile(dedented(GRAPHQL))
    url = ["--emulator-url", inner.url] if where != "own" else []
    workers = ["-p", "xdist", "-n", "2"] if where == "xdist" else []
    files = [f"--emulator-coverage=c{suffix}" for suffix in (".json", ".txt", ".html")]
    result = inner.pytester.runpytest_subprocess(*PLAIN, *url, *workers, *files)
    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines([r"GraphQL: 6 of \d+ fields, 2 of \d+ arguments"])
    fields = json.loads((inner.pytester.path / "c.json").read_text("utf-8"))["graphql_fields"]
    assert {f"{one['type']}.{one['field']}": one["calls"] for one in fields if one["calls"]} == MET
    (added,) = [one for one in fields if one["field"] == "addCustomIntegration"]
    assert added["arguments"] == {"logoUrl": 0, "name": 1, "nodeTypes": 1}
    text = (inner.pytester.path / "c.txt").read_text("utf-8")
    assert "paradime Mutation.addCustomIntegration(name, nodeTypes): documented, 1 call" in text
    assert "GraphQL type" in (inner.pytester.path / "c.html").read_text("utf-8")


def test_graphql_fields_in_the_loop_of_the_test(inner: Inner) -> None:
    source = """
    import aiohttp

    async def test_one(emulator_in_loop):
        emulator = await emulator_in_loop()
        body = {"query": "{ listCustomIntegrations { integrations { uid } } }"}
        async with (
            aiohttp.ClientSession(headers=dict(emulator.paradime.headers)) as session,
            session.post(emulator.paradime.url, json=body) as reply,
        ):
            assert reply.status == 200
    """
    result = inner.run(source, "-o", "asyncio_mode=auto")
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"GraphQL: 3 of \d+ fields, 0 of \d+ arguments"])


def test_field_without_evidence_of_its_own_has_that_of_the_best_known_root_field(emulator: EmulatorUnderTest) -> None:
    graphql = emulator.catalogue.contracts["paradime"].graphql
    assert graphql is not None
    assert graphql.level("Query", "listCustomIntegrations") == "documented"
    assert graphql.level("CustomIntegration", "uid") == "documented"
    assert graphql.level("AddCustomIntegrationNodes", "snapshotId") == "observed"
    assert graphql.level("ChartLikeAttributes", "createdAt") == "inferred"
    assert graphql.level("Nowhere", "nothing") == "assumed"


def test_vendor_with_an_invalid_query_only_has_no_operation_called() -> None:
    coverage = ContractCoverage()
    coverage.know([{"vendor": "acme", "operation": "things", "neighbour": False, "statuses": {"200": "documented"}}])
    field = {"vendor": "acme", "type": "Query", "field": "things", "evidence": "documented"}
    coverage.count("acme", [], 200)
    coverage.count_fields([{**field, "calls": 0, "arguments": {}}])
    assert [*coverage.lines(80, True), *coverage.evidence_lines()] == ["no operation called: acme"]
    coverage.count("acme", ["things"], 200)
    assert "GraphQL: 0 of 1 fields, 0 of 0 arguments" in coverage.evidence_lines()


def test_run_without_graphql_says_nothing_of_it(inner: Inner) -> None:
    result = inner.run(TESTS, "--emulator-coverage=c.json")
    result.stdout.no_fnmatch_line("GraphQL:*")
    assert json.loads((inner.pytester.path / "c.json").read_text("utf-8"))["graphql_fields"] == []
