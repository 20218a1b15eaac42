"""Credentials never come out again: each place where one can be has its own, and all outputs are searched."""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.client.exchanges import exchange_of
from emulator.journal.entry import Exchange
from emulator.server.access_log import json_line, text_line
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from emulator.testing.report import journal_lines, unexpected_calls
from tests.control import Control, controlled
from tests.test_console_log import NOON

SECODA = "/secoda/api/v1/integration/integrations"
CELIGO = "/celigo/v1/integrations"
PARADIME = "/paradime/graphql"
PAIR = {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret"}
TOKENS = {"secoda": "secoda-token", "celigo": "celigo-token", "immuta": "immuta-token"}

NAMES = (
    *(
        "token",
        "api_key",
        "clientSecret",
        "password",
        "passwd",
        "pwd",
        "db_pass",
        "passphrase",
        "auth",
        "jwt",
        "session",
    ),
    *("sid", "otp", "pin", "sig", "signature", "credentials", "privateKey", "authtoken", "cookie"),
    "X-Amz-Credential",
)
PEM = "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----"
SHAPED = (
    "Bearer {}",
    "see Authorization: Digest username=a, response={}",
    "postgres://u:{}@host/db",
    PEM,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{}",
    "https://host/x?a=1&access_token={}",
    "https://host/token/{}/x",
    "/password/{}/reset",
    "http://host/?next=http%3A%2F%2Fh%2F%3Ftoken%3D{}",
    '{{"deep": [{{"secret": "{}"}}]}}',
    "run --password {} --quiet",
    "<soap:Password>{}</soap:Password>",
    "{{'apiKey': '{}'}}",
)


@dataclass
class Plants:
    """Secrets by number, and where each was planted."""

    client: httpx.Client
    url: str
    places: list[str] = field(default_factory=list)

    def new(self, place: str) -> str:
        """Return a secret of one's own for a place."""
        self.places.append(place)
        return f"S3KR1T-{len(self.places):03d}-x9"

    def found_in(self, text: str) -> list[str]:
        """Return the places whose secrets are in the text."""
        return sorted({self.places[int(number) - 1] for number in re.findall(r"S3KR1T-(\d{3})", text)})

    def send(self, method: str, path: str, **options: Any) -> None:
        """Make a call, with the right credential unless there is another."""
        vendor = path.split("/")[1]
        headers = PAIR if vendor == "paradime" else {"Authorization": f"Bearer {TOKENS[vendor]}"}
        self.client.request(
            method, self.url + path, **{**options, "headers": {**headers, **options.get("headers", {})}}
        )

    def raw(self, content: bytes) -> None:
        """Send bytes as they are, and read until the end."""
        address = urlsplit(self.url)
        with socket.create_connection((address.hostname or "", address.port or 0), 5) as connection:
            connection.settimeout(0.3)
            connection.sendall(content)
            with suppress(TimeoutError, ConnectionError):
                while connection.recv(65536):
                    pass


def plant_heads(plants: Plants) -> None:
    """Headers, cookies, queries and paths."""
    for scheme in ("Bearer ", "Basic ", "Token ", ""):
        plants.send("GET", SECODA, headers={"Authorization": scheme + plants.new(f"header Authorization {scheme}")})
    for name in (
        "X-API-KEY",
        "X-Api-Secret",
        "Proxy-Authorization",
        "Cookie",
        "X-Auth-Token",
        "X-Session",
        "X-Sig",
        "Sid",
    ):
        plants.send("GET", SECODA, headers={name: plants.new(f"header {name}")})
    for shape in SHAPED:
        value = shape.format(plants.new(f"header with {shape}")).replace("\n", " ")
        plants.send("GET", CELIGO, headers={"X-Note": value, "Content-Type": f"text/x; a={quote(value)}"})
    for name in (*NAMES, "token[]", "filter[token]", "user.token", "tok%65n", "next[auth]"):
        plants.send("GET", f"{SECODA}?{name}={plants.new(f'query {name}')}")
    for shape in SHAPED:
        plants.send("GET", CELIGO, params={"q": shape.format(plants.new(f"query with {shape}"))})
    for base in (SECODA, CELIGO, "/immuta/dictionary", "/immuta/bim", "/secoda", "/celigo"):
        for path in ("/token/{}", "/password/{}/reset", "/apikey/{}", "/x;token={}", "/token={}", "/t%6Fken/{}"):
            plants.send("GET", base + path.format(plants.new(f"path {base}{path}")))
    for path in (
        *("/paradime/api/v1/{}/graphql", "/paradime/api/v2/{}/graphql", "/paradime/{}/graphql", "/paradime/{}"),
        *("/paradime/%61pi/v1/{}/graphql", "/paradime/api%2Fv1/{}/graphql", "/paradime/api/v1/{}%2Fgraphql"),
    ):
        plants.send("POST", path.format(plants.new(f"path {path}")), json={"query": "{x}"})
    plants.send("GET", f"/paradime/v1/api/{plants.new('path of no kind')}/x/y")


def plant_bodies(plants: Plants) -> None:
    """JSON, forms, multipart, XML, texts, and what is cut or broken."""
    for name in NAMES:
        value = plants.new(f"JSON {name}")
        plants.send("POST", SECODA, json={"name": "W", name: value, "config": [{"x": {name: [value]}}]})
        plants.send("POST", CELIGO, json={"name": {name: plants.new(f"JSON of the wrong type, {name}")}})
        form = f"a=1&{name}={plants.new(f'form {name}')}"
        plants.send("POST", SECODA, content=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
        data = {name: plants.new(f"multipart {name}")}
        plants.send("POST", "/secoda/api/v1/integration/dbt/manifest/", files={"manifest_file": b"{}"}, data=data)
        for broken in ('{{"name": 1, "{}": "{}', "{{'{}': '{}', }}", "{{{}: {},,}}"):
            content = broken.format(name, plants.new(f"broken JSON {name} {broken}"))
            plants.send("POST", CELIGO, content=content, headers={"Content-Type": "application/json"})
    for shape in SHAPED:
        plants.send(
            "POST", CELIGO, json={"name": "W", "settings": {"note": shape.format(plants.new(f"JSON: {shape}"))}}
        )
        text = shape.format(plants.new(f"text: {shape}"))
        plants.send("POST", SECODA, content=text, headers={"Content-Type": "text/plain"})
    for name in ("Authorization", "X-Api-Key", "password"):
        pair = {"value": plants.new(f"pair {name}"), "name": name}
        plants.send(
            "POST", CELIGO, json={"name": "W", "settings": {"headers": [pair]}, "_registeredConnectionIds": [pair]}
        )
    for path in ("/settings/token", "/settings/auth/value", "/settings/a~1pwd"):
        patch = [{"op": "add", "path": path, "value": plants.new(f"patch {path}")}]
        plants.send("PATCH", f"{CELIGO}/6390e1d5f00d4a0012345678", json=patch)
    plants.send("POST", "/immuta/bim/apikey/authenticate", json={"apikey": plants.new("apikey")})
    escaped = '{"name": "W", "p\\u0061ssword": "%s"}' % plants.new("escaped key")  # noqa: UP031 - braces
    plants.send("POST", CELIGO, content=escaped, headers={"Content-Type": "application/json"})


def plant_corrupted(plants: Plants) -> None:
    """Bodies that do not parse, or not as their content type says: each with its own kind of damage."""
    kinds = (
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "",
    )
    for shape in (
        '{{"a": [{{"b": "{{", "token": {{"c": ["{}"',
        '{{"name": "W", /* token */ "x": "{}"}}',
        '{{"value": "{}", "name": "Authorization"',
        '{{"token" "{}"}}',
        '{{"pin": null, "token": null "{}"}}',
        '{{"token": "{}", "token": null}}',
        '{{"a": {{"token": "{}"}}, "a": 1}}',
        '\ufeff{{"to\\u006ben": "a\\"b{}"',
        '{{"to%6ben": "{}"',
        '{{"name": "x\\npwd: {}',
        '{{"a": 1}}\n{{"token": "{}"}}\n{{"b"',
        '[{{"token": "{}"}}, NaN]',
        "{{'token': 'it''s {}'}}",
        "a=1&token=null {}&b=2",
        "token%3D{}",
        '--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n{}\r\n--b',
        '{{"token": "' + "x" * 70_000 + '{}"}}',
    ):
        for kind in kinds:
            content = shape.format(plants.new(f"corrupted {shape[:60]} as {kind}")).encode()
            plants.send("POST", SECODA, content=content, headers={"Content-Type": kind})


def plant_graphql(plants: Plants) -> None:
    """Documents and variables."""
    for document in (
        'mutation {{ login(password: "{}") {{ ok }} }}',
        'mutation {{ login(input: {{deep: [{{token: "{}"}}]}}) {{ ok }} }}',
        'mutation {{ login(pin: """{}""") {{ ok }} }}',
        'query ($token: String = "{}") {{ listCustomIntegrations {{ ok }} }}',
        'mutation ($x: String = "{}") {{ login(apiKey: $x) {{ ok }} }}',
        '{{ x(a: "Bearer {}") }}',
        '{{ listCustomIntegrations(secret: "{}") {{ ok }} }}',
        "mutation {{ addCustomIntegration(token: {}) {{ ok }} }}",
        'mutation {{ addCustomIntegration(token: {}"',
        'mutation {{ login(password # as they say\n : "{}") {{ ok }} }}',
        'mutation {{ login(headers: [{{value: "{}", name: "Authorization"}}]) {{ ok }} }}',
        'query ($x: String = "{}") {{ login(apiKey: $x) {{ ok }}',
        'query {{ login(pin: """a \\""" {} # """) {{ ok }} }}',
        '# token: "{}"\n{{ listCustomIntegrations {{ ok }} }}',
    ):
        secret = plants.new(f"GraphQL {document}")
        plants.send("POST", PARADIME, json={"query": document.format(secret)})
        plants.send("POST", PARADIME, content=document.format(secret), headers={"Content-Type": "application/graphql"})
    bound = "mutation($x: String) { login(password: $x) { ok } }"
    plants.send("POST", PARADIME, json={"query": bound, "variables": {"x": plants.new("bound variable")}})
    passed = {"query": bound, "variables": json.dumps({"x": plants.new("variable in a query")})}
    plants.send("GET", PARADIME, params=passed)
    plants.send("POST", PARADIME, data=passed)
    plants.send("POST", PARADIME, json={"variables": {"x": plants.new("cut document")}, "query": bound[:-4]})
    named = "query($token: Int) { listCustomIntegrations { ok } }"
    plants.send("POST", PARADIME, json={"query": named, "variables": {"token": plants.new("variable of a wrong type")}})


def plant_malformed(plants: Plants) -> None:
    """What is no HTTP: the journal has none of it, but the server's log might."""
    for request in (
        "GET {p} HTTP/1.1\r\nHost: x\r\nCookie a={s}\r\n\r\n",
        "GET {p} HTTP/1.1\r\nHost: x\r\nAuthori zation: Bearer {s}\r\n\r\n",
        "GET {p}?token={s} HTTP/9.9\r\nHost: x\r\n\r\n",
        "GE T {p}?token={s} HTTP/1.1\r\nHost: x\r\n\r\n",
        "{s}\r\n\r\n",
        "POST {p} HTTP/1.1\r\nHost: x\r\nContent-Length: a{s}\r\n\r\n",
        "POST {p} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\ntoken={s}\r\n",
        "POST {p} HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\n"
        "Content-Length: 15\r\n\r\n{s}",
        "GET {p} HTTP/1.1\r\nHost: u:{s}@x\r\nConnection: close\r\n\r\n",
        "GET http://u:{s}@a..b/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ):
        plants.raw(request.format(p=SECODA, s=plants.new(f"malformed {request}")).encode())


def plant_replies(plants: Plants, control: Control) -> None:
    """What the emulator itself replies: of state, faults, and what a call repeats."""
    secret = plants.new("state")
    record = control.done("GET", "/state/celigo.integrations")["records"][0]
    settings = {"token": secret, "headers": [{"name": "Authorization", "value": plants.new("state, in a pair")}]}
    control.done("PUT", f"/state/celigo.integrations/{record['_id']}", json={**record, "settings": settings})
    plants.send("GET", CELIGO)
    plants.send("GET", f"{CELIGO}/{record['_id']}")
    for path, guess in (("/settings/token", "guess"), ("/settings/token/x", 1), ("/settings/headers", {})):
        for op in ("test", "remove", "replace"):
            patch = [{"op": op, "path": path, "value": guess}, {"op": "test", "path": "/name", "value": 0}]
            plants.send("PATCH", f"{CELIGO}/{record['_id']}", json=patch)
    for body in (
        {"errors": [{"code": "x", "message": "m", "token": "{}"}]},
        "oops, Bearer {} is wrong",
        "<token>{}</token>",
    ):
        text = json.dumps(body) if isinstance(body, dict) else body
        filled = text.replace("{}", plants.new(f"fault {text}"))
        reply = {
            "status": 500,
            "body": json.loads(filled) if isinstance(body, dict) else filled,
            "headers": {"Set-Cookie": plants.new("fault's cookie"), "X-Next": f"/x?sig={plants.new('fault header')}"},
        }
        control.done("POST", "/faults", json={"vendor": "celigo", "reply": reply, "force": True, "when": {"times": 1}})
        plants.send("GET", CELIGO)


def outputs(control: Control, told: list[Exchange], logged: str) -> Iterator[tuple[str, str]]:
    """Yield all that the emulator tells of calls, by where it does; at first when nobody has read the journal."""
    yield "what is kept, unread", repr(told)
    yield "metrics", control.ask("GET", "/metrics").text
    yield "console", "\n".join(text_line(exchange, NOON) for exchange in told)
    yield "console as JSON", "\n".join(json_line(exchange, NOON) for exchange in told)
    documents = [exchange.document() for exchange in told]
    yield "journal", control.ask("GET", "/journal", params={"limit": 1000}).text
    yield "one exchange", "".join(control.ask("GET", f"/journal/{number}").text for number in (1, 50, len(told)))
    yield "HAR", control.ask("GET", "/journal.har").text
    yield "what is kept, values of violations too", repr(told)
    yield "log", logged
    exchanges = [exchange_of(document) for document in documents]
    yield "pytest's report", "\n".join([*journal_lines(exchanges), *unexpected_calls(exchanges)])
    yield "events", _events(control, len(told))
    wanted = {"operation": "createIntegration", "count": 77, "where": {"body": {"/name": "Z"}}}
    yield "verify", control.ask("POST", "/journal/verify", json=wanted).text
    asked = {
        "operation": "createIntegration",
        "where": {"body": {"/token": "S3KR1T-001-x9"}, "query": {"sid": "S3KR1T-001"}},
    }
    yield "verify of a credential", control.ask("POST", "/journal/verify", json=asked).text


def _events(control: Control, count: int) -> str:
    lines = []
    with control.client.stream("GET", f"{control.url}/_emulator/events?since=0") as response:
        for line in response.iter_lines():
            lines.append(line)
            if line == f"id: {count}":
                break
    return "\n".join(lines)


def test_planted_credentials_are_found_nowhere(catalogue: Catalogue, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("emulator", "aiohttp", "aiohttp.server", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    told: list[Exchange] = []
    emulator = Emulator(read_settings({"port": 0, "access_log": False}), catalogue, on_record=told.append)
    with ThreadedServer(emulator) as server, httpx.Client(timeout=60) as client:
        control, plants = Control(server.url, client), Plants(client, server.url)
        plant_heads(plants)
        plant_bodies(plants)
        plant_corrupted(plants)
        plant_graphql(plants)
        plant_malformed(plants)
        plant_replies(plants, control)
        leaks = {
            where: found for where, text in outputs(control, told, caplog.text) if (found := plants.found_in(text))
        }
    assert len(plants.places) >= 225
    assert leaks == {}


def test_a_snapshot_contains_records_but_not_the_journal(catalogue: Catalogue) -> None:
    with controlled(catalogue) as (_, control):
        plants = Plants(control.client, control.url)
        plants.send("GET", SECODA, headers={"Authorization": f"Bearer {plants.new('header')}"})
        control.done("POST", "/snapshots", json={"name": "kept"})
        assert b"S3KR1T" not in control.ask("GET", "/snapshots/kept").content
