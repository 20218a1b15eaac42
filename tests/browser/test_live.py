"""The live journal: in flight, paused, fast, long, and over a restart of the emulator."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import WAIT_MILLISECONDS, Console, opened
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


def test_page_stays_usable_under_500_calls_a_second(console: Console) -> None:
    page = console.open("calls")
    caller = threading.Thread(target=call_often, args=(console, 3000))
    caller.start()
    frames = page.evaluate(
        """async () => {
            let frames = 0;
            for (const end = performance.now() + 3000; performance.now() < end; frames++)
                await new Promise((resolve) => setTimeout(resolve, 0));
            return frames;
        }"""
    )
    page.get_by_label("operation").fill("list*")
    caller.join()
    expect(page.locator(STATUS).first).to_have_text("3,000 calls", timeout=WAIT_MILLISECONDS)
    assert frames > 30, "the page did not answer while calls came in"


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
