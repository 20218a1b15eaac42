"""Celigo documentation, Integration API endpoints: every row with its status, and the requests that it prints."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx
import pytest
import requests

from tests.conftest import EmulatorUnderTest

PLAIN = "5fc5e0e66cfe5b44bb95de70"
SHOP = "60f1a2b3c4d5e6f708192a30"
INSTALLING = "57974ed227a82a3475cecb15"
UNINSTALLING = "5ee0b8a1d2f34b5c6d7e8f90"
NETSUITE = "5fc5de876cfe5b44bb95dd01"
BIGCOMMERCE = "5fc5de876cfe5b44bb95dd06"
SALESFORCE = "5fc5de876cfe5b44bb95dd05"


@dataclass(frozen=True)
class Row:
    """A row of the table, and one of its calls."""

    operation: str
    method: str
    path: str
    status: int
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)


ROWS = [
    Row("listIntegrations", "GET", "/integrations", 200),
    Row("createIntegration", "POST", "/integrations", 201, {"name": "New"}),
    Row("getIntegration", "GET", f"/integrations/{PLAIN}", 200),
    Row("updateIntegration", "PUT", f"/integrations/{PLAIN}", 200, {"name": "Renamed"}),
    Row(
        "patchIntegration",
        "PATCH",
        f"/integrations/{PLAIN}",
        204,
        [{"op": "replace", "path": "/version", "value": "2"}],
    ),
    Row("deleteIntegration", "DELETE", f"/integrations/{PLAIN}", 204),
    Row("cloneIntegration", "POST", f"/integrations/{PLAIN}/clone", 201),
    Row("listIntegrationFlows", "GET", f"/integrations/{PLAIN}/flows", 200),
    Row("listIntegrationConnections", "GET", f"/integrations/{PLAIN}/connections", 200),
    Row("registerConnections", "PUT", f"/integrations/{PLAIN}/connections/register", 200, [NETSUITE, BIGCOMMERCE]),
    Row("registerConnection", "PUT", f"/integrations/{PLAIN}/connections/{BIGCOMMERCE}/register", 200),
    Row("unregisterConnection", "DELETE", f"/integrations/{PLAIN}/connections/{NETSUITE}/register", 204),
    Row("listIntegrationExports", "GET", f"/integrations/{PLAIN}/exports", 200),
    Row("listIntegrationImports", "GET", f"/integrations/{PLAIN}/imports", 200),
    Row("listIntegrationAshares", "GET", f"/integrations/{PLAIN}/ashares", 200),
    Row("createRevision", "POST", f"/integrations/{PLAIN}/revisions/create", 201),
    Row("createRevision", "POST", f"/integrations/{PLAIN}/revisions/create", 201, query={"ignoreIfNoChanges": "false"}),
    Row("createRevision", "POST", f"/integrations/{SHOP}/revisions/create", 201, query={"ignoreIfNoChanges": "true"}),
    Row("createRevision", "POST", f"/integrations/{PLAIN}/revisions/create", 204, query={"ignoreIfNoChanges": "true"}),
    Row("listInstallSteps", "GET", f"/integrations/{INSTALLING}/installSteps", 201),
    Row(
        "submitInstallStep",
        "POST",
        f"/integrations/{INSTALLING}/installSteps",
        200,
        {"_connectionId": BIGCOMMERCE},
    ),
    Row("listUninstallSteps", "GET", f"/integrations/{UNINSTALLING}/uninstallSteps", 200),
    Row("submitUninstallStep", "POST", f"/integrations/{UNINSTALLING}/uninstallSteps", 201),
    Row("listAuditLog", "GET", f"/integrations/{PLAIN}/audit", 200),
    Row("getTemplate", "GET", f"/integrations/{PLAIN}/template", 200),
    Row("downloadTemplate", "POST", f"/integrations/{PLAIN}/template", 200),
    Row("listDependencies", "GET", f"/integrations/{PLAIN}/dependencies", 200),
]

FLOW = "5fc5e1346cfe5b44bb95df12"
"""A flow with open errors of the import STEP."""
STEP = "5fc5e1226cfe5b44bb95dea2"
EXPORT = "5fc5e1116cfe5b44bb95de91"
CONNECTION = {"name": "New", "type": "http", "http": {"baseURI": "https://warehouse.example.com"}}
MAP = {id: id for id in (NETSUITE, "5fc5de876cfe5b44bb95dd02")}

NEIGHBOUR_ROWS = [
    Row("listFlows", "GET", "/flows", 200),
    Row("createFlow", "POST", "/flows", 201, {"name": "New"}),
    Row("getFlow", "GET", f"/flows/{FLOW}", 200),
    Row("updateFlow", "PUT", f"/flows/{FLOW}", 200, {"name": "Renamed"}),
    Row("patchFlow", "PATCH", f"/flows/{FLOW}", 204, [{"op": "replace", "path": "/name", "value": "Renamed"}]),
    Row("deleteFlow", "DELETE", f"/flows/{FLOW}", 204),
    Row("cloneFlow", "POST", f"/flows/{FLOW}/clone", 201, {"_integrationId": PLAIN, "connectionMap": MAP}),
    Row("runFlow", "POST", f"/flows/{FLOW}/run", 201),
    Row("listFlowAuditLog", "GET", f"/flows/{FLOW}/audit", 200),
    Row("listStepErrors", "GET", f"/flows/{FLOW}/{STEP}/errors", 200),
    Row("listResolvedErrors", "GET", f"/flows/{FLOW}/{STEP}/resolved", 200),
    Row("resolveErrors", "PUT", f"/flows/{FLOW}/{STEP}/resolved", 204, {"errors": ["8471200519"]}),
    Row("listJobs", "GET", "/jobs", 200, query={"_flowId": FLOW}),
    Row("getJob", "GET", "/jobs/65c276300000000000000301", 200),
    Row("listConnections", "GET", "/connections", 200),
    Row("createConnection", "POST", "/connections", 201, CONNECTION),
    Row("getConnection", "GET", f"/connections/{NETSUITE}", 200),
    Row("updateConnection", "PUT", f"/connections/{NETSUITE}", 200, CONNECTION),
    Row("deleteConnection", "DELETE", f"/connections/{BIGCOMMERCE}", 204),
    Row("pingConnection", "GET", f"/connections/{NETSUITE}/ping", 200),
    Row("pingVirtualConnection", "POST", "/connections/ping", 200, CONNECTION),
    Row("listExports", "GET", "/exports", 200),
    Row("createExport", "POST", "/exports", 201, {"name": "New"}),
    Row("getExport", "GET", f"/exports/{EXPORT}", 200),
    Row("updateExport", "PUT", f"/exports/{EXPORT}", 200, {"name": "Renamed"}),
    Row("deleteExport", "DELETE", "/exports/61b2c3d4e5f60718293a4b5c", 204),
    Row("cloneExport", "POST", f"/exports/{EXPORT}/clone", 201),
    Row("listImports", "GET", "/imports", 200),
    Row("createImport", "POST", "/imports", 201, {"name": "New", "_connectionId": NETSUITE}),
    Row("getImport", "GET", f"/imports/{STEP}", 200),
    Row("updateImport", "PUT", f"/imports/{STEP}", 200, {"name": "Renamed", "_connectionId": NETSUITE}),
    Row("deleteImport", "DELETE", "/imports/61b2c3d4e5f60718293a4b5d", 204),
    Row("cloneImport", "POST", f"/imports/{STEP}/clone", 201),
]
"""Celigo documentation, Flow API endpoints, Errors API endpoints; celigo/integrator-api-docs but integration.md."""


@pytest.mark.parametrize("row", [*ROWS, *NEIGHBOUR_ROWS], ids=lambda row: f"{row.method} {row.path} {dict(row.query)}")
def test_each_row_returns_its_documented_status(emulator: EmulatorUnderTest, row: Row) -> None:
    options = {} if row.body is None else {"json": row.body}
    response = emulator.call("celigo", row.method, row.path, params=row.query, **options)
    assert response.status_code == row.status
    assert emulator.exchanges()[-1].operations == (row.operation,)
    assert (response.content == b"") == (row.status == 204)
    if row.status != 204:
        assert response.headers["content-type"] == "application/json; charset=utf-8"


def test_the_table_has_a_row_for_every_operation(emulator: EmulatorUnderTest) -> None:
    beyond = {"getTokenInfo", "getTemplateFile"}
    operations = emulator.catalogue.contracts["celigo"].operations.values()
    own = {operation.name for operation in operations if not operation.is_neighbour}
    assert {row.operation for row in ROWS} | beyond == own


def test_connections_are_registered_by_the_printed_request(emulator: EmulatorUnderTest) -> None:
    """PUT /v1/integrations/<_id>/connections/register, printed without a Content-Type."""
    body = f'[\n  "{BIGCOMMERCE}","{SALESFORCE}"\n]'
    url = f"{emulator.url('celigo')}/integrations/{PLAIN}/connections/register"
    response = httpx.put(url, headers={"Authorization": "Bearer my_api_token"}, content=body)
    assert "content-type" not in response.request.headers
    assert response.status_code == 200
    read = httpx.get(f"{emulator.url('celigo')}/integrations/{PLAIN}", headers={"Authorization": "Bearer my_api_token"})
    assert {BIGCOMMERCE, SALESFORCE} <= set(read.json()["_registeredConnectionIds"])


def test_an_integration_is_downloaded_by_the_printed_request(emulator: EmulatorUnderTest) -> None:
    """POST /v1/integrations/<_id>/template: its printed reply has these two keys."""
    url = f"{emulator.url('celigo')}/integrations/{PLAIN}/template"
    response = httpx.post(url, headers={"Authorization": "Bearer my_api_token"})
    assert response.status_code == 200
    assert list(response.json()) == ["signedURL", "key"]
    assert response.json()["key"] == f"{PLAIN}.zip"
    link = httpx.URL(response.json()["signedURL"])
    assert list(link.params) == ["AWSAccessKeyId", "Expires", "Signature"]
    assert link.path.endswith(f"/{PLAIN}.zip")
    archive = zipfile.ZipFile(io.BytesIO(httpx.get(link).content))
    assert f"integrations/{PLAIN}.json" in archive.namelist()


def test_token_info_says_whose_token_it_is(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("celigo", "GET", "/tokenInfo").json() == {"_userId": "5f7c3a2b9d1e4c0012a4b6c1"}


def test_a_journey_with_requests(emulator: EmulatorUnderTest) -> None:
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer celigo-token"
        base = f"{emulator.url('celigo')}/integrations"
        made = session.post(base, json={"name": "Journey", "description": "A test"}, timeout=60)
        assert made.status_code == 201
        one = f"{base}/{made.json()['_id']}"
        assert session.put(f"{one}/connections/{NETSUITE}/register", timeout=60).status_code == 200
        alias = [{"op": "replace", "path": "/aliases", "value": [{"alias": "erp", "_connectionId": NETSUITE}]}]
        assert session.patch(one, json=alias, timeout=60).status_code == 204
        assert session.delete(f"{one}/connections/{NETSUITE}/register", timeout=60).status_code == 422
        assert session.get(one, timeout=60).json()["aliases"] == [{"alias": "erp", "_connectionId": NETSUITE}]
        assert session.delete(one, timeout=60).status_code == 204
        assert session.get(one, timeout=60).status_code == 404


def test_a_journey_with_httpx_through_all_pages(emulator: EmulatorUnderTest) -> None:
    with httpx.Client(base_url=emulator.url("celigo"), headers=emulator.headers("celigo")) as client:
        names, link = [], "/integrations?limit=2"
        while link:
            page = client.get(link)
            names += [integration["name"] for integration in page.json()]
            link = page.links.get("next", {}).get("url", "")
        assert len(names) == 5
        assert names == [integration["name"] for integration in client.get("/integrations").json()]


async def test_a_journey_with_aiohttp(emulator: EmulatorUnderTest) -> None:
    base = f"{emulator.url('celigo')}/integrations/{SHOP}"
    async with aiohttp.ClientSession(headers=emulator.headers("celigo")) as session:
        async with session.post(f"{base}/revisions/create", json={"description": "Before"}) as response:
            assert response.status == 201
        again = f"{base}/revisions/create?ignoreIfNoChanges=true"
        async with session.post(again) as response:
            assert response.status == 204
        patch = [{"op": "replace", "path": "/settings/shop", "value": "acme-indoor"}]
        async with session.patch(base, json=patch) as response:
            assert response.status == 204
        async with session.post(again, json={}) as response:
            assert response.status == 201
            assert (await response.json())["type"] == "snapshot"
        async with session.get(f"{base}/audit", params={"source": "api", "event": "update"}) as response:
            (entry,) = await response.json()
            assert entry["fieldChanges"] == [
                {"oldValue": "acme-outdoor", "newValue": "acme-indoor", "fieldPath": "settings.shop"}
            ]
