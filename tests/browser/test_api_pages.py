"""The pages of APIs in a browser: they send calls, show evidence, load nothing foreign, and can be read by all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import SCREENSHOTS, Console, opened
from tests.control import Control, controlled
from tests.own_vendor import crud, served

GRAPHQL = "/paradime/api/v1/company-token/graphql"
WIDTHS = {"phone": 390, "laptop": 1024, "desktop": 1920}


def reference(console: Console, api: str) -> Page:
    """Open the reference of an API in the console's sandbox."""
    console.page.goto(f"{console.control.url}/~{console.sandbox}/_emulator/docs/{api}/")
    expect(console.page.locator(".opblock").first).to_be_visible()
    return console.page


def operation(page: Page, method: str, path: str) -> Locator:
    """Unfold an operation, and return its block."""
    block = page.locator(f".opblock-{method}").filter(has=page.locator(f'[data-path="{path}"]'))
    block.locator(".opblock-summary-control").click()
    return block


def sent(block: Locator) -> Locator:
    """Send an operation's call, and return the line of its reply."""
    block.get_by_role("button", name="Execute").click()
    reply = block.locator(".live-responses-table tr.response")
    expect(reply).to_be_visible()
    return reply


def graphiql(console: Console, query: str) -> Page:
    """Open GraphiQL in the console's sandbox, and run a query."""
    page = console.page
    page.goto(f"{console.control.url}/~{console.sandbox}{GRAPHQL}")
    editor = page.locator(".graphiql-query-editor .CodeMirror")
    expect(editor).to_be_visible()
    editor.evaluate("(editor, text) => editor.CodeMirror.setValue(text)", query)
    page.locator(".graphiql-execute-button").click()
    return page


# References


def test_reference_sends_a_call_with_the_sandboxes_credential(console: Console) -> None:
    block = operation(reference(console, "secoda"), "get", "/integration/integrations")
    expect(sent(block)).to_contain_text("200")
    expect(sent(block)).to_contain_text("Tableau")
    expect(block.locator(".curl")).to_contain_text(f"/~{console.sandbox}/secoda/api/v1/integration/integrations")
    (first, *_) = console.get("/journal")["exchanges"]
    assert (first["operations"], first["reply"]["status"]) == (["listIntegrations"], 200)
    assert first["violations"] == []


def test_a_link_leads_to_an_operation(console: Console) -> None:
    address = f"{console.control.url}/~{console.sandbox}/_emulator/docs/secoda/#/integrations/createIntegration"
    console.page.goto(address)
    expect(console.page.locator(".opblock-post.is-open .opblock-summary")).to_be_in_viewport()


def test_reference_sends_an_example_as_a_body(console: Console) -> None:
    expect(sent(operation(reference(console, "celigo"), "post", "/integrations"))).to_contain_text("201")


@pytest.mark.parametrize(
    ("credential", "status"), [("secoda-viewer-token", "403"), ("secoda-expired-token", "401"), ("", "401")]
)
def test_another_credential_may_be_chosen(console: Console, credential: str, status: str) -> None:
    page = reference(console, "secoda")
    choices = page.get_by_label("Credential")
    values = [one.get_attribute("value") or "" for one in choices.locator("option").all()]
    value = next(one for one in values if one.partition(".")[0] == credential)
    choices.select_option(value)
    console.expected.append(status)
    expect(sent(operation(page, "post", "/integration/integrations"))).to_contain_text(status)


def test_evidence_is_shown_on_operations_statuses_parameters_and_fields(console: Console) -> None:
    page = reference(console, "secoda")
    block = operation(page, "get", "/integration/integrations")
    expect(block.locator(".opblock-summary .evidence-documented")).to_be_visible()
    expect(block.locator('tr[data-param-name="page_size"] .evidence-observed')).to_be_visible()
    expect(block.locator('tr.response[data-code="401"] .evidence').first).to_contain_text("Error Handling")
    reply = operation(page, "get", "/integration/integrations/{integration_id}").locator('tr[data-code="200"]')
    reply.get_by_role("tab", name="Schema").click()
    reply.locator("button.json-schema-2020-12-accordion", has_text="type").first.click()
    expect(reply.get_by_text("The full list is not documented")).to_be_visible()


def test_reference_of_the_control_api_sends_calls(console: Console) -> None:
    expect(sent(operation(reference(console, "_emulator"), "get", "/health"))).to_contain_text("200")


def test_another_api_and_another_sandbox_may_be_chosen(console: Console) -> None:
    page = reference(console, "secoda")
    page.get_by_label("API", exact=True).select_option("immuta")
    expect(page.get_by_role("heading", name="Immuta Data Dictionary API")).to_be_visible()
    page.get_by_label("Sandbox").select_option("default")
    page.wait_for_url(f"{console.control.url}/_emulator/docs/immuta/")
    page.get_by_label("Sandbox").select_option(console.sandbox)
    page.wait_for_url(f"{console.control.url}/~{console.sandbox}/_emulator/docs/immuta/")


def test_an_unknown_sandbox_is_said(browser: Browser, control: Control) -> None:
    with opened(browser, control, "nowhere") as console:
        console.expected.append("404")
        console.page.goto(f"{control.url}/~nowhere/_emulator/docs/secoda/")
        expect(console.page.get_by_role("alert")).to_contain_text("Unknown sandbox 'nowhere'")


def test_on_a_vendors_port_only_its_own_calls_work_and_a_link_leads_to_the_others(browser: Browser) -> None:
    with controlled(vendor_ports="celigo=0") as (emulator, control), opened(browser, control) as console:
        page, url = console.page, f"http://127.0.0.1:{next(iter(emulator.ports.vendors))}"
        console.expected.append(url)  # not the emulator's main port
        page.goto(f"{url}/_emulator/docs/celigo/")
        expect(sent(operation(page, "get", "/integrations"))).to_contain_text("200")
        page.goto(f"{url}/_emulator/docs/secoda/")
        page.get_by_role("link", name="Send calls at").click()
        page.wait_for_url(f"{control.url}/_emulator/docs/secoda/")
        expect(page.locator(".opblock").first).to_be_visible()


# Vendors of one's own: each way to present a credential

Declare = Callable[[dict[str, Any]], None]


def declared(scheme: dict[str, Any]) -> dict[str, Any]:
    """Return a contract of tasks whose credential is presented by a scheme."""
    document = crud()
    document["components"]["securitySchemes"] = {"token": scheme}
    return document


@contextmanager
def own(browser: Browser, folder: Path, document: dict[str, Any]) -> Iterator[Console]:
    with served(folder, document) as client:
        control = Control(str(client.base_url).partition("/acme")[0], client)
        with opened(browser, control) as console:
            yield console


@pytest.mark.parametrize(
    "scheme",
    [
        {"type": "http", "scheme": "bearer"},
        {"type": "http", "scheme": "basic"},
        {"type": "apiKey", "in": "header", "name": "X-Token"},
        {"type": "apiKey", "in": "query", "name": "token"},
        {"type": "apiKey", "in": "cookie", "name": "token"},
        {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://acme.example/token", "scopes": {}}}},
        {"type": "openIdConnect", "openIdConnectUrl": "https://acme.example/openid"},
    ],
    ids=lambda scheme: scheme.get("scheme") or scheme.get("in") or scheme["type"],
)
def test_each_way_to_present_a_credential_is_filled_in(
    browser: Browser, tmp_path: Path, scheme: dict[str, Any]
) -> None:
    with own(browser, tmp_path, declared(scheme)) as console:
        expect(sent(operation(reference(console, "acme"), "get", "/tasks"))).to_contain_text("200")


HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> [a](javascript:alert(1)) "
    "Evidence: **assumed**, <b onclick=alert(1)>b</b>"
)


def test_nothing_in_a_document_runs(browser: Browser, tmp_path: Path) -> None:
    document = declared({"type": "http", "scheme": "bearer", "description": HOSTILE})
    document["info"] |= {"title": HOSTILE, "description": HOSTILE}
    document["components"]["schemas"]["Task"]["properties"]["title"]["description"] = HOSTILE
    for item in document["paths"].values():
        for one in (one for one in item.values() if isinstance(one, dict)):
            one |= {"summary": HOSTILE, "description": HOSTILE}
    with own(browser, tmp_path, document) as console:
        # The image; and what the browser says when the text is parsed, to be cleaned, in a document of its own.
        console.expected += ["404", "Executing inline event handler"]
        page = reference(console, "acme")
        sent(operation(page, "get", "/tasks"))
        assert not any("dialog" in problem for problem in console.problems)
        assert page.locator("script:not([src]), [onerror], [onclick], a[href^='javascript']").count() == 0


# GraphiQL


def test_graphiql_runs_a_query_with_the_sandboxes_credential(console: Console) -> None:
    page = graphiql(console, "{ listCustomIntegrations { integrations { name } } }")
    expect(page.locator(".result-window")).to_contain_text("Sample Integration 1")
    found = [one["operations"] for one in console.get("/journal")["exchanges"]]
    assert ["listCustomIntegrations"] in found


def test_graphiql_knows_the_schema_and_completes(console: Console) -> None:
    page = graphiql(console, "{ __typename }")
    page.get_by_label("Show Documentation Explorer").click()
    expect(page.locator(".graphiql-doc-explorer")).to_contain_text("mutation")


def test_graphiql_sends_the_headers_of_the_chosen_credential(console: Console) -> None:
    page = graphiql(console, "{ __typename }")
    console.expected.append("401")
    page.get_by_label("Credential").select_option("")
    page.locator(".graphiql-execute-button").click()
    expect(page.locator(".result-window")).to_contain_text("Missing API credentials")


# Tokens


@pytest.mark.parametrize("path", ["/_emulator/docs/secoda/", GRAPHQL])
def test_token_is_asked_for(browser: Browser, path: str) -> None:
    with controlled(control_token="secret") as (_, control), opened(browser, control) as console:
        console.expected.append("401")
        page = console.page
        page.goto(control.url + path)
        page.get_by_label("Token").fill("secret")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_label("Credential")).to_be_visible()
        assert "secret" not in page.url


def test_reference_of_the_control_api_sends_the_token(browser: Browser) -> None:
    with controlled(control_token="secret") as (_, control), opened(browser, control) as console:
        console.expected.append("401")
        console.page.goto(f"{control.url}/_emulator/docs/_emulator/")
        console.page.get_by_label("Token").fill("secret")
        console.page.get_by_role("button", name="Open").click()
        expect(sent(operation(console.page, "get", "/sandboxes"))).to_contain_text("200")


def test_token_of_a_sandbox_is_enough_for_its_page(browser: Browser) -> None:
    with controlled(control_token="secret") as (_, control):
        bearer = {"Authorization": "Bearer secret"}
        token = control.done("POST", "/sandboxes", json={"name": "alpha"}, headers=bearer)["token"]
        with opened(browser, control, "alpha") as console:
            console.expected.append("401")
            page = console.page
            # Another sandbox's page: the token leads to its own.
            page.goto(f"{control.url}/_emulator/docs/secoda/")
            page.get_by_label("Token").fill(token)
            page.get_by_role("button", name="Open").click()
            page.wait_for_url(f"{control.url}/~alpha/_emulator/docs/secoda/")
            expect(sent(operation(page, "get", "/integration/integrations"))).to_contain_text("200")
            # The tab keeps the token: the address of another sandbox leads to its own again.
            page.goto("about:blank")
            page.goto(f"{control.url}/_emulator/docs/celigo/")
            page.wait_for_url(f"{control.url}/~alpha/_emulator/docs/celigo/")
            # A browser that follows a link sends no token.
            page.get_by_role("link", name="OpenAPI").click()
            expect(page.locator("body")).to_contain_text("openapi")
            assert not page.url.startswith("http")


# The page of the control API


def test_guide_is_searched(console: Console) -> None:
    page = console.page
    page.goto(f"{console.control.url}/_emulator/docs")
    page.keyboard.press("/")
    page.keyboard.type("preview chance")
    expect(page.locator("#previewFault")).to_be_visible()
    expect(page.locator("#createSandbox")).to_be_hidden()
    expect(page.get_by_role("link", name="POST /sandboxes", exact=True)).to_be_hidden()
    page.get_by_label("Search").fill("no such words at all")
    expect(page.get_by_role("status")).to_be_visible()
    page.get_by_label("Search").fill("")
    expect(page.locator("#createSandbox")).to_be_visible()


# For all pages

GRAPHIQLS_OWN = {"nested-interactive"}
"""What GraphiQL does wrong itself: the button that closes a tab is inside the tab."""


def shown(console: Console, name: str) -> Page:
    """Show a page with something on it."""
    if name == "graphiql":
        page = graphiql(console, "{ listCustomIntegrations { integrations { name } } }")
        expect(page.locator(".result-window")).to_contain_text("Sample Integration 1")
    elif name == "guide":
        page = console.page
        page.goto(f"{console.control.url}/_emulator/docs#armFault")
    else:
        page = reference(console, name)
        if name == "secoda":
            sent(operation(page, "get", "/integration/integrations"))
            page.evaluate("scrollTo(0, 0)")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["secoda", "paradime", "_emulator", "graphiql", "guide"])
def test_page_can_be_read_by_all(browser: Browser, control: Control, name: str, width: str, scheme: str) -> None:
    options: dict[str, Any] = {"viewport": {"width": WIDTHS[width], "height": 900}, "color_scheme": scheme}
    with opened(browser, control, **options) as console:
        page = shown(console, name)
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"api-{name.strip('_')}-{width}-{scheme}.png", animations="disabled")
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
        found = Axe().run(page).response["violations"]
        serious = {
            one["id"]: [node["html"] for node in one["nodes"]]
            for one in found
            if one["impact"] in ("serious", "critical")
        }
        assert {id: nodes for id, nodes in serious.items() if id not in GRAPHIQLS_OWN or name != "graphiql"} == {}
