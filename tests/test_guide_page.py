"""The page /_emulator/docs: every route and schema of the control API, with fields, contents and commands."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

import httpx

from emulator.control import guide
from emulator.control.document import own_schemas
from emulator.control.fields import fields_of, own_schema
from tests.conftest import EmulatorUnderTest


def page_of(emulator: EmulatorUnderTest) -> httpx.Response:
    return httpx.get(f"{emulator.root}/_emulator/docs")


def section_of(page: str, id: str) -> str:
    """Return the text of a section."""
    (found,) = re.findall(rf'<section id="{id}">(.*?)</section>', page, re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", found))


def test_every_route_has_a_section_with_its_parameters_body_and_replies(emulator: EmulatorUnderTest) -> None:
    page = page_of(emulator).text
    for route in guide.routes():
        section = section_of(page, route.operation)
        assert f"{route.method}  /_emulator{route.path}" in section
        assert all(f" {one.name} " in section for one in route.parameters)
        assert all(f" {status} " in section for status in route.replies)
        assert ("Body:" in section) is bool(route.body)


def test_every_schema_has_a_section_with_its_fields(emulator: EmulatorUnderTest) -> None:
    page = page_of(emulator).text
    for file in own_schemas():
        section = section_of(page, f"schema-{file.removesuffix('.schema.json')}")
        assert own_schema(file)["title"] in section
        assert [field.name for field in fields_of(own_schema(file)) if f" {field.name} " not in section] == []


def test_a_field_is_described_with_type_default_and_example(emulator: EmulatorUnderTest) -> None:
    fault = re.sub(r"\s+", " ", section_of(page_of(emulator).text, "schema-fault"))
    assert "when.every whole number from 1 1 3 Each second, third … call." in fault
    assert "where object ( Where ) none" in fault


def test_contents_and_links_lead_somewhere(emulator: EmulatorUnderTest) -> None:
    response = page_of(emulator)
    ids = Counter(re.findall(r' id="([^"]+)"', response.text))
    links = {unescape(link) for link in re.findall(r'(?:href|src)="([^"]+)"', response.text)}
    assert set(ids.values()) == {1}
    assert {link[1:] for link in links if link.startswith("#")} <= ids.keys()
    assert {route.operation for route in guide.routes()} <= {link[1:] for link in links}
    others = sorted(link for link in links if not link.startswith("#"))
    assert "docs/_emulator/" in others
    assert [httpx.get(str(response.url.join(link))).status_code for link in others] == [200] * len(others)


def test_page_runs_nothing_inline(emulator: EmulatorUnderTest) -> None:
    response = page_of(emulator)
    assert response.headers.get_list("Cache-Control") == ["no-cache"]
    assert "script-src 'self'; style-src 'self'" in response.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]* src=)|<style| on[a-z]+=| style=", response.text)
