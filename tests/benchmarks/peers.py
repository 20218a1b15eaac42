"""The peers: what each is, how it gets the emulator's contract and data, and its requests."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.benchmarks import works
from tests.benchmarks.asked import BARE, JSON_SERVER, MOCKOON, MOTO, PRISM, WIREMOCK, WIREMOCK_FAST
from tests.benchmarks.connection import Request
from tests.benchmarks.emulator import Sample
from tests.benchmarks.installation import Missing, install_moto, install_node_peers, need
from tests.benchmarks.processes import REPOSITORY

CONTRACT = REPOSITORY / "contracts" / "secoda"
PATH = "/integration/integrations"
"""The peers' base path for what the emulator serves below /secoda/api/v1."""


@dataclass(frozen=True)
class Peer:
    """A server to compare with. `command(port)` starts it in its `folder`.

    `works` are those that it can do, `fill` makes its data unless that is a file, `refresh` undoes what
    a round leaves behind, `fresh_world` gives an empty state and makes one call in it, `warm_up` is in seconds.
    """

    name: str
    version: str
    folder: Path
    command: Callable[[int], Sequence[str]]
    works: Mapping[str, Sequence[Request]]
    fill: Sequence[Request] = ()
    refresh: Request | None = None
    fresh_world: Sequence[Request] = ()
    warm_up: int = 0
    ready: Request = field(default=Request("GET", "/"))


def available(sample: Sample, folder: Path, wanted: Sequence[str]) -> tuple[list[Peer], dict[str, str]]:
    """Return the wanted peers that this machine can run, and the reasons for those that it cannot."""
    peers, missing = [], {}
    for name in wanted:
        try:
            own = folder / name.replace(" ", "-").replace(",", "")
            shutil.rmtree(own, ignore_errors=True)
            own.mkdir(parents=True)
            peers.append(PEERS[name](sample, own))
        except Missing as reason:
            missing[name] = str(reason)
    return peers, missing


def bare(sample: Sample, folder: Path) -> Peer:
    """Only aiohttp on uvloop, with the same bytes."""
    for work, body in sample.responses.items():
        (folder / work).write_bytes(body)
    script = str(Path(__file__).parent / "bare.py")
    return Peer(
        BARE,
        _python_version("aiohttp"),
        folder,
        lambda port: [sys.executable, script, str(port), str(folder)],
        {work: [replace(request, holds=()) for request in requests] for work, requests in sample.works.items()},
        ready=works.LIST,
    )


def prism(sample: Sample, folder: Path) -> Peer:
    """Prism with the emulator's contract, whose example of the list is the ten integrations."""
    node = install_node_peers()
    shutil.copytree(CONTRACT, folder, dirs_exist_ok=True)
    # Prism returns the schema's example, if it has one, rather than those of the operation.
    schema = folder / "schemas" / "integration-list.schema.json"
    schema.write_text(
        json.dumps({**json.loads(schema.read_text()), "examples": [json.loads(sample.responses["list"])]})
    )
    command = [node.command("prism"), "mock", "-h", "127.0.0.1", "-v", "error"]
    listing = _at(works.LIST, f"{PATH}?page_size=10")
    return Peer(
        PRISM,
        node.version("@stoplight/prism-cli"),
        folder,
        lambda port: [*command, "-p", str(port), str(folder / "openapi.yaml")],
        {"list": [listing]},
        ready=listing,
    )


def mockoon(sample: Sample, folder: Path) -> Peer:
    """Mockoon with a static response for the list (its CRUD is slower), and a CRUD route over the ten integrations."""
    node = install_node_peers()
    (folder / "environment.json").write_text(json.dumps(_mockoon_environment(sample)))
    command = [
        node.command("mockoon-cli"),
        "start",
        "--data",
        str(folder / "environment.json"),
        "--disable-log-to-file",
    ]
    token = "benchmark"
    static, create = _at(works.LIST, "/static"), _at(works.CREATE, PATH)
    listing, gets = _at(works.LIST, f"{PATH}?limit=10&page=1"), _gets(sample)
    return Peer(
        MOCKOON,
        node.version("@mockoon/cli"),
        folder,
        lambda port: [*command, "--hostname", "127.0.0.1", "--port", str(port), "--admin-api-token", token],
        {"list": [static], "get": gets, "mixed": works.mixed(listing, gets, create), "create": [create]},
        refresh=Request("POST", "/mockoon-admin/state/purge", {"Authorization": f"Bearer {token}"}),
        ready=static,
    )


def _mockoon_environment(sample: Sample) -> dict[str, Any]:
    records = {"uuid": _uuid(1), "id": "data", "name": "integrations", "value": json.dumps(sample.integrations)}
    static = {"bodyType": "INLINE", "body": sample.responses["list"].decode(), "disableTemplating": True}
    crud = {"bodyType": "DATABUCKET", "databucketID": "data", "crudKey": "id"}
    routes = [
        {"uuid": _uuid(2), "type": "http", "method": "get", "endpoint": "static", "responses": [_mocked(3, static)]},
        {"uuid": _uuid(4), "type": "crud", "endpoint": PATH.lstrip("/"), "responses": [_mocked(5, crud)]},
    ]
    return {
        "uuid": _uuid(6),
        "lastMigration": 33,
        "name": "benchmark",
        "port": 3000,
        "hostname": "127.0.0.1",
        "data": [records],
        "routes": routes,
        "rootChildren": [{"type": "route", "uuid": route["uuid"]} for route in routes],
    }


def _mocked(number: int, body: Mapping[str, Any]) -> dict[str, Any]:
    headers = [{"key": "Content-Type", "value": "application/json"}]
    return {"uuid": _uuid(number), "statusCode": 200, "headers": headers, "default": True, **body}


def _uuid(number: int) -> str:
    return f"10000000-0000-4000-8000-{number:012}"


def json_server(sample: Sample, folder: Path) -> Peer:
    """json-server with a db.json of the ten integrations."""
    node = install_node_peers()
    (folder / "db.json").write_text(json.dumps({"integrations": sample.integrations}))
    (folder / "routes.json").write_text(json.dumps({f"{PATH}*": "/integrations$1"}))
    command = [node.command("json-server"), "--quiet", "--host", "127.0.0.1", "--routes", str(folder / "routes.json")]
    listing = _at(works.LIST, f"{PATH}?_limit=10")
    return Peer(
        JSON_SERVER,
        node.version("json-server"),
        folder,
        lambda port: [*command, "--port", str(port), str(folder / "db.json")],
        {"list": [listing]},
        ready=listing,
    )


def wiremock(sample: Sample, folder: Path, name: str = WIREMOCK, *options: str) -> Peer:
    """WireMock with static stubs and its defaults: a journal of all requests, which is emptied each round."""
    need("java")
    node = install_node_peers()
    mappings = folder / "mappings"
    mappings.mkdir(exist_ok=True)
    (mappings / "secoda.json").write_text(json.dumps({"mappings": _stubs(sample)}))
    command = ["java", "-jar", node.wiremock_jar(), "--bind-address", "127.0.0.1", "--disable-banner", *options]
    listing, gets, create = _at(works.LIST, f"{PATH}?page_size=10"), _gets(sample), _at(works.CREATE, PATH)
    return Peer(
        name,
        node.version("wiremock"),
        folder,
        lambda port: [*command, "--port", str(port), "--root-dir", str(folder)],
        {"list": [listing], "get": gets, "mixed": works.mixed(listing, gets, create), "create": [create]},
        refresh=Request("DELETE", "/__admin/requests"),
        fresh_world=[Request("POST", "/__admin/reset"), listing],
        warm_up=10,
        ready=listing,
    )


def wiremock_fast(sample: Sample, folder: Path) -> Peer:
    """WireMock as its documentation recommends for performance tests: without a journal, without logging."""
    return wiremock(sample, folder, WIREMOCK_FAST, "--no-request-journal", "--disable-request-logging")


def _stubs(sample: Sample) -> list[dict[str, Any]]:
    schema = json.loads((CONTRACT / "schemas" / "new-integration.schema.json").read_text())
    headers = {"Content-Type": "application/json"}
    matcher = {"matchesJsonSchema": schema, "schemaVersion": "V202012"}
    return [
        {
            "request": {"method": "GET", "urlPath": PATH},
            "response": {"status": 200, "headers": headers, "body": sample.responses["list"].decode()},
        },
        {
            "request": {"method": "GET", "urlPathPattern": f"{PATH}/[^/]+"},
            "response": {"status": 200, "headers": headers, "body": sample.responses["get"].decode()},
        },
        {
            "request": {"method": "POST", "urlPath": PATH, "bodyPatterns": [matcher]},
            "response": {"status": 201, "headers": headers, "body": sample.responses["create"].decode()},
        },
    ]


def moto(sample: Sample, folder: Path) -> Peer:
    """moto_server with a list of ten secrets: the one of its JSON services whose records resemble integrations most."""
    environment = install_moto()
    names = tuple(f"{record['type']}/{record['id']}" for record in sample.integrations[:10])
    secrets = [_aws("CreateSecret", {"Name": name, "SecretString": "{}", "Description": "Sample"}) for name in names]
    listing = _aws("ListSecrets", {"MaxResults": 10}, names)
    return Peer(
        MOTO,
        _python_version("moto", environment / "bin" / "python"),
        folder,
        lambda port: [str(environment / "bin" / "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        {"list": [listing]},
        fill=secrets,
        fresh_world=[Request("POST", "/moto-api/reset"), replace(listing, holds=())],
        ready=Request("GET", "/moto-api/data.json"),
    )


def _aws(action: str, document: Mapping[str, Any], holds: tuple[str, ...] = ()) -> Request:
    scope = "Credential=key/20240101/us-east-1/secretsmanager/aws4_request"
    headers = {
        "X-Amz-Target": f"secretsmanager.{action}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none",
        **works.TRACED,
    }
    return Request("POST", "/", headers, json.dumps(document).encode(), holds=holds)


def _at(request: Request, path: str) -> Request:
    """Return the same request at another path; the content of its response is not checked."""
    return replace(request, path=path, holds=())


def _gets(sample: Sample) -> list[Request]:
    return [_at(works.LIST, f"{PATH}/{integration['id']}") for integration in sample.integrations]


def _python_version(package: str, python: Path | str = sys.executable) -> str:
    script = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([str(python), "-c", script], capture_output=True, text=True, check=True).stdout.strip()


PEERS: Mapping[str, Callable[[Sample, Path], Peer]] = {
    BARE: bare,
    WIREMOCK: wiremock,
    WIREMOCK_FAST: wiremock_fast,
    PRISM: prism,
    MOCKOON: mockoon,
    JSON_SERVER: json_server,
    MOTO: moto,
}
