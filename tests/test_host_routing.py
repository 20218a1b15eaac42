"""The vendors' own names reach the vendors: in Host, in absolute-form targets, through a client's proxy setting."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.errors import ConfigurationError
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.conftest import EmulatorUnderTest
from tests.control import Control, controlled
from tests.sample_calls import LIST

HOSTS = {
    "api.paradime.io": "paradime",
    "api.us.paradime.io": "paradime",
    "api.secoda.co": "secoda",
    "eapi.secoda.co": "secoda",
    "aapi.secoda.co": "secoda",
    "app.secoda.co": "secoda",
    "api.secoda.com": "secoda",
    "customer.secoda.co": "secoda",
    "demo.immuta.com": "immuta",
    "another-tenant.immuta.com": "immuta",
    "demo.cloud.immuta.com": "immuta",
    "demo.hosted.immutacloud.com": "immuta",
    "api.integrator.io": "celigo",
    "api.eu.integrator.io": "celigo",
}
OPERATIONS = {
    "celigo": ("GET", "/v1/integrations", None),
    "immuta": ("GET", "/dictionary/1", None),
    "paradime": ("POST", "/api/v1/any-company/graphql", json.dumps({"query": LIST})),
    "secoda": ("GET", "/api/v1/integration/integrations", None),
}
BELOW_BASE_URL = {
    "celigo": "/integrations",
    "immuta": "/dictionary/1",
    "paradime": "",
    "secoda": "/integration/integrations",
}
OWN_HOST = {"Host": "integrator.example.com:4070", "Authorization": "Bearer celigo-token"}
INTEGRATION = "5fc5e0e66cfe5b44bb95de70"


def ask(
    emulator: EmulatorUnderTest, method: str, target: str, host: str, headers: dict[str, str], body: str | None = None
) -> tuple[int, Any, http.client.HTTPMessage]:
    """Send a request whose target and Host are exactly these; return status, JSON and headers."""
    address = urlsplit(emulator.root)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    headers = headers | {"Host": host} | ({"Content-Type": "application/json"} if body else {})
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read()), response.headers
    finally:
        connection.close()


def test_hosts_are_those_of_the_contracts(catalogue: Catalogue) -> None:
    promised = {(host, name) for name, contract in catalogue.contracts.items() for host in contract.hosts}
    exact = {host for host, _ in promised if "*" not in host}
    tested = {(host if host in exact else f"*.{host.partition('.')[2]}", vendor) for host, vendor in HOSTS.items()}
    assert tested == promised


@pytest.mark.parametrize("spelled", ["{}", "{}:80", "{}:4070", "{}.", "{}.:443", "{upper}", "{upper}:443"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_vendors_host_has_the_vendors_paths_at_its_root(emulator: EmulatorUnderTest, host: str, spelled: str) -> None:
    vendor = HOSTS[host]
    method, path, body = OPERATIONS[vendor]
    status, _, _ = ask(emulator, method, path, spelled.format(host, upper=host.upper()), emulator.headers(vendor), body)
    assert status == 200
    exchange = emulator.exchanges()[-1]
    assert (exchange.vendor, len(exchange.operations)) == (vendor, 1)


def test_a_setting_adds_names(catalogue: Catalogue) -> None:
    settings = {"port": 0, "vendor_hosts": "celigo=Integrator.Example.COM., immuta=*.data.example.com"}
    with controlled(catalogue, **settings) as (own, control):
        assert control.client.get(f"{control.url}/v1/integrations", headers=OWN_HOST).status_code == 200
        described = control.done("GET", "/sandboxes/default")["vendors"]
        assert "integrator.example.com" in described["celigo"]["hosts"]
        assert "*.data.example.com" in own.hosts.patterns


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            "celgo=a.example.com",
            "unknown vendor 'celgo'. Did you mean 'celigo'? Known vendors: celigo, immuta, paradime, secoda",
        ),
        ("celigo", "expected VENDOR=HOST, such as"),
        ("celigo=http://a", "expected VENDOR=HOST, such as"),
        ("celigo=a.*.b", "expected VENDOR=HOST, such as"),
        ("celigo=a.example.com..", "expected VENDOR=HOST, such as"),
        ("celigo=localhost", "localhost serves all vendors; to serve one at the root of a port, set vendor_ports"),
        ("celigo=LOCALHOST.", "localhost serves all vendors; "),
        ("celigo=127.0.0.1", "127.0.0.1 serves all vendors; "),
        ("celigo=host.docker.internal", "host.docker.internal serves all vendors; "),
        (
            "celigo=a.example.com,immuta=A.example.com.",
            "vendor_hosts and contracts: the host a.example.com has both celigo and immuta; keep one",
        ),
        (
            "celigo=api.secoda.co",
            "vendor_hosts and contracts: the host api.secoda.co has both secoda and celigo; keep one",
        ),
    ],
)
def test_an_invalid_name_is_refused(catalogue: Catalogue, entry: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(sentence)):
        Emulator(read_settings({"vendor_hosts": entry}), catalogue)


@pytest.mark.parametrize("host", ["immuta.com", "a.b.immuta.com", "api.secoda.co.example.com", "example.com", ""])
def test_other_hosts_belong_to_no_vendor(emulator: EmulatorUnderTest, host: str) -> None:
    status, problem, _ = ask(emulator, "GET", "/dictionary/1", host, emulator.headers("immuta"))
    assert status == 404
    assert problem["detail"].startswith("Unknown path /dictionary/1: the vendors are below /")


@pytest.mark.parametrize("host", HOSTS)
def test_an_absolute_target_names_the_host_whatever_host_says(emulator: EmulatorUnderTest, host: str) -> None:
    vendor = HOSTS[host]
    method, path, body = OPERATIONS[vendor]
    target = f"http://{host}{path}"
    assert ask(emulator, method, target, "example.com", emulator.headers(vendor), body)[0] == 200
    assert ask(emulator, method, f"http://example.com{path}", host, emulator.headers(vendor), body)[0] == 404


def test_an_absolute_target_without_a_path_is_the_root(emulator: EmulatorUnderTest) -> None:
    status, body, _ = ask(emulator, "GET", "http://demo.immuta.com", "", {})
    assert (status, body["statusCode"]) == (404, 404)


@pytest.mark.parametrize("target", [b"*", b"http://api.secoda.co/%zz", b"http://u:p@api.secoda.co/"])
def test_odd_targets_get_a_reply_without_an_internal_error(emulator: EmulatorUnderTest, target: bytes) -> None:
    address = urlsplit(emulator.root)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=60) as connection:
        connection.sendall(b"OPTIONS " + target + b" HTTP/1.1\r\nHost: api.secoda.co\r\nConnection: close\r\n\r\n")
        response = connection.makefile("rb").readline()
    assert 400 <= int(response.split()[1]) < 500


@pytest.mark.parametrize("host", HOSTS)
def test_the_control_api_is_not_below_a_vendors_host(emulator: EmulatorUnderTest, host: str) -> None:
    for target, said in (("/_emulator/health", host), (f"http://{host}/_emulator/health", "localhost")):
        status, problem, _ = ask(emulator, "GET", target, said, {})
        assert status == 403
        assert problem["detail"] == f"The control API does not accept the host {host!r}; add it to control_hosts."


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", ["/{}", "/~default/{}", "/{}?x=1", "/%7Edefault/{}"])
@pytest.mark.parametrize("vendor", OPERATIONS)
def test_a_vendors_bare_root_is_its_unknown_path(
    emulator: EmulatorUnderTest, vendor: str, path: str, method: str
) -> None:
    before = len(emulator.exchanges())
    at_root, beyond = (
        httpx.request(method, emulator.root + target) for target in (path.format(vendor), f"/{vendor}/no/such/path")
    )
    assert at_root.status_code == beyond.status_code == 404
    assert at_root.headers["content-type"] == beyond.headers["content-type"]
    assert at_root.text == beyond.text.replace("/no/such/path", "/")
    assert [exchange.operations for exchange in emulator.exchanges()[before:]] == [(), ()]


@pytest.mark.parametrize("prefix", ["/~default", "/%7Edefault", "/%7edefaul%74"])
@pytest.mark.parametrize("root", ["/secoda", "/%73ecoda"])
def test_a_prefix_may_be_percent_encoded(emulator: EmulatorUnderTest, prefix: str, root: str) -> None:
    path = f"{prefix}{root}/api/v1/integration/integrations?page_size=1"
    status, page, _ = ask(emulator, "GET", path, "localhost", emulator.headers("secoda"))
    assert status == 200
    assert page["links"]["next"].startswith(f"http://localhost{prefix}{root}/api/v1/")


@pytest.mark.parametrize("path", ["/_emulatorX", "/_emulator_/health", "/_emulatorhealth"])
def test_what_only_begins_like_the_control_api_is_nothing(emulator: EmulatorUnderTest, path: str) -> None:
    status, problem, _ = ask(emulator, "GET", path, "localhost", {})
    assert (status, problem["detail"].partition(":")[0]) == (404, f"Unknown path {path}")


def test_the_control_api_may_be_percent_encoded(emulator: EmulatorUnderTest) -> None:
    assert ask(emulator, "GET", "/%5Femulator/health", "localhost", {})[0] == 200


LINKED = ["api.secoda.co", "eapi.secoda.co:8080", "APP.secoda.co"]


@pytest.mark.parametrize("host", LINKED)
@pytest.mark.parametrize("target", ["{path}", "http://{host}{path}"])
def test_secodas_next_link_carries_the_host_that_was_called(
    emulator: EmulatorUnderTest, host: str, target: str
) -> None:
    path = "/api/v1/integration/integrations?page_size=1"
    _, page, _ = ask(emulator, "GET", target.format(path=path, host=host), host, emulator.headers("secoda"))
    assert page["links"]["next"].lower() == f"http://{host.lower()}/api/v1/integration/integrations?page=2&page_size=1"


@pytest.mark.parametrize("host", ["api.integrator.io", "api.eu.integrator.io:8080"])
def test_celigos_links_carry_the_host_that_was_called(emulator: EmulatorUnderTest, host: str) -> None:
    headers = emulator.headers("celigo")
    _, _, answered = ask(emulator, "GET", "/v1/integrations?limit=1", host, headers)
    assert answered["Link"].startswith(f"<http://{host}/v1/integrations?")
    _, document, _ = ask(emulator, "POST", f"/v1/integrations/{INTEGRATION}/template", host, headers)
    assert document["signedURL"].startswith(f"http://{host}/v1/integrator-templates/")


def test_an_absolute_target_of_the_emulator_itself_keeps_its_port(emulator: EmulatorUnderTest) -> None:
    target = f"{emulator.url('secoda')}/integration/integrations?page_size=1"
    _, page, _ = ask(emulator, "GET", target, "example.com", emulator.headers("secoda"))
    assert page["links"]["next"].startswith(f"{emulator.url('secoda')}/integration/integrations?page=2")


def test_requests_follows_the_links_through_the_emulator_as_its_proxy(emulator: EmulatorUnderTest) -> None:
    with requests.Session() as session:
        session.proxies = {"http": emulator.root}
        session.headers.update(emulator.headers("secoda"))
        page = session.get("http://api.secoda.co/api/v1/integration/integrations?page_size=1").json()
        following = session.get(page["links"]["next"]).json()
        assert (page["meta"]["page"], following["meta"]["page"]) == (1, 2)
        session.headers.update(emulator.headers("celigo"))
        link = session.post(f"http://api.integrator.io/v1/integrations/{INTEGRATION}/template").json()["signedURL"]
        assert session.get(link).content.startswith(b"PK")


def test_curl_reaches_a_vendor_through_the_emulator_as_its_proxy(emulator: EmulatorUnderTest) -> None:
    url = "http://demo.immuta.com/dictionary/1"
    [header] = [f"{name}: {value}" for name, value in emulator.headers("immuta").items()]
    done = subprocess.run(
        ["curl", "-sS", "-x", emulator.root, "-H", header, url], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["dataSource"] == 1


FORWARDED = [
    ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "emulator.example.com"}, "https://emulator.example.com"),
    ({"X-Forwarded-Proto": "https, http", "X-Forwarded-Host": "a.example:8443, b"}, "https://a.example:8443"),
    ({"X-Forwarded-Proto": "HTTPS"}, "https://localhost"),
    ({"X-Forwarded-Host": "a.example", "X-Forwarded-Prefix": "/emu/"}, "http://a.example/emu"),
    ({"Forwarded": 'for=192.0.2.1;proto=https;host="a.example:444", for=10.0.0.1'}, "https://a.example:444"),
    (
        {"X-Forwarded-Proto": "javascript", "X-Forwarded-Host": 'a"/><b', "X-Forwarded-Prefix": "//x"},
        "http://localhost",
    ),
    ({}, "http://localhost"),
]


@pytest.fixture(scope="module")
def trusting(catalogue: Catalogue) -> Iterator[Control]:
    with controlled(catalogue, trust_forwarded=True) as (_, control):
        yield control


@pytest.mark.parametrize(("headers", "url"), FORWARDED)
def test_links_and_base_urls_are_what_a_trusted_proxy_says(
    trusting: Control, emulator: EmulatorUnderTest, headers: dict[str, str], url: str
) -> None:
    headers = headers | {"Host": "localhost"}
    path = "/secoda/api/v1/integration/integrations?page_size=1"
    page = httpx.get(trusting.url + path, headers=headers | emulator.headers("secoda")).json()
    assert page["links"]["next"].startswith(f"{url}/secoda/api/v1/")
    described = httpx.get(f"{trusting.url}/_emulator/sandboxes/default", headers=headers).json()
    assert described["vendors"]["celigo"]["base_url"] == f"{url}/celigo/v1"


def test_a_proxy_is_not_trusted_unless_asked(emulator: EmulatorUnderTest) -> None:
    page = emulator.call("secoda", "GET", "/integration/integrations?page_size=1", headers=FORWARDED[0][0]).json()
    assert page["links"]["next"].startswith(emulator.root)


def test_a_trusted_proxy_may_name_a_vendors_host(trusting: Control, emulator: EmulatorUnderTest) -> None:
    headers = {"X-Forwarded-Host": "api.integrator.io", **emulator.headers("celigo")}
    assert httpx.get(f"{trusting.url}/v1/integrations", headers=headers).status_code == 200


def test_a_proxys_headers_open_no_control_api(trusting: Control) -> None:
    headers = {"Host": "rebound.example", "X-Forwarded-Host": "localhost"}
    assert httpx.get(f"{trusting.url}/_emulator/health", headers=headers).status_code == 403


def test_a_vendor_is_at_the_root_of_its_own_port(catalogue: Catalogue, emulator: EmulatorUnderTest) -> None:
    settings = read_settings({"port": 0, "access_log": False, "vendor_ports": "celigo=0,immuta=0"})
    with ThreadedServer(Emulator(settings, catalogue)) as running:
        celigo, immuta = running.server.vendor_url("celigo"), running.server.vendor_url("immuta")
        listed = httpx.get(f"{celigo}/v1/integrations?limit=1", headers=emulator.headers("celigo"))
        assert listed.status_code == 200
        assert listed.headers["link"].startswith(f"<{celigo}/v1/integrations?")
        assert httpx.get(f"{immuta}/dictionary/1", headers=emulator.headers("immuta")).status_code == 200
        assert httpx.get(f"{immuta}/v1/integrations", headers=emulator.headers("celigo")).status_code == 404
        assert httpx.get(f"{celigo}/~default/v1/integrations", headers=emulator.headers("celigo")).status_code == 200
        assert httpx.get(f"{celigo}/_emulator/ready").status_code == 200
        assert running.server.vendor_url("secoda") is None


def test_base_urls_lead_to_every_vendor_from_every_port(catalogue: Catalogue) -> None:
    ports = ",".join(f"{vendor}=0" for vendor in catalogue.vendors)
    settings = read_settings({"port": 0, "access_log": False, "vendor_ports": ports})
    with ThreadedServer(Emulator(settings, catalogue)) as running, httpx.Client() as client:
        main = running.server.url
        client.post(f"{main}/_emulator/sandboxes", json={"name": "alpha"}).raise_for_status()
        roots = {"": main, **{vendor: running.server.vendor_url(vendor) for vendor in catalogue.vendors}}
        for own, root in roots.items():
            described = client.get(f"{root}/_emulator/sandboxes/alpha").json()["vendors"]
            for vendor, contract in catalogue.contracts.items():
                at_root = f"{root}/~alpha{contract.base_path.removeprefix(f'/{own}')}"
                url = described[vendor]["base_url"]
                assert url == (at_root if vendor == own else f"{main}/~alpha{contract.base_path}")
                method, _, body = OPERATIONS[vendor]
                headers = {**described[vendor]["headers"], "Content-Type": "application/json"}
                response = client.request(method, url + BELOW_BASE_URL[vendor], headers=headers, content=body)
                assert response.status_code == 200, url
        by_default = client.get(f"{roots['celigo']}/_emulator/sandboxes/default").json()["vendors"]
        assert by_default["celigo"]["base_url"] == f"{roots['celigo']}/v1"


def test_base_urls_by_a_vendors_own_host_lead_to_every_vendor(catalogue: Catalogue) -> None:
    settings = {"vendor_hosts": "celigo=celigo.test", "control_hosts": "celigo.test"}
    with controlled(catalogue, **settings) as (_, control):
        described = control.done("GET", "/sandboxes/default", headers={"Host": "celigo.test"})["vendors"]
        assert {vendor: one["base_url"] for vendor, one in described.items()} == {
            "celigo": "http://celigo.test/v1",
            "immuta": f"{control.url}/immuta",
            "paradime": f"{control.url}{catalogue.contracts['paradime'].base_path}",
            "secoda": f"{control.url}/secoda/api/v1",
        }


def test_the_pages_commands_call_a_port_with_all_vendors(catalogue: Catalogue) -> None:
    settings = read_settings({"port": 0, "access_log": False, "vendor_ports": "celigo=0"})
    with ThreadedServer(Emulator(settings, catalogue)) as running:
        page = httpx.get(f"{running.server.vendor_url('celigo')}/_emulator/docs").text
        host = running.server.url.removeprefix("http://")
        assert f"{host}/secoda/api/v1/integration/integrations" in page


def test_a_port_for_no_vendor_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(ConfigurationError, match=r"vendor_ports: unknown vendor 'acme'\. Known vendors: celigo"):
        Emulator(read_settings({"vendor_ports": "acme=4072"}), catalogue)
    for entry in ("celigo=70000", f"celigo={'9' * 5000}"):
        with pytest.raises(ConfigurationError, match="expected VENDOR=PORT"):
            read_settings({"vendor_ports": entry})


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ("celigo=45032,celigo=45033", "vendor_ports: the vendor celigo has both 45032 and 45033; keep one"),
        ("celigo=45032,immuta=45032", "vendor_ports: the port 45032 has both celigo and immuta; keep one"),
    ],
)
def test_ports_that_contradict_themselves_are_refused(catalogue: Catalogue, entries: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        Emulator(read_settings({"vendor_ports": entries}), catalogue)


def test_every_address_of_ipv6_takes_ipv4_too(catalogue: Catalogue) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("2026-11-27: this machine has no IPv6 that takes IPv4")
    with controlled(catalogue, host="::") as (_, control):
        port = urlsplit(control.url).port
        for address in ("127.0.0.1", "[::1]"):
            assert httpx.get(f"http://{address}:{port}/_emulator/ready").status_code == 200
