"""The conduct of the client in pytest: what fails a test, and what the summary shows."""

from __future__ import annotations

import pytest

from tests.inner_runs import PLAIN, Inner, inner

__all__ = ["inner"]

pytest_plugins = ["pytester"]

CLIENTS = """
    ALL = "/integration/integrations?page_size=100"
    THROTTLED = {"status": 429, "headers": {"Retry-After": "5"}}

    def impatient(emulator):
        emulator.fault(vendor="secoda", when={"times": 1}, reply=THROTTLED)
        statuses = [call(emulator.secoda, ALL).status_code for _ in range(2)]
        assert statuses == [429, 200]

    def lazy(emulator):
        assert call(emulator.secoda, "/integration/integrations?page_size=1").status_code == 200
"""
HARM = "*retry-after-ignored: secoda GET /integration/integrations was called again in exchange 2 before the 5 s of*"
TWO = """
    def test_impatient(emulator):
        impatient(emulator)

    def test_lazy(emulator):
        lazy(emulator)
"""


def test_summary_shows_findings_and_no_test_fails(inner: Inner) -> None:
    result = inner.run(CLIENTS + TWO)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*emulator: conduct of the client*",
            "1 finding does harm; --emulator-conduct=fail fails such tests",
            HARM,
            "*::test_impatient",
            "1 finding does no harm",
            "  pages-unread: secoda GET /integration/integrations: a page (page=2) that comes after exchange 1 was*",
            "*::test_lazy",
        ]
    )


def test_findings_that_do_harm_fail_their_test(inner: Inner) -> None:
    result = inner.run(CLIENTS + TWO, "--emulator-conduct=fail")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "The client did what does harm (in sandbox *); if it is intended*(allow_conduct=[[]*-ignored*[]]).",
            "  retry-after-ignored: GET /integration/integrations was called again in exchange 2 before*",
            "1 finding does harm",
            "1 finding does no harm",
        ]
    )


def test_nobody_looks_with_none(inner: Inner) -> None:
    result = inner.run(CLIENTS + TWO, "--emulator-conduct=none")
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*conduct*")


def test_well_behaved_client_has_no_section(inner: Inner) -> None:
    result = inner.run("def test_one(emulator): assert call(emulator.celigo, '/integrations').status_code == 200")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*conduct of the client*")


@pytest.mark.parametrize("allowed", ['["retry-after-ignored"]', '"retry-*"', "True"])
def test_marker_allows_a_finding(inner: Inner, allowed: str) -> None:
    marked = f"""
    @pytest.mark.emulator(allow_conduct={allowed})
    def test_impatient(emulator):
        impatient(emulator)
    """
    result = inner.run(CLIENTS + marked, "--emulator-conduct=fail")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*retry-after*")


def test_marker_with_another_rule_does_not_allow_it(inner: Inner) -> None:
    marked = """
    @pytest.mark.emulator(allow_conduct=["duplicate-write", "pages-*"])
    def test_impatient(emulator):
        impatient(emulator)
    """
    inner.run(CLIENTS + marked, "--emulator-conduct=fail").assert_outcomes(failed=1)


def test_unknown_rule_is_refused_with_the_nearest(inner: Inner) -> None:
    result = inner.run("@pytest.mark.emulator(allow_conduct=['retry-after'])\ndef test_one(emulator): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*nknown rule 'retry-after' in allow_conduct*retry-after-ignored*"])


def test_ini_file_decides_for_all_tests(inner: Inner) -> None:
    inner.pytester.makeini(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\nemulator_conduct = fail\n"
        "emulator_allow_conduct =\n    pages-unread\n"
    )
    result = inner.run(CLIENTS + TWO)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*pages-unread*")
    inner.run(CLIENTS + TWO, "--emulator-conduct=warn").assert_outcomes(passed=2)


def test_unknown_mode_in_the_ini_file_is_refused(inner: Inner) -> None:
    inner.pytester.makeini("[pytest]\nemulator_conduct = always\n")
    result = inner.run("def test_one(): pass")
    result.stderr.fnmatch_lines(["*emulator_conduct is 'always': expected fail or warn or none"])


def test_findings_of_a_failed_test_are_shown(inner: Inner) -> None:
    failing = """
    def test_impatient(emulator):
        impatient(emulator)
        assert 0, "for another reason"
    """
    result = inner.run(CLIENTS + failing, "--emulator-conduct=fail")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([HARM])
    result.stdout.no_fnmatch_line("The client did what does harm*")


def test_calls_of_a_fixtures_teardown_count(inner: Inner) -> None:
    late = """
    @pytest.fixture
    def late(emulator):
        yield
        impatient(emulator)

    def test_late(late):
        pass
    """
    inner.run(CLIENTS + late, "--emulator-conduct=fail").assert_outcomes(passed=1, errors=1)


def test_findings_like_each_other_are_one_line_unless_verbose(inner: Inner) -> None:
    many = """
    @pytest.mark.parametrize("number", range(5))
    def test_lazy(emulator, number):
        lazy(emulator)
    """
    result = inner.run(CLIENTS + many)
    result.stdout.fnmatch_lines(
        ["5 findings do no harm", "  pages-unread: *", "      *::test_lazy[[]0[]] (and 4 more like it)"]
    )
    assert str(result.stdout).count("pages-unread: ") == 1
    assert str(inner.run(CLIENTS + many, "-v").stdout).count("pages-unread: ") == 5


def test_tests_that_share_a_sandbox_have_their_own_findings(inner: Inner) -> None:
    shared = """
    from emulator.testing import emulator_fixture

    emulator_module = emulator_fixture("module")

    def test_first(emulator_module):
        emulator_module.fault(vendor="secoda", when={"times": 1}, reply=THROTTLED)
        assert call(emulator_module.secoda).status_code == 429

    def test_second(emulator_module):
        assert call(emulator_module.secoda, ALL).status_code == 200

    def test_third(emulator_module):
        impatient(emulator_module)
    """
    result = inner.run(CLIENTS + shared, "--emulator-conduct=fail")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*::test_third"])


def test_server_of_the_run_itself(inner: Inner) -> None:
    inner.pytester.makepyfile("import pytest\nfrom calls import call\n" + _dedented(CLIENTS + TWO))
    result = inner.pytester.runpytest_subprocess(*PLAIN, "--emulator-conduct=fail")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([HARM, "*pages-unread*"])


def test_workers_of_xdist_send_their_findings(inner: Inner) -> None:
    inner.pytester.makepyfile("import pytest\nfrom calls import call\n" + _dedented(CLIENTS + TWO))
    result = inner.pytester.runpytest_subprocess(*PLAIN, "-p", "xdist", "-n1", "--emulator-url", inner.url)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["1 finding does harm*", HARM, "*pages-unread*"])


def test_loop_of_the_test(inner: Inner) -> None:
    source = """
    import aiohttp

    async def test_one(emulator_in_loop):
        emulator = await emulator_in_loop()
        url = emulator.secoda.url + "/integration/integrations?page_size=1"
        async with aiohttp.ClientSession(headers=dict(emulator.secoda.headers)) as session, session.get(url) as reply:
            assert reply.status == 200
        assert [one.rule for one in emulator.conduct()] == ["pages-unread"]
    """
    result = inner.run(source, "-o", "asyncio_mode=auto")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  pages-unread: *"])


def _dedented(text: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in text.splitlines())
