"""Whatever a call or a record contains is shown as text: nothing of it runs, or breaks the page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Console

INTEGRATIONS = "/integration/integrations"
MARKUP = "<img src=x onerror=hacked()><script>hacked()</script>\"'`${hacked()}</textarea></style>{{hacked()}}"
SPOOFED = "\u202ecod.exe\u2066\u200f\u0000\u001b[31m\u0085\u2028end"
LONG_LINE = "x" * 1_000_000
HOSTILE = {"markup": MARKUP, "marks": SPOOFED, "line": LONG_LINE}


@pytest.fixture(autouse=True)
def watched(console: Console) -> None:
    console.page.add_init_script("window.hacked = () => console.error('hacked')")


def check(page: Page) -> None:
    """Nothing of the text became an element, and the page is as wide as its window."""
    for selector in ("img", "script:not([src])", "main style", "iframe"):
        assert page.locator(selector).count() == 0, selector
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    assert "\u202e" not in page.locator("body").inner_text()


@pytest.mark.parametrize("text", HOSTILE)
def test_calls(console: Console, text: str) -> None:
    for options in hostile_calls(HOSTILE[text]):
        console.call(**options)
    page = console.open("calls")
    count = console.get("/journal")["recorded"]
    expect(console.lines()).to_have_count(count)
    check(page)
    for number in range(1, count + 1):
        console.open(f"calls/{number}")
        expect(page.get_by_role("region", name=f"Call {number}")).to_contain_text("Request")
        for details in page.locator(".detail details").all():
            details.evaluate("element => { element.open = true; }")
        check(page)


def hostile_calls(text: str) -> list[dict[str, Any]]:
    """Return calls with a text in every place."""
    short = text[:2000]
    printable = "".join(mark for mark in short if mark.isprintable() and mark.isascii())
    return [
        {"method": "GET", "path": "/" + json.dumps(short)[1:-1].replace("/", "")},
        {"method": "GET", "path": INTEGRATIONS, "params": {short[:500]: short}},
        {"method": "GET", "path": INTEGRATIONS, "headers": {"X-Text": printable, "User-Agent": printable}},
        {"method": "POST", "path": INTEGRATIONS, "json": {text: text, "name": text, "type": [text]}},
        {"method": "POST", "path": INTEGRATIONS, "content": text.encode(), "headers": {"Content-Type": "text/html"}},
        {
            "method": "POST",
            "path": INTEGRATIONS,
            "content": b'{"a": ' * 5000,
            "headers": {"Content-Type": "application/json"},
        },
        {
            "method": "POST",
            "path": "/integration/dbt/manifest/",
            "files": {short[:100]: (short[:100], text[:5000], "text/html")},
        },
        {"method": "POST", "path": "", "vendor": "paradime", "json": {"query": text, "variables": {text: text}}},
        {"method": "M" * 50, "path": INTEGRATIONS},
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_records_and_faults(console: Console, text: str) -> None:
    hostile = HOSTILE[text]
    record = console.get("/state/secoda.integrations?limit=1")["records"][0]
    forced = {**record, "name": hostile, hostile[:500]: [hostile]}
    path = f"/sandboxes/{console.sandbox}/state/secoda.integrations"
    console.control.done("PUT", f"{path}/{record['id']}?force=true", json=forced)
    odd = {**record, "id": hostile[:300]}
    console.control.done("POST", f"{path}?force=true", json=odd)
    fault = {
        "vendor": "secoda",
        "operation": "listIntegrations",
        "delay": 0,
        "where": {"query": {hostile[:300]: hostile[:300]}},
    }
    console.post("/faults", fault)
    absent = {"query": {hostile[:300]: {"absent": True}}}
    console.post("/faults", {**fault, "where": absent, "reply": {"status": 503}})
    console.call("GET", INTEGRATIONS)
    for address in (
        "records",
        "records/secoda.integrations",
        f"records/secoda.integrations/{record['id']}",
        "failures",
        "calls/1",
    ):
        check(console.open(address))
    expect(console.page.get_by_role("region", name="Call 1")).to_contain_text("This was call 1.")
    page = console.open("records/secoda.integrations", text=hostile[:40])
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    check(page)


@pytest.mark.parametrize("text", ["markup", "marks"])
def test_address(console: Console, text: str) -> None:
    hostile = HOSTILE[text]
    page = console.open("calls", text=hostile, vendor=hostile, operation=hostile, status=hostile, fault=hostile)
    check(page)
    page.goto(
        f"{console.control.url}/_emulator/console/#/calls/%zz{json.dumps(hostile)[1:-1]}?sandbox={console.sandbox}"
    )
    expect(page.get_by_role("alert").first).to_be_visible()
    console.expected += ["404", "422"]
    check(page)
