"""The live journal: in flight, paused, fast, long, and over a restart of the emulator."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, CDPSession, Locator, expect

from tests.browser.conftest import SCREENSHOTS, WAIT_MILLISECONDS, Console, opened
from tests.control import Control, process

INTEGRATIONS = "/integration/integrations"
STATUS = "main [role=status]"


def test_call_in_progress_is_shown(console: Console) -> None:
    console.post("/faults", {"vendor": "secoda", "operation": "listIntegrations", "delay": 60})
    page = console.open("calls")
    caller = threading.Thread(target=_ignoring_the_end, args=(console,), daemon=True)
    caller.start()
    expect(console.lines().first).to_contain_text("in progress")
    expect(page.locator(STATUS).first).to_contain_text("1 in progress")
    console.control.done("POST", f"/sandboxes/{console.sandbox}/reset")


def _ignoring_the_end(console: Console) -> None:
    with suppressed():
        console.call("GET", INTEGRATIONS, timeout=90)


@contextmanager
def suppressed() -> Iterator[None]:
    try:
        yield
    except Exception:
        return


def test_paused_list_stays_and_counts_what_is_new(console: Console) -> None:
    console.call("GET", INTEGRATIONS)
    page = console.open("calls")
    expect(console.lines()).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    console.call("POST", INTEGRATIONS, json={"name": "new"})
    go_on = page.get_by_role("button", name="Go on (1 new call)")
    expect(go_on).to_be_visible()
    expect(console.lines()).to_have_count(1)
    go_on.click()
    expect(console.lines()).to_have_count(2)


def test_cleared_journal_is_empty(console: Console) -> None:
    console.call("GET", INTEGRATIONS)
    page = console.open("calls")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("No calls to the sandbox")).to_be_visible()
    assert console.get("/journal")["exchanges"] == []
    console.call("GET", INTEGRATIONS)
    expect(console.lines()).to_have_count(1)


def test_reset_sandbox_counts_from_one_again(console: Console) -> None:
    console.call("GET", INTEGRATIONS)
    console.call("GET", INTEGRATIONS)
    page = console.open("calls")
    expect(page.locator(STATUS).first).to_have_text("2 calls")
    console.control.done("POST", f"/sandboxes/{console.sandbox}/reset")
    console.call("POST", INTEGRATIONS, json={"name": "new"})
    expect(page.locator(STATUS).first).to_have_text("3 calls")
    console.line("createIntegration").click()
    expect(page.get_by_role("region", name="Call 1")).to_contain_text("POST")


def test_ten_thousand_calls_are_only_as_many_elements_as_are_in_sight(console: Console) -> None:
    page = console.open("calls")
    calls = 10_000
    call_often(console, calls)
    expect(page.locator(STATUS).first).to_have_text("10,000 calls", timeout=WAIT_MILLISECONDS)
    assert console.lines().count() < 100
    page.get_by_role("listbox").press("End")
    expect(page.get_by_role("region", name="Call 1")).to_contain_text("no longer stored")
    console.expected.append("404")
    page.get_by_label("text").fill("no such text")
    expect(page.get_by_text("None of 10,000 calls matches the filters.")).to_be_visible()


def test_page_keeps_up_with_500_calls_a_second(browser: Browser) -> None:
    """The calls are sent at that rate, and the page's thread needs less for one than the two milliseconds between two.

    It is the thread's processor time that is measured, not how long it takes: how fast a machine that does other things
    sends, serves and shows calls says nothing of the page. What was reached is written beside the screenshots. Where
    calls come more slowly, the page redraws more often for as many, and has more time for each: what lies between two
    of them. A page that is too slow is so at any rate: it needs all of its thread, whose core the others do not need.
    """
    calls, rate = 3000, 500
    with process("--journal-size", "20000") as (_, control), opened(browser, control) as console:
        page = console.open("calls")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = _busy_seconds(session)
        # It pauses before there is a call: a slow browser would do so after the last one.
        page.get_by_role("button", name="Pause").click()
        with _calls_of_another_process(console, calls, rate) as caller:
            go_on = page.get_by_role("button", name=re.compile("Go on .[1-9]"))
            expect(go_on).to_be_visible()
            go_on.click()
            page.get_by_label("operation").fill("list*")
            reached = float(caller.communicate()[0])
        expect(page.locator(STATUS).first).to_have_text("3,000 calls", timeout=WAIT_MILLISECONDS)
        needed = (_busy_seconds(session) - before) / calls
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    said = f"{reached:.0f} calls a second; the page's thread needs {needed * 1e6:.0f} us for one\n"
    (SCREENSHOTS / "live.txt").write_text(said)
    assert 0 < needed < 1 / min(rate, reached)


def _busy_seconds(session: CDPSession) -> float:
    """Return the processor time of the page's main thread since its measuring began."""
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


@contextmanager
def _calls_of_another_process(console: Console, calls: int, rate: int) -> Iterator[subprocess.Popen[str]]:
    """Call a vendor in a process, which shares no lock with the test and prints the rate that it reached."""
    vendor = console.vendor("secoda")
    arguments = [vendor["base_url"], json.dumps(vendor["headers"]), str(calls), str(rate)]
    command = [sys.executable, "-m", "tests.browser.calling", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def call_often(console: Console, times: int) -> None:
    """Call a vendor many times on one connection."""
    vendor = console.vendor("secoda")
    host, _, path = vendor["base_url"].removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    for _ in range(times):
        connection.request("GET", f"/{path}/integration/integrations?results_per_page=1", headers=vendor["headers"])
        connection.getresponse().read()
    connection.close()


def test_console_survives_a_restart_and_says_so(browser: Browser) -> None:
    with process() as (first, control):
        port = control.url.rpartition(":")[2]
        with opened(browser, control) as console:
            console.expected += ["Failed to load resource", "net::ERR"]
            console.call("GET", INTEGRATIONS)
            page = console.open("calls")
            expect(console.lines()).to_have_count(1)
            first.kill()
            first.wait()
            expect(page.get_by_role("alert")).to_contain_text("The emulator does not answer")
            expect(console.lines()).to_have_count(1)
            with process("--port", port) as (_, again):
                expect(page.get_by_text("the emulator has restarted")).to_be_visible()
                console.control = Control(again.url, again.client)
                console.call("POST", INTEGRATIONS, json={"name": "new"})
                expect(console.lines()).to_have_count(2)
                expect(console.lines().first).to_contain_text("createIntegration")
                selected = console.lines().last
                selected.click()
                expect(page.get_by_role("region", name=re.compile("Call"))).to_contain_text("listIntegrations")
                banner: Locator = page.get_by_role("button", name="Fine")
                banner.click()
                expect(banner).to_have_count(0)
                console.open("start")


def test_what_is_typed_survives_a_restart(browser: Browser) -> None:
    with process() as (first, control), opened(browser, control) as console:
        console.expected += ["Failed to load resource", "net::ERR"]
        page = console.open("failures/new", vendor="secoda", operation="listIntegrations")
        page.get_by_label("status *").fill("429")
        first.kill()
        first.wait()
        expect(page.get_by_role("alert").first).to_contain_text("The emulator does not answer")
        with process("--port", control.url.rpartition(":")[2]):
            expect(page.get_by_text("the emulator has restarted")).to_be_visible()
            expect(page.get_by_label("status *")).to_have_value("429")
            page.get_by_role("button", name="Arm").click()
            expect(page.get_by_text("Every call of listIntegrations of secoda gets 429.")).to_be_visible()


def test_pages_show_the_sandbox_that_a_restart_began(browser: Browser) -> None:
    with process() as (first, control), opened(browser, control) as console:
        console.expected += ["Failed to load resource", "net::ERR"]
        console.post("/state/secoda.integrations", {"name": "Mine"})
        page = console.open("records")
        expect(page.get_by_text("secoda.integrations: 1 added")).to_be_visible()
        first.kill()
        first.wait()
        with process("--port", control.url.rpartition(":")[2]):
            expect(page.get_by_text("Nothing: the records are those of the fixtures.")).to_be_visible()


def test_sandbox_that_is_dropped_and_made_again_is_followed(console: Console) -> None:
    console.call("GET", INTEGRATIONS)
    page = console.open("calls")
    expect(console.lines()).to_have_count(1)
    console.control.done("DELETE", f"/sandboxes/{console.sandbox}")
    console.expected.append("404")
    expect(page.get_by_role("alert")).to_contain_text(f"There is no sandbox {console.sandbox}")
    console.control.sandbox(name=console.sandbox)
    expect(page.get_by_text("somebody made it again")).to_be_visible()
    console.call("POST", INTEGRATIONS, json={"name": "new"})
    expect(console.lines()).to_have_count(2)


def test_back_leads_from_a_call_to_the_list(console: Console) -> None:
    console.call("GET", INTEGRATIONS)
    console.call("POST", INTEGRATIONS, json={"name": "new"})
    page = console.open("calls", text="integration")
    console.line("listIntegrations").click()
    page.get_by_role("listbox").press("ArrowUp")
    expect(page.get_by_role("region", name="Call 2")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("region", name=re.compile("Call"))).to_have_count(0)
    expect(page.get_by_label("text")).to_have_value("integration")
