"""The pytest plugin: the fixture `emulator` is a fresh sandbox for each test, without an import.

A run that does not use it does not import the emulator: `emulator.testing` imports its modules at their first use.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack

import pytest

from emulator import testing
from emulator.testing import command_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence

    from emulator.client import Changes, Client, SandboxClient
    from emulator.testing.in_loop import InLoopEmulator
    from emulator.testing.suite import Options, Suite, Wanted
    from emulator.testing.watching import Evidence, Watcher

MARK = (
    "emulator(scenarios=[...], seed=..., clock=..., fixtures=..., switches={...}, faults=[...], strict=...,"
    " allow_unmatched=..., allow_violations=..., allow_default=..., allow_conduct=...): how the sandbox of the fixture"
    " `emulator` starts, and which unexpected calls and findings of its client are allowed."
)
SECTION = "emulator journal"
CHANGES = "emulator changes"
SENT = "emulator_coverage"
MISSTEPS = "emulator_missteps"
EVIDENCE = "emulator_evidence"

_suite = pytest.StashKey["Suite"]()
_watched = pytest.StashKey["list[Evidence]"]()
_changes = pytest.StashKey["list[tuple[str, Callable[[], Changes]]]"]()
_passed = pytest.StashKey[bool]()
_end = pytest.StashKey["Callable[[], None] | None"]()
_own_end = pytest.StashKey["Callable[[], None] | None"]()
_missteps = pytest.StashKey[list[str]]()
_unmet = pytest.StashKey[list[str]]()
_shared = pytest.StashKey["list[tuple[str, Watcher, Mapping[str, Any]]]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    command_line.declare(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and refuse invalid options now instead of after all tests."""
    config.addinivalue_line("markers", MARK)
    if any(wanted := command_line.coverage(config)):
        testing.coverage_gate.check(*wanted)
    command_line.check(config)
    if config.getoption("emulator_matrix") or config.getoption("emulator_explore") is not None:
        testing.repeating.register(config, partial(_suite_of, config), lambda item: _wanted_by(config, _options(item)))


@pytest.fixture(scope="session")
def emulator_server(_emulator_server: Client) -> Client:
    """The emulator itself: one server in a thread for the whole run, or the one at EMULATOR_URL.

    A test that uses it may call the default sandbox: such calls do not fail the test.
    """
    return _emulator_server


@pytest.fixture(scope="session")
def _emulator_server(pytestconfig: pytest.Config) -> Iterator[Client]:
    """The server behind `emulator` and `emulator_server`."""
    suite = _suite_of(pytestconfig)
    with _sentences(), suite.served() as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Let the sandbox outlive the test if a fixture comes after it, which is torn down before it and may use it."""
    value = yield
    stash = request.node.stash
    stash[_end], stash[_own_end] = stash.get(_own_end, None), None
    return value


@pytest.fixture
def emulator(request: pytest.FixtureRequest, _emulator_server: Client) -> Iterator[SandboxClient]:
    """A fresh sandbox for this test: `emulator.secoda.url`, `.headers`; dropped after it.

    The test fails if its client made calls that are not in the contract, or outside this sandbox, unless the marker
    allows them.
    """
    suite, wanted = _suite_of(request.config), _wanted_by(request.config, _options(request.node))
    with _sentences(), suite.sandbox(wanted) as (sandbox, watcher):
        _watch(request.node, testing.watching.SandboxEvidence(watcher, wanted.allowances))
        if suite.strays is not None:
            _watch(
                request.node,
                suite.strays.begin(wanted.allow_default, lambda: "emulator_server" in request.fixturenames),
            )
        if suite.url and _ends_with_its_function(request.node):
            request.node.stash[_own_end] = partial(suite.end, sandbox, watcher)
        _note_changes(request.node, sandbox.name, lambda: sandbox.changes(masked=True))
        yield sandbox


def emulator_fixture(scope: Literal["class", "module", "package", "session"], **options: Unpack[Options]) -> Any:
    """Return a fixture for a sandbox that the tests of a scope share: `emulator_module = emulator_fixture("module")`.

    `options` are those of the marker. A test fails for the unexpected calls that came since the test before it; its
    markers `allow_…` add to the options. Raises EmulatorError for another scope or option.
    """
    __tracebackhide__ = True
    testing.suite.check_shared(scope, options)

    @pytest.fixture(scope=scope)
    def shared(request: pytest.FixtureRequest, _emulator_server: Client) -> Iterator[SandboxClient]:
        """A sandbox that several tests share."""
        sandboxes = request.config.stash.setdefault(_shared, [])
        wanted = _wanted_by(request.config, [options])
        with _sentences(), _suite_of(request.config).sandbox(wanted) as (sandbox, watcher):
            sandboxes.append(entry := (str(request.fixturename), watcher, options))
            yield sandbox
            sandboxes.remove(entry)

    return shared


@pytest.fixture
def emulator_in_loop(
    request: pytest.FixtureRequest, aiohttp_client: Any
) -> Iterator[Callable[[], Awaitable[InLoopEmulator]]]:
    """With pytest-aiohttp: `await emulator_in_loop()` starts an emulator in the test's event loop."""
    suite, wanted = _suite_of(request.config), _wanted_by(request.config, _options(request.node))
    started: list[Watcher] = []

    async def start() -> InLoopEmulator:
        with _sentences():
            emulator, strays = suite.unstarted()
            # The client is unused, but the fixture closes it, and the server with it.
            server = (await aiohttp_client(testing.in_loop.InLoopServer(emulator))).server
            suite.coverage.know(await testing.in_loop.operations(server))
            running = await testing.in_loop.begin(emulator, server, wanted)
        started.append(testing.in_loop.watcher_of(running, emulator))
        _watch(request.node, testing.watching.SandboxEvidence(started[-1], wanted.allowances))
        _watch(request.node, strays.begin(wanted.allow_default))
        _note_changes(request.node, running.name, running.changes)
        return running

    yield start
    for watcher in started:
        watcher.close()
        suite.count(watcher)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail an otherwise passing test if its client made unexpected calls.

    If the sandbox of a shared emulator is the first to be torn down, it is now: one request does both.
    """
    yield
    if end := item.stash.get(_end, None):
        with _sentences():
            end()
    _judge(item, item.stash.get(_watched, []))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Watch the sandboxes that the test shares with others, from its own fixtures' calls on."""
    try:
        yield
    finally:
        for _, watcher, options in item.config.stash.get(_shared, []):
            _watch_shared(item, watcher, options)
    for name, *_ in item.config.stash.get(_shared, []):
        _refuse_late_options(item, name)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail for unexpected calls of fixtures' teardown: after a failed test only where a shared sandbox ends."""
    watched = item.stash.get(_watched, [])
    if not (has_passed := item.stash.get(_passed, False)):
        for one in watched:
            one.forgive()
    yield
    _judge(item, [one for one in watched if has_passed or one.is_over])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record whether the test has passed, and show its sandboxes' journals if it has not."""
    report = yield
    watched = item.stash.get(_watched, [])
    if report.when == "call":
        item.stash[_passed] = report.passed and not hasattr(report, "wasxfail")
    log = item.config.getoption("emulator_log")
    if watched and ((report.failed and log != "none") or (report.when == "call" and log == "all")):
        journals = [(f"{SECTION}: {one.name}", one.journal()) for one in watched]
        report.sections += [(title, text) for title, text in journals if text]
    if report.when == "call" and report.failed and command_line.shows_changes(item.config):
        changed = item.stash.get(_changes, [])
        report.sections += [(f"{CHANGES}: sandbox {name}", testing.report.changes_text(one)) for name, one in changed]
    if watched:
        is_judged = not report.failed or command_line.conduct(item.config) == "none"
        testing.conduct.attach(item, report, () if is_judged else watched)
    if missteps := item.stash.get(_missteps, []):
        item.stash[_missteps] = []
        # An attribute, because a worker of pytest-xdist sends those.
        vars(report)[MISSTEPS] = [str(item.path), (item.location[1] or 0) + 1, missteps]
    if report.when == "teardown":
        rests = dict.fromkeys(_suite_of(item.config).rests_on(item.nodeid, watched)) if watched else ()
        report.user_properties += [(EVIDENCE, one) for one in rests]
        # pytest keeps the items until the end of the run.
        item.stash[_watched], item.stash[_changes], item.stash[_end] = [], [], None
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Add the coverage of a pytest-xdist worker."""
    sent = getattr(node, "workeroutput", {}).get(SENT)
    if sent:
        _suite_of(node.config).coverage.merge(sent)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send a worker's coverage to the controller; there, write it and fail a run with too little coverage."""
    config = session.config
    output = getattr(config, "workeroutput", None)
    if output is not None:
        if _suite in config.stash:
            output[SENT] = config.stash[_suite].coverage.document()
        return
    if any(wanted := command_line.coverage(config)):
        config.stash[_unmet] = list(testing.coverage_gate.unmet(_suite_of(config).coverage, *wanted))
        if config.stash[_unmet] and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the covered operations and documented statuses, and with --emulator-log=all every journal."""
    if config.getoption("emulator_log") == "all":
        for report in terminalreporter.stats.get("passed", []):
            for title, text in report.sections if report.when == "call" else ():
                if title.startswith(SECTION):
                    terminalreporter.section(f"{title} of {report.nodeid}", sep="-")
                    terminalreporter.line(text)
    if _suite in config.stash and testing.github.are_wanted():
        for report in [*terminalreporter.stats.get("failed", []), *terminalreporter.stats.get("error", [])]:
            for line in testing.github.annotations_at(*getattr(report, MISSTEPS, ("", 0, []))):
                terminalreporter.write_line(line)
    if _suite in config.stash:
        testing.conduct.show(terminalreporter, command_line.conduct(config), config.get_verbosity() > 0)
    if _suite in config.stash and not command_line.hides_coverage(config):
        coverage = config.stash[_suite].coverage
        terminalreporter.section("emulator: contract coverage", sep="-")
        lines = coverage.lines(config.get_terminal_writer().fullwidth - 1, details=config.get_verbosity() >= 0)
        for line in [*lines, *coverage.evidence_lines()] or ["the emulator was not called"]:
            terminalreporter.line(line)
    for line in config.stash.get(_unmet, []):
        terminalreporter.line(line, red=True)


def _suite_of(config: pytest.Config) -> Suite:
    if _suite not in config.stash:
        url = config.getoption("emulator_url") or os.environ.get("EMULATOR_URL", "")
        ini = {name: config.getini(f"emulator_{name}") for name in command_line.INI}
        config.stash[_suite] = testing.suite.Suite(url, ini, config.rootpath)
    return config.stash[_suite]


def _options(item: pytest.Item) -> list[Mapping[str, Any]]:
    """Return what the markers of a test want, the outermost first."""
    marks = list(item.iter_markers("emulator"))
    if any(mark.args for mark in marks):
        pytest.fail("The marker emulator takes keyword arguments: @pytest.mark.emulator(scenarios=[…]).", pytrace=False)
    return [mark.kwargs for mark in reversed(marks)]


def _wanted_by(config: pytest.Config, options: Sequence[Mapping[str, Any]]) -> Wanted:
    with _sentences():
        return _suite_of(config).wanted(options)


def _ends_with_its_function(item: pytest.Item) -> bool:
    """Return True if nothing uses a test's sandbox after its function but what is torn down before it."""
    return not command_line.shows_changes(item.config) and testing.suite.has_no_finalizer(item)


def _note_changes(item: pytest.Item, name: str, changes: Callable[[], Changes]) -> None:
    item.stash.setdefault(_changes, []).append((name, changes))


def _watch(item: pytest.Item, evidence: Evidence) -> None:
    item.stash.setdefault(_watched, []).append(evidence)


def _watch_shared(item: pytest.Item, watcher: Watcher, options: Mapping[str, Any]) -> None:
    wanted, strays = _wanted_by(item.config, [options, *_options(item)]), _suite_of(item.config).strays
    if strays is not None and strays not in item.stash.get(_watched, []):
        _watch(item, strays.begin(wanted.allow_default, lambda: "emulator_server" in getattr(item, "fixturenames", ())))
    _watch(item, testing.watching.SandboxEvidence(watcher, wanted.allowances, is_shared=True))


def _refuse_late_options(item: pytest.Item, shared: str) -> None:
    used = getattr(item, "fixturenames", ())
    if shared not in used or "emulator" in used or "emulator_in_loop" in used:
        return
    if told := testing.suite.refusal_of_late(_options(item), shared):
        pytest.fail(told, pytrace=False)


def _judge(item: pytest.Item, watched: list[Evidence]) -> None:
    """Fail for unexpected calls of the item's clients, once for each call."""
    with _sentences():
        found = [complaint for one in watched if (complaint := one.complaint())]
        found += testing.conduct.complaint(item, watched, command_line.conduct(item.config)) if watched else ()
    if found:
        item.stash.setdefault(_missteps, []).extend(call for complaint in found for call in complaint.calls)
        pytest.fail("\n".join(map(str, found)), pytrace=False)


class _sentences:  # noqa: N801 - read as a function: `with _sentences():`
    """Turn errors of the emulator inside the block into failures of one sentence, without a traceback."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if problem is None:
            return
        if isinstance(problem, testing.suite.REFUSALS):
            raise pytest.fail.Exception(str(problem), pytrace=False) from None
