"""Who can use the console: with a token, by keyboard, with a screen reader, on any screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.conftest import SCREENSHOTS, Console, opened
from tests.control import Control, controlled

INTEGRATIONS = "/integration/integrations"
PAGES = {
    "start": "start",
    "calls": "calls",
    "call": "calls/3",
    "sandboxes": "sandboxes",
    "records": "records",
    "collection": "records/secoda.integrations",
    "record": "records/secoda.integrations/740904fe-e87d-44f8-8a91-b13631ff2812",
    "failures": "failures",
    "fault": "failures/new",
    "clock": "clock",
    "coverage": "coverage",
}
WIDTHS = {"phone": 390, "laptop": 1024, "desktop": 1920}


@pytest.fixture(scope="module")
def filled() -> Iterator[Control]:
    """An emulator whose default sandbox has something to show on each page."""
    with controlled() as (_, control):
        console = Console(None, control, "default")  # type: ignore[arg-type]
        fill(console)
        yield control


def fill(console: Console) -> None:
    for number in range(8):
        console.call("GET", INTEGRATIONS, params={"page": number + 1})
        console.call("GET", "/integration/integratoins")
        console.call("POST", INTEGRATIONS, json={"type": 7, "name": f"Sales {number}", "credentials": {}})
        console.call("GET", "/integrations", vendor="celigo", headers={"Authorization": "Bearer no"})
        query = {"query": "{ listCustomIntegrations { integrations { uid name } } }"}
        console.call("POST", "", vendor="paradime", json=query)
        console.call("GET", "/dictionary/types", vendor="immuta")
    fault = {
        "vendor": "secoda",
        "operation": "createIntegration",
        "when": {"probability": 0.4},
        "reply": {"status": 429},
    }
    console.post("/faults", fault)
    console.control.done("PUT", "/scenarios/celigo/flaky")
    for _ in range(3):
        console.call("POST", INTEGRATIONS, json={"name": "Again", "type": "custom"})
        console.call("GET", "/integrations", vendor="celigo")
    console.post("/snapshots", {"name": "before"})
    console.control.sandbox(name="alpha", idle=600, scenarios=["secoda/flaky"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_serious_barrier(browser: Browser, filled: Control, name: str, scheme: str) -> None:
    with opened(browser, filled, color_scheme=scheme) as console:
        page = console.open(PAGES[name])
        found = [
            f"{one['id']}: {node['html'][:150]} {node.get('failureSummary', '')[:300]}"
            for one in Axe().run(page).response["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"][:3]
        ]
        assert found == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_fits_its_screen(browser: Browser, filled: Control, name: str, scheme: str, width: str) -> None:
    viewport = {"width": WIDTHS[width], "height": 844 if width == "phone" else 800}
    with opened(browser, filled, color_scheme=scheme, viewport=viewport) as console:
        page = console.open(PAGES[name])
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", animations="disabled")
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]


def test_token_is_asked_for_and_kept_for_the_tab(browser: Browser) -> None:
    with controlled(control_token="secret") as (_, control), opened(browser, control) as console:
        console.expected.append("401")
        page = console.page
        page.goto(f"{control.url}/_emulator/console/")
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("alert")).to_contain_text("Send the setting control_token, or the token of a sandbox")
        page.get_by_label("Token").fill("secret")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("heading", name="Secoda")).to_be_visible()
        page.reload()
        console.control.client.headers["Authorization"] = "Bearer secret"
        page.get_by_role("link", name="Calls", exact=True).first.click()
        described = control.done("GET", "/sandboxes/default")["vendors"]["secoda"]
        control.client.get(f"{described['base_url']}{INTEGRATIONS}", headers=described["headers"])
        expect(console.lines()).to_have_count(1)
        assert "secret" not in page.content()
        assert "secret" not in page.url


def test_token_of_a_sandbox_shows_that_sandbox_and_makes_no_other(browser: Browser) -> None:
    with controlled(control_token="secret") as (_, control):
        bearer = {"Authorization": "Bearer secret"}
        made = control.done("POST", "/sandboxes", json={"name": "alpha"}, headers=bearer)
        with opened(browser, control, "alpha") as console:
            console.expected.append("401")
            page = console.page
            page.goto(f"{control.url}/_emulator/console/#/calls")
            page.get_by_label("Token").fill(made["token"])
            page.get_by_role("button", name="Open").click()
            expect(page.locator("header select option")).to_have_text(["alpha"])
            described = made["vendors"]["secoda"]
            control.client.get(f"{described['base_url']}{INTEGRATIONS}", headers=described["headers"])
            expect(console.lines()).to_have_count(1)
            for name, path in PAGES.items():
                console.open(path.replace("calls/3", "calls/1"))
                expect(page.get_by_role("alert"), name).to_have_count(0)
            console.open("sandboxes")
            page.get_by_role("button", name="Make").click()
            expect(page.get_by_role("alert")).to_contain_text("Send the setting control_token")
            page.get_by_role("button", name="Reset alpha").click()
            expect(page.get_by_role("row", name="alpha")).to_contain_text("none")
            # The tab keeps the token: the front door leads to the sandbox again.
            page.goto("about:blank")
            page.goto(f"{control.url}/_emulator/console/")
            expect(page.locator("header select option")).to_have_text(["alpha"])


def test_calls_are_read_by_keyboard(console: Console) -> None:
    console.call("GET", INTEGRATIONS)
    console.call("POST", INTEGRATIONS, json={"name": "new"})
    page = console.open("start")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    tab_to(console, "link", "Calls")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Calls")).to_be_visible()
    tab_to(console, "listbox", "Calls, newest first")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("region", name="Call 2")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("region", name="Call 1")).to_be_visible()
    tab_to(console, "link", "Make this a fault")
    page.keyboard.press("Enter")
    tab_to(console, "button", "Arm")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="fault-1")).to_be_visible()
    tab_to(console, "switch", "celigo/flaky")
    page.keyboard.press("Space")
    expect(page.get_by_role("row", name="celigo/flaky#1")).to_be_visible()


def tab_to(console: Console, role: str, name: str) -> None:
    """Press Tab until something has the focus."""
    wanted = console.page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
    wanted.wait_for()
    for _ in range(150):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        console.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach the {role} {name}")


def test_console_below_the_prefix_of_a_sandbox_shows_it(browser: Browser, control: Control) -> None:
    name = control.sandbox()["name"]
    with opened(browser, control) as console:
        console.page.goto(f"{control.url}/~{name}/_emulator/console/")
        expect(console.page.locator("header select")).to_have_value(name)
        expect(console.page.get_by_text(f"/~{name}/secoda/api/v1").first).to_be_visible()
    control.done("DELETE", f"/sandboxes/{name}")
