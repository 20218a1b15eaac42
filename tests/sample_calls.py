"""One read, one write and one call by id for each vendor, so that a test can be the same for all."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.conftest import EmulatorUnderTest

LIST = "{ listCustomIntegrations { ok integrations { uid name } } }"
ADD = 'mutation { addCustomIntegration(name: "New", nodeTypes: []) { ok integrationUid } }'
UPDATE = 'mutation { updateCustomIntegration(integrationUid: "abc123", name: "New") { ok } }'
COLUMNS = [{"name": "new", "dataType": "text", "remoteType": "text"}]

READS: dict[str, tuple[str, str, Any]] = {
    "acme": ("GET", "/things", None),
    "celigo": ("GET", "/integrations", None),
    "immuta": ("GET", "/dataSource", None),
    "paradime": ("POST", "", {"query": LIST}),
    "secoda": ("GET", "/integration/integrations", None),
}
WRITES: dict[str, tuple[str, str, Any]] = {
    "acme": ("POST", "/things", {"name": "New"}),
    "celigo": ("POST", "/integrations", {"name": "New"}),
    "immuta": ("POST", "/dictionary/1", {"metadata": COLUMNS}),
    "paradime": ("POST", "", {"query": ADD}),
    "secoda": ("POST", "/integration/integrations", {"name": "New"}),
}
BY_ID: dict[str, tuple[str, str, Any]] = {
    "acme": ("GET", "/things/a", None),
    "celigo": ("GET", "/integrations/5fc5e0e66cfe5b44bb95de70", None),
    "immuta": ("GET", "/dictionary/1", None),
    "paradime": ("POST", "", {"query": UPDATE}),
    "secoda": ("GET", "/integration/integrations/740904fe-e87d-44f8-8a91-b13631ff2812", None),
}
READ_OPERATION = {
    "acme": "listThings",
    "celigo": "listIntegrations",
    "immuta": "listDataSources",
    "paradime": "listCustomIntegrations",
    "secoda": "listIntegrations",
}
WRITE_OPERATION = {
    "acme": "createThing",
    "celigo": "createIntegration",
    "immuta": "createDictionary",
    "paradime": "addCustomIntegration",
    "secoda": "createIntegration",
}


def read(emulator: EmulatorUnderTest, vendor: str, **options: Any) -> httpx.Response:
    """List."""
    return _call(emulator, vendor, READS[vendor], options)


def write(emulator: EmulatorUnderTest, vendor: str, **options: Any) -> httpx.Response:
    """Write something named "New"; `written` says whether it was stored."""
    return _call(emulator, vendor, WRITES[vendor], options)


def begin(emulator: EmulatorUnderTest, vendor: str, calls: Mapping[str, tuple[str, str, Any]] = READS) -> socket.socket:
    """Send a call and return the connection, nothing read from it."""
    method, path, body = calls[vendor]
    request = httpx.Request(method, emulator.url(vendor) + path, headers=emulator.headers(vendor), json=body)
    lines = [f"{method} {request.url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    connection = socket.create_connection((request.url.host, request.url.port or 80), timeout=60)
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + request.content)
    return connection


def by_id(emulator: EmulatorUnderTest, vendor: str, **options: Any) -> httpx.Response:
    """Call for one record of the fixtures."""
    return _call(emulator, vendor, BY_ID[vendor], options)


def written(emulator: EmulatorUnderTest, vendor: str) -> int:
    """Return how often `write` has written."""
    if vendor == "immuta":
        return sum(one["metadata"] == COLUMNS for one in emulator.records("immuta.dictionaries"))
    name = "things" if vendor == "acme" else "integrations"
    return sum(one["name"] == "New" for one in emulator.records(f"{vendor}.{name}"))


def query(emulator: EmulatorUnderTest, text: str, **variables: Any) -> Any:
    """Return the body that Paradime answers to a GraphQL document."""
    response = emulator.call("paradime", "POST", json={"query": text, "variables": variables})
    assert response.status_code == 200, response.text
    return response.json()


def _call(
    emulator: EmulatorUnderTest, vendor: str, sample: tuple[str, str, Any], options: dict[str, Any]
) -> httpx.Response:
    method, path, document = sample
    return emulator.call(vendor, method, path, **({} if document is None else {"json": document}), **options)
