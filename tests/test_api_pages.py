"""The pages of APIs, as they are served: references of the APIs, GraphiQL. What they do in a browser: tests/browser."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import httpx
import pytest

from emulator.catalogue import Catalogue
from emulator.control.document import FOLDER
from tests.conftest import EmulatorUnderTest
from tests.control import controlled
from tests.own_vendor import crud, served
from tests.test_front_door import BROWSER

GRAPHQL = "/paradime/api/v1/company-token/graphql"
OWN_FILES = [*(FOLDER / "console" / "apis").glob("*.js"), FOLDER / "console" / "token.js"]


def links_of(page: httpx.Response) -> list[str]:
    """Return the addresses of what a page loads."""
    return [str(page.url.join(unescape(link))) for link in re.findall(r'(?:href|src)="([^"]+)"', page.text)]


@pytest.mark.parametrize("name", ["celigo", "immuta", "paradime", "secoda", "_emulator"])
@pytest.mark.parametrize("prefix", ["", "/~default"])
def test_each_api_has_a_reference_whose_parts_are_there(emulator: EmulatorUnderTest, prefix: str, name: str) -> None:
    page = httpx.get(f"{emulator.root}{prefix}/_emulator/docs/{name}/")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    links = links_of(page)
    assert any(link.endswith("/vendored/swagger-ui-bundle.js") for link in links)
    assert [httpx.get(link).status_code for link in links] == [200] * len(links)


def test_a_vendor_of_ones_own_has_one(tmp_path: Path) -> None:
    with served(tmp_path, crud()) as client:
        root = str(client.base_url).partition("/acme")[0]
        assert httpx.get(f"{root}/_emulator/docs/acme/").status_code == 200
        assert httpx.get(f"{root}/_emulator/docs/secoda/").status_code == 404


def test_address_without_its_slash_redirects(emulator: EmulatorUnderTest) -> None:
    response = httpx.get(f"{emulator.root}/~default/_emulator/docs/secoda", follow_redirects=True)
    assert (response.status_code, response.url.path) == (200, "/~default/_emulator/docs/secoda/")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/docs/acme/", 404),
        ("GET", "/docs/secoda/x", 404),
        ("GET", "/docs/", 404),
        ("POST", "/docs/secoda/", 404),
    ],
)
def test_other_addresses_are_unknown(emulator: EmulatorUnderTest, method: str, path: str, status: int) -> None:
    response = httpx.request(method, f"{emulator.root}/_emulator{path}")
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")


def test_unknown_api_names_the_known_ones(emulator: EmulatorUnderTest) -> None:
    detail = httpx.get(f"{emulator.root}/_emulator/docs/secodo/").json()["detail"]
    assert (
        detail
        == "Unknown API 'secodo'. Did you mean 'secoda'? Known APIs: celigo, immuta, paradime, secoda, _emulator."
    )


def test_reference_needs_no_token_and_shows_nothing_that_does() -> None:
    with controlled(control_token="secret") as (_, control):
        page = control.ask("GET", "/docs/secoda/")
        assert page.status_code == 200
        assert "secoda-token" not in page.text
        assert control.ask("GET", "/vendors/secoda/openapi.json").status_code == 401


def test_reference_may_load_nothing_from_elsewhere_and_run_nothing_inline(emulator: EmulatorUnderTest) -> None:
    for page in (
        httpx.get(f"{emulator.root}/_emulator/docs/secoda/"),
        httpx.get(emulator.root + GRAPHQL, headers=BROWSER),
    ):
        policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert not re.search(r"<script(?![^>]* src=)|<style| on[a-z]+=| style=", page.text)
        assert {httpx.URL(link).netloc for link in links_of(page)} == {httpx.URL(emulator.root).netloc}


@pytest.mark.parametrize(("prefix", "root"), [("", "/_emulator/"), ("/~default", "/~default/_emulator/")])
def test_a_browser_at_a_graphql_endpoint_gets_graphiql(emulator: EmulatorUnderTest, prefix: str, root: str) -> None:
    page = httpx.get(f"{emulator.root}{prefix}{GRAPHQL}", headers=BROWSER)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert f'data-root="{root}" data-vendor="paradime"' in page.text
    links = links_of(page)
    assert [httpx.get(link).status_code for link in links] == [200] * len(links)
    assert emulator.exchanges() == []


def test_every_address_of_the_endpoint_has_it(emulator: EmulatorUnderTest) -> None:
    for path in ("/paradime/graphql", "/paradime/api/v1/any-company/graphql"):
        assert "GraphiQL" in httpx.get(emulator.root + path, headers=BROWSER).text


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", GRAPHQL, {}),
        ("GET", GRAPHQL, {"Accept": "application/json"}),
        ("POST", GRAPHQL, BROWSER),
        ("GET", f"{GRAPHQL}?query={{__typename}}", BROWSER),
        ("GET", "/paradime/api/v1/company-token", BROWSER),
        ("GET", "/secoda/api/v1/graphql", BROWSER),
        ("GET", "/api/v1/company-token/graphql", {**BROWSER, "Host": "api.paradime.io"}),
        ("GET", GRAPHQL, {**BROWSER, "Host": "rebound.example"}),
    ],
)
def test_anything_else_is_a_call_to_the_vendor(
    emulator: EmulatorUnderTest, method: str, path: str, headers: dict[str, str]
) -> None:
    response = httpx.request(method, emulator.root + path, headers=headers)
    assert "GraphiQL" not in response.text
    assert response.status_code >= 400
    assert len(emulator.exchanges()) == 1


def test_a_vendors_port_has_it_but_its_host_has_not(catalogue: Catalogue) -> None:
    settings = {
        "vendor_ports": "paradime=0",
        "vendor_hosts": "paradime=paradime.test",
        "control_hosts": "paradime.test",
    }
    with controlled(catalogue, **settings) as (emulator, control):
        port = next(iter(emulator.ports.vendors))
        path = GRAPHQL.removeprefix("/paradime")
        page = httpx.get(f"http://127.0.0.1:{port}/~default{path}", headers=BROWSER)
        assert 'data-root="/~default/_emulator/"' in page.text
        assert [httpx.get(link).status_code for link in links_of(page)] == [200] * len(links_of(page))
        named = httpx.get(control.url + path, headers={**BROWSER, "Host": "paradime.test"})
        assert "GraphiQL" not in named.text


def test_behind_a_trusted_proxy_its_parts_are_below_the_prefix(catalogue: Catalogue) -> None:
    with controlled(catalogue, trust_forwarded=True) as (_, control):
        page = httpx.get(control.url + GRAPHQL, headers={**BROWSER, "X-Forwarded-Prefix": "/tools"})
    assert 'data-root="/tools/_emulator/"' in page.text


def test_own_scripts_never_make_html_of_text_and_are_small() -> None:
    for file in OWN_FILES:
        text = file.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text), file
        assert len(text.splitlines()) <= 300
