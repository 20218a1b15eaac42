"""What hostile, careless and unlucky clients send: one function per kind, each just below the limits if there are any.

A kind returns the statuses of the responses, or raises what the client raised; every status is fine except 500.
"""

from __future__ import annotations

import gzip
import json
import os
import socket
import sqlite3
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any, TypeAlias

import httpx

from emulator.transport.wire import MOST_VALUES
from tests.soak.emulator import Emulator
from tests.soak.neighbours import CELIGO, IMMUTA, PARADIME, SECODA

MARKS = MOST_VALUES - 1000
"""The number of commas, colons and opening brackets of JSON just below the limit."""

JSON = {"Content-Type": "application/json"}
DBT = "8c0f3d7e-41b5-4f0a-9a66-2d9b1e4c5f70"
MANIFEST = b'{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"}, "nodes": {"a": '
RUN_RESULTS = b'{"metadata": {}, "results": []}'


class Hostile:
    """A client with its own sandbox."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.client = httpx.Client(base_url=emulator.url, headers={"X-Emulator-Sandbox": "hostile"}, timeout=300)
        self.statuses: list[int] = []

    def send(self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any) -> httpx.Response:
        response = self.client.request(method, path, headers=headers, **options)
        self.statuses.append(response.status_code)
        return response

    def json(self, method: str, path: str, headers: Mapping[str, str], body: bytes | str) -> httpx.Response:
        return self.send(method, path, {**JSON, **headers}, content=body)

    def control(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.send(method, f"/_emulator{path}", **options)

    @contextmanager
    def raw(self, *, tls: bool = False) -> Iterator[socket.socket]:
        port = self.emulator.tls_port if tls else self.emulator.port
        with closing(socket.create_connection(("127.0.0.1", port), 60)) as connection:
            yield connection

    def integration(self, vendor: str) -> str:
        """Create an integration of Celigo or Secoda and return its path."""
        if vendor == "celigo":
            made = self.json("POST", "/celigo/v1/integrations", CELIGO, b'{"name": "a"}').json()
            return f"/celigo/v1/integrations/{made['_id']}"
        made = self.json("POST", f"{INTEGRATIONS}", SECODA, b'{"name": "a", "type": "custom"}').json()
        return f"{INTEGRATIONS}/{made['id']}"


Kind: TypeAlias = Callable[[Hostile], None]
KINDS: dict[str, Kind] = {}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"
TAKE_JSON: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Celigo": ("/celigo/v1/integrations", CELIGO),
    "Secoda": (INTEGRATIONS, SECODA),
    "Immuta": ("/immuta/dictionary/1", IMMUTA),
    "Paradime": ("/paradime/graphql", PARADIME),
    "the control API": ("/_emulator/faults", {}),
}


def kind(name: str) -> Callable[[Kind], Kind]:
    def register(function: Kind) -> Kind:
        KINDS[name] = function
        return function

    return register


# Artifacts of dbt (K1, K2) and other uploads


def _upload_artifact(hostile: Hostile, value: bytes) -> None:
    files = {"manifest": MANIFEST + value + b"}}", "run_results": RUN_RESULTS}
    path = f"/secoda/api/v1/integration/dbt/{DBT}/upload_artifacts/"
    hostile.send("POST", path, SECODA, files=files)
    hostile.send("POST", f"/secoda/api/v1/integration/dbt/{DBT}/trigger/", SECODA)


@kind("K1 a whole number of 100,000 digits in an artifact")
def long_number(hostile: Hostile) -> None:
    _upload_artifact(hostile, b"9" * 100_000)


@kind("K2 an artifact of 1,000,000 levels, and one of 2,000,000 small values")
def deep_artifact(hostile: Hostile) -> None:
    _upload_artifact(hostile, b'{"a":' * 500_000 + b"[" * 500_000)
    _upload_artifact(hostile, b"[" + b"[]," * 2_000_000 + b"1]")


@kind("uploads: CSV of 200,000 rows, of one line, of 100,000 columns; JSONL of one line of 20 MB")
def uploads(hostile: Hostile) -> None:
    place = hostile.integration("secoda")
    head = b"col_name,database,schema,name\n"
    many = b",".join(b"c%d" % number for number in range(100_000))
    for content in (head + b"c,d,s,t\n" * 200_000, b"x" * 20_000_000, many + b"\n1\n", head + b'"' * 10_000_000):
        hostile.send("POST", f"{place}/import_metadata", SECODA, files={"file": ("a.csv", content)})
    for content in (b'{"a":' * 4_000_000, b'{"a": "' + b"x" * 20_000_000, b"{}\n" * 100_000):
        hostile.send("POST", f"{place}/import_jsonl_metadata", SECODA, files={"resources_file": ("a", content)})


# GraphQL (K3, K8)


def _query(hostile: Hostile, query: str, headers: Mapping[str, str] = PARADIME, **members: Any) -> None:
    hostile.json("POST", "/paradime/graphql", headers, json.dumps({"query": query, **members}))


def doubling(levels: int, size: int = 2) -> str:
    fragments = [f"fragment f{level} on Query {{ {f'...f{level + 1} ' * size} }}" for level in range(levels)]
    return f"{{ ...f0 }} {' '.join(fragments)} fragment f{levels} on Query {{ __typename }}"


@kind("K3 GraphQL fragments that double 1,000 times, with a credential and without")
def fragments(hostile: Hostile) -> None:
    for headers in ({}, PARADIME):
        _query(hostile, doubling(1000), headers)
        _query(hostile, doubling(100, 100), headers)


@kind("GraphQL: 1 MB of fields, aliases, arguments, errors, brackets, comments, one string; without a credential, too")
def graphql(hostile: Hostile) -> None:
    documents = [
        "{" + "a " * 500_000 + "}",
        "{" + " ".join(f"a{number}: listCustomIntegrations {{ ok }}" for number in range(20_000)) + "}",
        "{" + "listCustomIntegrations(" + "a: 1 " * 100_000 + ") {ok} }",
        "{" + "listCustomIntegrations { x }" * 20_000 + "}",
        "{" * 24_000,
        "{ listCustomIntegrations(a: " + "[" * 24_000,
        "#\n" * 500_000 + "{ listCustomIntegrations { ok } }",
        '{ listCustomIntegrations(a: "' + "x" * 1_000_000 + '") { ok } }',
        " ".join(f"query q{number} {{ listCustomIntegrations {{ ok }} }}" for number in range(7000)),
        "query q(" + " ".join(f"$v{number}: Int" for number in range(12_000)) + ") { listCustomIntegrations { ok } }",
    ]
    for headers in ({}, PARADIME):
        for document in documents:
            _query(hostile, document, headers)
            _query(hostile, document[:60_000], headers)


@kind("GraphQL variables of 30,000 objects, right and wrong")
def variables(hostile: Hostile) -> None:
    add = 'mutation a($t: [IntegrationNodeTypeInfo!]!) { addCustomIntegration(name: "a", nodeTypes: $t) {ok} }'
    for node in ({"nodeType": "T"}, {"x": 1}, 1, {}):
        _query(hostile, add, variables={"t": [node] * 30_000})


@kind("K7 300 GraphQL documents of 30 kB, each another")
def many_documents(hostile: Hostile) -> None:
    for number in range(300):
        fields = " ".join(f"a{number}x{field}: ok" for field in range(95))
        _query(hostile, f"{{ listCustomIntegrations {{ {fields} }} }} # {'x' * 28_000}")
    _query(hostile, f"{{ listCustomIntegrations {{ {'ok ' * 1900} }} }}")


# JSON bodies: many values, large values, deep values


VALUES: Mapping[str, Callable[[int], bytes]] = {
    "ones": lambda marks: b"[" + b"1," * marks + b"1]",
    "fractions": lambda marks: b"[" + b"1.5," * marks + b"1]",
    "long numbers": lambda marks: b"[" + b"12345678901234567890.5," * marks + b"1]",
    "empty lists": lambda marks: b"[" + b"[]," * (marks // 2) + b"1]",
    "empty objects": lambda marks: b"[" + b"{}," * (marks // 2) + b"1]",
    "keys": lambda marks: b"{" + b",".join(b'"k%d":1' % number for number in range(marks // 2)) + b"}",
}
"""By name, JSON with a given number of commas, colons and brackets, which the emulator counts."""

PLACES = {
    "Celigo": b'{"name": "a", "settings": %s}',
    "Secoda": b'{"name": "a", "type": "custom", "teams": %s}',
    "Immuta": b'{"metadata": %s}',
    "Paradime": b'{"query": "{ listCustomIntegrations { ok } }", "variables": {"a": %s}}',
    "the control API": b'{"vendor": "celigo", "reply": {"status": 200, "body": %s}}',
}


def _with_values(hostile: Hostile, vendor: str, value: bytes) -> None:
    path, headers = TAKE_JSON[vendor]
    hostile.json("POST", path, headers, value)
    hostile.json("POST", path, headers, PLACES[vendor] % value)


def _many_values(vendor: str) -> Kind:
    def send(hostile: Hostile) -> None:
        for make in VALUES.values():
            for marks in (MARKS, 2_000_000):
                _with_values(hostile, vendor, make(marks))

    return send


def _large_values(vendor: str) -> Kind:
    path, headers = TAKE_JSON[vendor]

    def send(hostile: Hostile) -> None:
        for value in (b'"' + b"x" * 15_000_000 + b'"', ('"' + "ä" * 7_000_000 + '"').encode(), b"9" * 15_000_000):
            _with_values(hostile, vendor, value)
        for value in (b"[" * MARKS, b'{"a":' * (MARKS // 2), b'"' * 15_000_000, b"\\" * 15_000_000):
            hostile.json("POST", path, headers, value)

    return send


for _vendor in TAKE_JSON:
    KINDS[f"JSON of {MARKS:,} and 2,000,000 marks to {_vendor}"] = _many_values(_vendor)
    KINDS[f"JSON of one value of 15 MB, of {MARKS:,} levels to {_vendor}"] = _large_values(_vendor)


@kind("K8 45,000 wrong columns (Immuta), wrong teams (Secoda), wrong fields (Celigo)")
def wrong_entries(hostile: Hostile) -> None:
    for column in (b"{}", b'{"x":1}', b"1", b'{"name": 1}'):
        for method in ("PUT", "POST"):
            hostile.json(
                method, "/immuta/dictionary/1", IMMUTA, b'{"metadata": [' + column + (b"," + column) * 45_000 + b"]}"
            )
    for team in (b'"x"', b"1", b"{}"):
        hostile.json("POST", INTEGRATIONS, SECODA, b'{"name": "a", "teams": [' + team + (b"," + team) * 45_000 + b"]}")
        hostile.json(
            "POST",
            "/celigo/v1/integrations",
            CELIGO,
            b'{"name": "a", "aliases": [' + team + (b"," + team) * 45_000 + b"]}",
        )
    unknown = b",".join(b'"k%d":1' % number for number in range(45_000))
    for path, headers in TAKE_JSON.values():
        hostile.json("POST", path, headers, b"{" + unknown + b"}")


@kind("K6 30,000 tags in one call (Immuta), three times")
def tags(hostile: Hostile) -> None:
    for turn in range(3):
        body = json.dumps({"tags": [{"name": f"t{turn}.{number}"} for number in range(30_000)]})
        hostile.json("POST", "/immuta/tag", IMMUTA, body)


@kind("a dictionary of 20,000 columns written and read (Immuta)")
def columns(hostile: Hostile) -> None:
    column = {"dataType": "text", "remoteType": "text"}
    body = json.dumps({"metadata": [{"name": f"c{number}", **column} for number in range(20_000)]})
    for method in ("PUT", "PUT", "GET"):
        hostile.json(method, "/immuta/dictionary/1", IMMUTA, body if method == "PUT" else b"")


# Celigo (K4, K8)


@kind("K4 patches: copies that double, 1,000 operations, 95,000 values added")
def patches(hostile: Hostile) -> None:
    place = hostile.integration("celigo")
    add = '{"op": "add", "path": "/settings", "value": {"a": [1, 2]}}'
    copy = '{"op": "copy", "from": "/settings/a", "path": "/settings/a/-"}'
    into = '{"op": "add", "path": "/settings/a/0", "value": [[]]}'
    hostile.json("PATCH", place, CELIGO, f"[{add}{f',{copy}' * 30}]")
    hostile.json("PATCH", place, CELIGO, f"[{add}{f',{copy}' * 999}]")
    hostile.json("PATCH", place, CELIGO, f"[{add}{f',{into}' * 999}]")
    for value in ("[" + "1," * 95_000 + "1]", "[" + "[]," * 47_000 + "1]", "[" + '{"a":1},' * 31_000 + "1]"):
        wanted = add.replace('{"a": [1, 2]}', value)
        hostile.json("PATCH", place, CELIGO, f"[{wanted}]")
        hostile.json("PATCH", place, CELIGO, f"[{wanted},{copy}]")
        hostile.json("PATCH", place, CELIGO, f"[{wanted}{f',{wanted[:60]}1}}' * 999}]")
    hostile.json("PATCH", place, CELIGO, f"[{add}{f',{add}' * 12_000}]")
    tests = '{"op": "test", "path": "/settings", "value": ' + "[" + "1," * 95_000 + "1]}"
    hostile.json("PATCH", place, CELIGO, f"[{tests}]")
    hostile.send("GET", f"{place}/audit", CELIGO)


@kind("K8 20,000 aliases (Celigo)")
def aliases(hostile: Hostile) -> None:
    entries = ",".join(
        f'{{"alias": "a{number}", "_connectionId": "5fc5de876cfe5b44bb95dd01"}}' for number in range(20_000)
    )
    place = hostile.integration("celigo")
    hostile.json("PUT", place, CELIGO, f'{{"name": "a", "aliases": [{entries}]}}')
    hostile.json("POST", "/celigo/v1/integrations", CELIGO, f'{{"name": "a", "aliases": [{entries}]}}')
    hostile.json("PATCH", place, CELIGO, f'[{{"op": "replace", "path": "/aliases", "value": [{entries}]}}]')


@kind("large integrations cloned and deleted (Celigo)")
def large_integrations(hostile: Hostile) -> None:
    place = hostile.integration("celigo")
    id = place.rpartition("/")[2]
    for _ in range(3):
        hostile.control("POST", "/state/populate", json={"collection": "celigo.flows", "count": 10_000})
    flows = hostile.control("GET", "/state/celigo.flows?limit=1").json()["records"]
    for number in range(300):
        record = {**flows[0], "_id": f"{number:024x}", "_integrationId": id}
        hostile.control("PUT", f"/state/celigo.flows/{record['_id']}", json=record)
    for path in ("", "/flows", "/dependencies", "/audit", "/exports", "/template"):
        hostile.send("GET", place + path, CELIGO)
    hostile.json("POST", f"{place}/clone", CELIGO, b'{"name": "b"}')
    hostile.send("DELETE", place, CELIGO)


# Bodies in parts, compressed bodies, and HTTP (K7, K8)


@kind("K8 100,000 parts, a part of 10,000 headers, a boundary that never comes")
def parts(hostile: Hostile) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=b", **SECODA}
    path = f"{hostile.integration('secoda')}/import_metadata"
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    file = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n'
    headers = b"--b\r\n" + b"X-A: b\r\n" * 100_000 + b"\r\nx\r\n--b--"
    for body in (
        part * 100_000 + b"--b--",
        file * 50_000,
        headers,
        b"--b" * 5_000_000,
        b"\r\n" * 5_000_000,
        b"-" * 10_000_000,
    ):
        hostile.send("POST", path, kind, content=body)


@kind("K8 gzip bombs to every vendor: 2 GB in 2 MB, 16 MB of values in 20 kB")
def bombs(hostile: Hostile) -> None:
    zeros = gzip.compress(bytes(64 * 1024**2))
    bodies = [zeros * 32, gzip.compress(b"[" + b"1," * 7_000_000 + b"1]"), gzip.compress(b"[" * 15_000_000)]
    bodies += [gzip.compress(b'"' + b"x" * 16_000_000 + b'"'), gzip.compress(b"") * 50_000]
    for path, headers in TAKE_JSON.values():
        for body in bodies:
            hostile.json("POST", path, {**headers, "Content-Encoding": "gzip"}, body)


@kind("K7 20,000 reads pipelined on 20 connections and never read")
def pipelined(hostile: Hostile) -> None:
    request = b"GET /celigo/v1/integrations HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer celigo-token\r\n\r\n"
    connections = []
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", hostile.emulator.port), 60)
        connection.settimeout(2)
        connections.append(connection)
    for connection in connections:
        try:
            connection.sendall(request * 1000)
        except TimeoutError:
            continue
    time.sleep(1)
    for connection in connections:
        connection.close()
    hostile.statuses.append(0)


@kind("heads: 300 half ones, of 1 MB, of 10,000 fields; TLS that never begins, tunnels that say nothing")
def heads(hostile: Hostile) -> None:
    connections = []
    for number in range(300):
        connection = socket.create_connection(("127.0.0.1", hostile.emulator.port), 60)
        connection.sendall(
            (
                b"GET /_emulator/health HTTP/1.1\r\nHost: l",
                b"CONNECT api.secoda.co:443 HTTP/1.1\r\n\r\n",
                b"POST /celigo/v1/integrations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n[",
            )[number % 3]
        )
        connections.append(connection)
    for _ in range(100):
        connection = socket.create_connection(("127.0.0.1", hostile.emulator.tls_port), 60)
        connection.sendall(os.urandom(100))
        connections.append(connection)
    for head in (b"X: " + b"x" * 1_000_000, b"X: y\r\n" * 10_000, b"Cookie: " + b"a=b; " * 200_000):
        with hostile.raw() as connection:
            try:
                connection.sendall(b"GET /_emulator/health HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n")
                connection.recv(1000)
            except OSError:
                continue
    for connection in connections:
        connection.close()
    hostile.statuses.append(0)


@kind("200 TLS handshakes, each with a call; 50 through a tunnel")
def tls(hostile: Hostile) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for _ in range(200):
        with hostile.raw(tls=True) as connection, context.wrap_socket(connection) as secure:
            secure.sendall(b"GET /_emulator/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            secure.recv(1000)
    for number in range(50):
        with hostile.raw() as connection:
            connection.sendall(f"CONNECT x{number}.secoda.co:443 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            if b" 200 " in connection.recv(1000):
                with context.wrap_socket(connection, server_hostname=f"x{number}.secoda.co") as secure:
                    secure.sendall(b"GET / HTTP/1.1\r\nHost: api.secoda.co\r\n\r\n")
                    secure.recv(1000)
    hostile.statuses.append(0)


@kind("targets: 16 kB, 30 long segments, 5,000 parameters, encoded slashes; each journalled and compared")
def targets(hostile: Hostile) -> None:
    paths = [
        "/a" * 7000,
        "/" + "/".join("x" * 500 for _ in range(29)),
        "/%2F" * 3000,
        "?" + "a=b&" * 3000,
        "?q=" + "x" * 14_000,
        "/" + "{" * 10_000,
    ]
    paths += [f"/{'/'.join(f'integratio{number}{step}' for step in range(29))}" for number in range(50)]
    for vendor in (
        "celigo/v1/integrations",
        "secoda/api/v1/integration/integrations",
        "immuta/dataSource",
        "paradime/graphql",
        "_emulator/sandboxes",
        "_emulator/journal",
    ):
        for path in paths:
            hostile.send("GET", f"/{vendor}{path}", {**CELIGO})
    for number in range(2000):
        hostile.send("GET", f"/celigo/v1/unknown{number}/{'y' * 55}{number}", CELIGO)


# The control API (K5 and its neighbours)


@kind("K5 snapshots: a trigger that never ends, 40 MB of nothing, a garbled one, many")
def snapshots(hostile: Hostile) -> None:
    hostile.control("POST", "/sandboxes/hostile/snapshots", json={"name": "mine"})
    own = hostile.control("GET", "/sandboxes/hostile/snapshots/mine").content
    db = sqlite3.connect(":memory:")
    db.deserialize(own)
    db.execute(
        "CREATE TRIGGER sqliteX AFTER INSERT ON sequences BEGIN"
        " SELECT (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c); END"
    )
    trigger = db.serialize()
    db.execute("DROP TRIGGER sqliteX")
    db.execute(
        "INSERT INTO sequences WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 500000)"
        " SELECT 's' || x, x FROM c"
    )
    many = db.serialize()
    garbled = own[:200] + os.urandom(len(own) - 200)
    kind = {"Content-Type": "application/vnd.sqlite3"}
    for number, content in enumerate((trigger, many, garbled, own[:100] + bytes(40_000_000), os.urandom(40_000_000))):
        hostile.control("PUT", f"/sandboxes/hostile/snapshots/s{number}", headers=kind, content=content)
        hostile.control("POST", f"/sandboxes/hostile/snapshots/s{number}/restore")
    for number in range(50):
        hostile.control("PUT", f"/sandboxes/hostile/snapshots/many{number}", headers=kind, content=own)
    hostile.control("POST", "/sandboxes/hostile/reset")


@kind("300 sandboxes made, called and dropped; 20 with seeds of their own")
def sandboxes(hostile: Hostile) -> None:
    names = [f"many-{number}" for number in range(300)]
    for number, name in enumerate(names):
        header = {"X-Emulator-Sandbox": name}
        seed = {"seed": number} if number < 20 else {}
        hostile.control("POST", "/sandboxes", headers=header, json={"name": name, **seed})
        hostile.send("GET", "/celigo/v1/integrations", {**CELIGO, **header})
    hostile.control("GET", "/sandboxes")
    hostile.control("GET", "/metrics")
    for name in names:
        hostile.control("DELETE", f"/sandboxes/{name}")


@kind("10,000 records of five collections made, listed by thousands, snapshot taken and restored")
def populate(hostile: Hostile) -> None:
    for collection in (
        "secoda.integrations",
        "celigo.integrations",
        "immuta.tags",
        "immuta.data_sources",
        "secoda.resources",
    ):
        hostile.control("POST", "/state/populate", json={"collection": collection, "count": 10_000})
        hostile.control("GET", f"/state/{collection}?limit=10000")
    for path, headers in (
        ("/celigo/v1/integrations?limit=1000", CELIGO),
        (INTEGRATIONS, SECODA),
        ("/immuta/dataSource?size=1000", IMMUTA),
    ):
        hostile.send("GET", path, headers)
    hostile.control("POST", "/snapshots", json={"name": "full"})
    hostile.control("POST", "/snapshots/full/restore")
    hostile.control("DELETE", "/snapshots/full")


@kind("20,000 records added in two calls, then copied, and compared with the beginning, ten at a time")
def copies(hostile: Hostile) -> None:
    for name in "ab":
        added = {"records": [{"name": f"{name}{number}"} for number in range(10_000)]}
        hostile.control("POST", "/state/celigo.integrations", json=added)
    with ThreadPoolExecutor(10) as threads:
        for number in range(10):
            copy, header = {"from": "hostile", "ttl": 60}, {"X-Emulator-Sandbox": f"copy-{number}"}
            threads.submit(hostile.control, "POST", "/sandboxes", headers=header, json=copy)
            threads.submit(hostile.control, "GET", "/changes?limit=1000")
            threads.submit(hostile.control, "GET", "/changes?limit=1000&masked=true")
    for number in range(10):
        hostile.control("DELETE", f"/sandboxes/copy-{number}")
    hostile.control("POST", "/reset")


@kind("a journal of 10,000 exchanges, then one of bodies of 60 kB: listed, verified, as HAR, as events")
def journal(hostile: Hostile) -> None:
    for number in range(10_000):
        hostile.send("GET", f"/celigo/v1/integrations/{number:024x}", CELIGO)
    _read_journal(hostile)
    hostile.control("DELETE", "/journal")
    for number in range(600):
        settings = {f"k{number}-{name}": name for name in range(3000)}
        hostile.json("POST", "/celigo/v1/integrations", CELIGO, json.dumps({"name": "a", "settings": settings}))
    _read_journal(hostile)


def _read_journal(hostile: Hostile) -> None:
    for operation in ("createIntegration", "getIntegration", "listIntegrations"):
        for where in ({}, {"body": {"/settings/k1-1": 7}}, {"path": {"_id": "x"}}, {"query": {"a": "b"}}):
            wanted = {"vendor": "celigo", "operation": operation, "where": where}
            hostile.control("POST", "/journal/verify?documents=true", json=wanted)
    hostile.control("GET", "/journal")
    hostile.control("GET", "/journal.har")
    hostile.control("GET", "/journal?operation=*x*y*z*&violations=true")
    with hostile.client.stream("GET", "/_emulator/events?since=0") as stream:
        size = 0
        for piece in stream.iter_raw():
            size += len(piece)
            if size > 5_000_000:
                break


@kind("1,000 stubs that look into bodies of 60 kB; 100 verdicts awaited, each of a journal that grows")
def stubs_and_waits(hostile: Hostile) -> None:
    for number in range(1000):
        where = {"body": {"/text": {"regex": f"a{number}b$"}, "": {"schema": {"required": [f"k{number}"]}}}}
        stub = {"vendor": "celigo", "method": "POST", "path": "/tools/{id}", "where": where, "json": {"n": number}}
        hostile.control("POST", "/stubs", json=stub)
    body = json.dumps({"text": "a" * 40_000, "many": list(range(4000))})
    for number in range(20):
        hostile.json("POST", f"/celigo/v1/tools/{number}", CELIGO, body)
    hostile.control("DELETE", "/stubs")
    with ThreadPoolExecutor(100) as threads:
        waits = [threads.submit(_wait, hostile, number) for number in range(100)]
        for number in range(2000):
            hostile.send("GET", f"/celigo/v1/integrations/{number:024x}", CELIGO)
        for wait in waits:
            wait.result()


def _wait(hostile: Hostile, number: int) -> None:
    where = {"path": {"_id": f"{number:024x}"}, "query": {"missing": number}}
    wanted = {"vendor": "celigo", "operation": "getIntegration", "where": where, "within": 5}
    headers = {"X-Emulator-Sandbox": "hostile"}
    response = httpx.post(f"{hostile.emulator.url}/_emulator/journal/verify", json=wanted, headers=headers, timeout=300)
    hostile.statuses.append(response.status_code)


@kind("2,000 faults armed, each triggered by calls; expectations and scenarios by the thousand")
def faults(hostile: Hostile) -> None:
    for number in range(2000):
        fault = {
            "vendor": "celigo",
            "operation": f"*x{number}*" if number % 2 else ["*a*"] * 200,
            "delay": {"fixed": 0},
        }
        hostile.control("POST", "/faults", json=fault)
    for _ in range(20):
        hostile.send("GET", "/celigo/v1/integrations", CELIGO)
    hostile.control("GET", "/faults")
    hostile.control("DELETE", "/faults")
