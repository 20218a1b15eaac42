"""The main job of each page of the console."""

from __future__ import annotations

import re
import subprocess

import pytest
from playwright.sync_api import Page, expect

from emulator.client import Client
from tests.browser.conftest import Console

INTEGRATIONS = "/integration/integrations"


def test_start_has_a_command_for_each_vendor_that_works(console: Console) -> None:
    page = console.open("start")
    cards = page.locator(".card", has=page.locator("h2"))
    expect(cards).to_have_count(4)
    for card in cards.all():
        command = console.copied(card.get_by_role("button", name="Copy a command that calls"))
        command = command.replace("curl ", "curl -s -o /dev/null -w '%{http_code}' ", 1)
        ran = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
        assert ran.stdout == "200", command
    assert {one["vendor"] for one in console.get("/journal")["exchanges"]} == {"celigo", "immuta", "paradime", "secoda"}


def test_calls_appear_as_they_come(console: Console) -> None:
    page = console.open("calls")
    expect(page.get_by_text("No calls to the sandbox")).to_be_visible()
    console.call("GET", INTEGRATIONS)
    expect(console.lines()).to_have_count(1)
    console.call("GET", "/integration/integratoins")
    expect(console.lines().first).to_contain_text("unmatched")


def test_conduct_of_the_client_leads_to_its_calls(console: Console) -> None:
    console.call("GET", f"{INTEGRATIONS}?page_size=1")
    page = console.open("coverage")
    row = page.get_by_role("row", name="pages-unread")
    expect(row).to_contain_text("read on until there is none")
    row.get_by_role("link").click()
    expect(page).to_have_url(re.compile("calls/1"))


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"vendor": "celigo"}, 1),
        ({"operation": "list*"}, 2),
        ({"status": "4xx"}, 1),
        ({"violations": "1"}, 1),
        ({"unmatched": "1"}, 1),
        ({"text": "INTEGRATOINS"}, 1),
        ({"text": "nowhere"}, 0),
        ({"vendor": "secoda", "status": "200"}, 1),
    ],
)
def test_filters_are_in_the_address(console: Console, filters: dict[str, str], found: int) -> None:
    console.call("GET", INTEGRATIONS)
    console.call("GET", "/integration/integratoins")
    console.call("POST", INTEGRATIONS, json={"name": 3})
    console.call("GET", "/integrations", vendor="celigo")
    page = console.open("calls", **filters)
    if found:
        expect(console.lines()).to_have_count(found)
    else:
        expect(page.get_by_text("None of 4 calls matches the filters.")).to_be_visible()
    page.get_by_role("link", name="All calls").click()
    expect(console.lines()).to_have_count(4)
    assert not any(f"{name}=" in page.url for name in filters)


def test_filter_that_is_typed_is_in_the_address(console: Console) -> None:
    page = console.open("calls")
    page.get_by_label("operation").fill("create*")
    page.get_by_label("violations").check()
    expect(page).to_have_url(re.compile(r"operation=create\*|operation=create%2A"))
    expect(page).to_have_url(re.compile("violations=1"))


def test_one_call_in_full(console: Console) -> None:
    fault = console.post("/faults", {"vendor": "secoda", "operation": "createIntegration", "delay": 0.01})
    console.call("POST", INTEGRATIONS, json={"type": "custom", "name": 12345678901234567890})
    # What it did is known, though it is no longer armed.
    console.control.done("DELETE", f"/sandboxes/{console.sandbox}/faults/{fault['id']}")
    console.open("calls")
    console.line("createIntegration").click()
    detail = console.page.get_by_role("region", name="Call 1")
    expect(detail).to_contain_text("12345678901234567890")
    violation = detail.locator(".body .violation").first
    expect(violation).to_contain_text("is not of type 'string'")
    assert violation.evaluate("element => element.previousElementSibling.textContent").startswith('"name"')
    expect(detail).to_contain_text("Every call of createIntegration of secoda waits 0.01 s. This was call 1.")
    expect(detail.get_by_role("link", name="createIntegration")).to_be_visible()
    violation.get_by_role("link", name="contract").click()
    expect(console.page.locator("#operations-integrations-createIntegration")).to_contain_text(
        "Create a custom integration"
    )


def test_unmatched_call_shows_the_nearest_operations(console: Console) -> None:
    console.call("GET", "/integration/integratoins")
    console.open("calls", unmatched="1")
    console.lines().first.click()
    nearest = console.page.locator(".near")
    expect(nearest).to_contain_text("listIntegrations")
    expect(nearest).to_contain_text("'integratoins' → 'integrations'")


def test_call_is_copied_as_curl_har_and_assertion(console: Console) -> None:
    console.call("POST", INTEGRATIONS, json={"name": "it's", "type": "custom"})
    page = console.open("calls/1")
    # A button says that it has copied for a moment, which may pass between two looks of a busy machine.
    page.evaluate("((later) => { setTimeout = (work, wait) => wait === 1500 ? 0 : later(work, wait) })(setTimeout)")
    command = console.copied(page.get_by_role("button", name="Copy as curl"))
    expect(page.get_by_role("button", name="Copy as curl")).to_have_text("Copied")
    ran = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert " 201 " in ran.stdout.splitlines()[0]
    assert console.get("/journal")["exchanges"][-1]["call"]["body"] == '{"name":"it\'s","type":"custom"}'
    assertion = console.copied(page.get_by_role("button", name="Copy as assertion")).replace("count=1", "count=2")
    with Client(console.control.url) as client:
        assert len(eval(assertion, {"emulator": client.sandbox(console.sandbox)})) == 2
    har = console.copied(page.get_by_role("button", name="Copy as HAR"))
    assert ("_operations" in har, '"_id": 1' in har) == (True, True)


def test_call_is_made_a_fault(console: Console) -> None:
    console.call("GET", INTEGRATIONS)
    page = console.open("calls/1")
    page.get_by_role("link", name="Make this a fault").click()
    expect(page.get_by_role("status")).to_have_text("Every call of listIntegrations of secoda gets 503.")
    page.get_by_label("status *").fill("429")
    page.get_by_role("button", name="Arm").click()
    expect(page.get_by_text("Every call of listIntegrations of secoda gets 429.")).to_be_visible()
    assert console.call("GET", INTEGRATIONS).status_code == 429
    row = page.get_by_role("row", name="fault-1")
    expect(row.get_by_role("cell").nth(1)).to_have_text("1")
    row.get_by_role("button", name="Disarm").click()
    expect(page.get_by_text("No faults are armed")).to_be_visible()
    assert console.call("GET", INTEGRATIONS).status_code == 200


def test_fault_that_is_refused_says_why(console: Console) -> None:
    page = console.open("failures/new", vendor="secoda", operation="listIntegrations")
    page.get_by_label("status *").fill("418")
    page.get_by_role("button", name="Arm").click()
    expect(page.get_by_role("alert")).to_contain_text("418")
    console.expected.append("422")


def test_preview_shows_what_the_next_calls_get(console: Console) -> None:
    fault = {
        "vendor": "secoda",
        "operation": "listIntegrations",
        "when": {"probability": 0.5},
        "reply": {"status": 429},
    }
    console.post("/faults", fault)
    page = console.open("failures")
    outcomes = page.get_by_role("img", name="listIntegrations").locator("i")
    expect(outcomes).to_have_count(10)
    promised = ["hit" in (one.get_attribute("class") or "") for one in outcomes.all()]
    assert promised == [console.call("GET", INTEGRATIONS).status_code == 429 for _ in range(10)]


def test_scenario_is_switched(console: Console) -> None:
    page = console.open("failures")
    toggle = page.get_by_role("switch", name="secoda/rate-limited")
    # It shows what the emulator says, so it changes once that has replied.
    toggle.click()
    expect(toggle).to_be_checked()
    expect(page.get_by_text("secoda/rate-limited#1")).to_be_visible()
    assert console.call("GET", INTEGRATIONS).status_code == 429
    toggle.click()
    expect(toggle).not_to_be_checked()
    expect(page.get_by_text("No faults are armed")).to_be_visible()


def test_sandbox_is_made_copied_reset_and_dropped(console: Console) -> None:
    name = f"{console.sandbox}-x"
    page = console.open("sandboxes")
    page.get_by_label("name").fill(name)
    page.get_by_label("idle").fill("600")
    page.get_by_role("button", name="Make").click()
    row = page.get_by_role("row", name=re.compile(f"^{name} "))
    expect(row).to_contain_text("after 10 min without a call")
    row.get_by_role("button", name=f"Copy {name}").click()
    page.get_by_label("name").fill(f"{name}y")
    page.get_by_role("button", name="Make").click()
    page.get_by_role("button", name=f"Drop {name}y").click()
    expect(page.get_by_role("button", name=f"Drop {name}y")).to_have_count(0)
    console.control.done("POST", f"/sandboxes/{name}/state/secoda.integrations", json={"name": "Mine"})
    row.get_by_role("button", name=f"Reset {name}").click()
    page.wait_for_function(
        """async ([name, url]) => (await (await fetch(url)).json()).collections.length === 0""",
        arg=[name, f"/_emulator/sandboxes/{name}/changes"],
    )
    row.get_by_role("button", name=f"Show {name}").click()
    expect(page.locator("header select")).to_have_value(name)
    page.get_by_role("link", name="Records").click()
    expect(page).to_have_url(re.compile(f"sandbox={name}"))
    console.control.done("DELETE", f"/sandboxes/{name}")
    expect(page.get_by_text(f"There is no sandbox {name}")).to_be_visible()
    console.expected.append("404")


def test_records_are_searched_edited_added_and_deleted(console: Console) -> None:
    page = console.open("records")
    page.get_by_role("link", name="integrations").last.click()
    page.get_by_label("text").fill("TABLEAU")
    expect(page.get_by_role("status")).to_contain_text("records")
    page.get_by_role("link", name="740904fe-e87d-44f8-8a91-b13631ff2812").click()
    page.get_by_label("name *", exact=True).fill("Renamed")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="Renamed")).to_be_visible()
    page.get_by_role("link", name="Add").click()
    page.get_by_label("name *", exact=True).fill("Added by hand")
    page.get_by_role("button", name="Add").click()
    page.get_by_label("text").fill("Added by hand")
    expect(page.get_by_role("status")).to_contain_text("1 to 1 of 1 record")
    page.get_by_role("table").get_by_role("link").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("link", name="Records").first.click()
    expect(page.locator(".changes")).to_contain_text('/name: "Tableau" → "Renamed"')


def test_record_that_violates_its_schema_says_where(console: Console) -> None:
    page = console.open("records/secoda.integrations/740904fe-e87d-44f8-8a91-b13631ff2812")
    page.get_by_role("button", name="As JSON").click()
    text = page.get_by_label("The record as JSON")
    text.fill(text.input_value().replace('"Tableau"', "7"))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("/name: 7 is not of type 'string'")
    console.expected.append("422")
    page.get_by_label("even if it violates its schema").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="7", exact=True)).to_be_visible()


def test_pages_of_a_collection(console: Console) -> None:
    page = console.open("records/secoda.integrations")
    expect(page.get_by_role("status")).to_contain_text("1 to 50 of 66 records")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("status")).to_contain_text("51 to 66 of 66 records")
    page.get_by_label("How many records").fill("4")
    page.get_by_role("button", name="Populate").click()
    expect(page.get_by_role("status")).to_contain_text("51 to 70 of 70 records")


def test_clock_is_frozen_set_and_advanced(console: Console) -> None:
    page = console.open("clock")
    page.get_by_label("Set it to").fill("2030-01-01T00:00:00Z")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("output")).to_contain_text("2030-01-01 00:0")
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_role("button", name="Frozen: let it run")).to_be_visible()
    page.get_by_role("button", name="1 day").click()
    expect(page.locator("output")).to_contain_text("2030-01-02 00:00")
    assert console.get("/clock")["frozen"] is True
    page.get_by_role("button", name="Real time").click()
    expect(page.get_by_role("button", name="Freeze")).to_be_visible()


def test_switch_is_set(console: Console) -> None:
    page = console.open("clock")
    row = page.get_by_role("row", name="celigo.empty_list_status")
    expect(row).to_contain_text("Whether an empty list gets 200 and []")
    row.get_by_role("combobox").select_option("204")
    expect(row.get_by_role("combobox")).to_have_class("changed")
    assert console.get("/switches")["celigo.empty_list_status"] == 204


def test_snapshot_is_saved_and_restored(console: Console) -> None:
    page = console.open("clock")
    page.get_by_label("Save as").fill("before")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Restore before").wait_for()
    console.post("/state/secoda.integrations", {"name": "Mine"})
    page.get_by_role("button", name="Restore before").click()
    page.wait_for_function(
        "async (url) => (await (await fetch(url)).json()).collections.length === 0",
        arg=f"/_emulator/sandboxes/{console.sandbox}/changes",
    )
    page.get_by_role("button", name="Delete before").click()
    expect(page.get_by_role("button", name="Restore before")).to_have_count(0)


def test_coverage_shows_what_the_calls_have_met(console: Console) -> None:
    for _ in range(3):
        console.call("GET", INTEGRATIONS)
    query = {"query": "{ listCustomIntegrations { integrations { uid } } }"}
    console.call("POST", "", vendor="paradime", json=query)
    page = console.open("coverage", vendor="secoda")
    row = page.get_by_role("row", name="listIntegrations")
    expect(row.get_by_role("link", name="3 calls")).to_be_visible()
    row.get_by_role("link", name="3 calls").click()
    expect(console.lines()).to_have_count(3)
    console.open("coverage", vendor="paradime")
    expect(page.get_by_text("GraphQL fields: 3 of")).to_be_visible()


def test_unknown_page_and_record_are_told(console: Console) -> None:
    for name in ("nowhere", "constructor", "__proto__"):
        page: Page = console.open(name)
        expect(page.get_by_role("heading", name="Start")).to_be_visible()
    page.goto(f"{console.control.url}/_emulator/console/#/records/secoda.nothing?sandbox={console.sandbox}")
    expect(page.get_by_role("alert")).to_contain_text("There is no collection secoda.nothing.")


def test_long_number_of_a_record_stays_as_it_is(console: Console) -> None:
    record = console.get("/state/secoda.integrations?limit=1")["records"][0]
    path = f"/sandboxes/{console.sandbox}/state/secoda.integrations/{record['id']}"
    long = {**record, "properties": {"number": 12345678901234567890}}
    console.control.done("PUT", f"{path}?force=true", json=long)
    page = console.open(f"records/secoda.integrations/{record['id']}")
    text = page.get_by_label("The record as JSON")
    text.fill(text.input_value().replace('"Tableau"', '"Renamed"'))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="Renamed")).to_be_visible()
    assert console.control.done("GET", path) == {**long, "name": "Renamed"}


def test_switches_follow_a_script_and_a_click_may_be_taken_back_at_once(console: Console) -> None:
    page = console.open("failures")
    toggle = page.get_by_role("switch", name="celigo/flaky")
    console.control.done("PUT", f"/sandboxes/{console.sandbox}/scenarios/celigo/flaky")
    expect(toggle).to_be_checked()
    for _ in range(3):
        toggle.click()
        expect(toggle).not_to_be_checked()
        expect(page.get_by_text("No faults are armed")).to_be_visible()
        toggle.click()
        expect(toggle).to_be_checked()
        expect(page.get_by_text("celigo/flaky#1")).to_be_visible()


def test_each_field_of_a_form_has_its_own_label(console: Console) -> None:
    page = console.open("failures/new")
    ids = page.locator(".field :is(input, select)").evaluate_all("fields => fields.map(field => field.id)")
    assert len(ids) == len(set(ids)) > 20
