"""What is at the root of the emulator: the console for a browser, a problem for everybody else."""

from __future__ import annotations

import re

import httpx
import pytest

from emulator.catalogue import Catalogue
from emulator.transport.preference import prefers_page
from tests.conftest import EmulatorUnderTest
from tests.control import controlled

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        (BROWSER["Accept"], True),
        ("text/html", True),
        ("TEXT/HTML ; charset=utf-8", True),
        ("application/json;q=0.8, text/html;q=0.9", True),
        ("text/html, */*;q=0.5, application/json;q=0.1", True),
        ("", False),
        ("*/*", False),
        ("text/*", False),
        ("application/json", False),
        ("application/json, text/html", False),
        ("text/html;q=0.5, application/graphql-response+json", False),
        ("text/html, */*", False),
        ("text/html;q=0", False),
        ("text/html;q=much", False),
        ("application/json, text/html;q=0.9, */*;q=0.8", False),
    ],
)
def test_a_page_is_preferred_if_it_is_named_and_before_json(accept: str, is_page: bool) -> None:
    assert prefers_page({"Accept": accept} if accept else {}) is is_page


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", "/_emulator/console/"),
        ("/?from=bookmark", "/_emulator/console/"),
        ("/~default", "/~default/_emulator/console/"),
        ("/~default/", "/~default/_emulator/console/"),
        ("/%7Edefault/", "/%7Edefault/_emulator/console/"),
    ],
)
def test_a_browser_at_the_root_is_led_to_the_console(emulator: EmulatorUnderTest, path: str, location: str) -> None:
    response = httpx.get(f"{emulator.root}{path}", headers=BROWSER)
    assert (response.status_code, response.headers["Location"]) == (302, location)
    assert (response.headers["Vary"], response.headers["Cache-Control"]) == ("Accept", "no-store")
    assert httpx.get(f"{emulator.root}{path}", headers=BROWSER, follow_redirects=True).status_code == 200
    assert emulator.exchanges() == []


@pytest.mark.parametrize("path", ["/", "/~default/"])
def test_other_clients_at_the_root_get_a_problem_whose_links_work(emulator: EmulatorUnderTest, path: str) -> None:
    response = httpx.get(f"{emulator.root}{path}")
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/problem+json")
    detail = response.json()["detail"]
    links = re.findall(r"GET (/[^ ,;]*)", detail)
    assert len(links) == 2, detail
    assert [httpx.get(f"{emulator.root}{link}").status_code for link in links] == [200, 200]
    assert all(f"/{vendor}/" in detail for vendor in emulator.catalogue.vendors)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/"), ("GET", "/favicon.ico"), ("GET", "/~nowhere/"), ("GET", "/celigo/")]
)
def test_nothing_else_leads_a_browser_to_the_console(emulator: EmulatorUnderTest, method: str, path: str) -> None:
    assert httpx.request(method, f"{emulator.root}{path}", headers=BROWSER).status_code == 404


@pytest.mark.parametrize("host", ["", "api.secoda.co", "secoda.test"])
def test_a_vendors_root_is_the_vendors_also_for_a_browser(catalogue: Catalogue, host: str) -> None:
    settings = {"vendor_ports": "celigo=0", "vendor_hosts": "secoda=secoda.test", "control_hosts": "secoda.test"}
    with controlled(catalogue, **settings) as (emulator, control):
        port = next(iter(emulator.ports.vendors))
        url, named = (control.url, {"Host": host}) if host else (f"http://127.0.0.1:{port}", {})
        by_browser, by_script = httpx.get(url, headers={**BROWSER, **named}), httpx.get(url, headers=named)
    assert (by_browser.status_code, by_browser.content) == (404, by_script.content)
    assert b"Unknown path" not in by_script.content


def test_a_foreign_host_is_not_led_to_a_page_that_refuses_it(emulator: EmulatorUnderTest) -> None:
    response = httpx.get(emulator.root, headers={**BROWSER, "Host": "example.com"})
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/problem+json")


def test_behind_a_trusted_proxy_the_console_is_below_its_prefix(catalogue: Catalogue) -> None:
    forwarded = {"X-Forwarded-Prefix": "/emulator", "X-Forwarded-Host": "tools.example"}
    with controlled(catalogue, trust_forwarded=True) as (_, control):
        response = httpx.get(control.url, headers={**BROWSER, **forwarded})
    assert response.headers["Location"] == "/emulator/_emulator/console/"
