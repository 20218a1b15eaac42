"""What can be done with one of Celigo's flows besides replacing it: patching and cloning it, and reading its log."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.exchange import Record
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_flows import ORDERS, OWNER, UNKNOWN, call
from tests.vendors.test_celigo_integrations import EMPTY, PLAIN, SHOP, errors
from tests.vendors.test_celigo_jobs import STOCK

NETSUITE = "5fc5de876cfe5b44bb95dd01"
WAREHOUSE = "5fc5de876cfe5b44bb95dd02"
BIGCOMMERCE = "5fc5de876cfe5b44bb95dd06"
SAME = {NETSUITE: NETSUITE, WAREHOUSE: WAREHOUSE}
"""Each connection of ORDERS as it is."""
MAIN = "60f1a4a1c4d5e6f708192b31"
"""A flow that an alias of SHOP references."""


def patch(emulator: EmulatorUnderTest, *operations: Record, flow: str = ORDERS) -> Any:
    return emulator.call("celigo", "PATCH", f"/flows/{flow}", json=list(operations))


def setting(path: str, value: Any) -> Record:
    return {"op": "replace", "path": path, "value": value}


def test_a_patch_changes_the_documented_fields_and_is_logged(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", f"/flows/{ORDERS}")
    alias = {"alias": "orders", "_exportId": before["pageGenerators"][0]["_exportId"]}
    response = patch(
        emulator,
        setting("/disabled", True),
        setting("/runPageGeneratorsInParallel", True),
        setting("/pageGenerators/0/schedule", "? 5 * ? * *"),
        setting("/aliases", [alias]),
        {"op": "remove", "path": "/schedule"},
    )
    assert (response.status_code, response.content) == (204, b"")
    after = call(emulator, "GET", f"/flows/{ORDERS}")
    assert (after["disabled"], after["runPageGeneratorsInParallel"], after["aliases"]) == (True, True, [alias])
    assert after["pageGenerators"] == [{**before["pageGenerators"][0], "schedule": "? 5 * ? * *"}]
    assert "schedule" not in after
    assert (after["lastModifiedBy"], after["lastModified"] > before["lastModified"]) == (OWNER, True)
    entry = call(emulator, "GET", f"/flows/{ORDERS}/audit")[0]
    assert {"fieldPath": "disabled", "oldValue": False, "newValue": True} in entry["fieldChanges"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/_integrationId", "_integrationId"),
        ("/pageGenerators", "pageGenerators"),
        ("/pageGenerators/0/_exportId", "pageGenerators.0._exportId"),
        ("/settings/a", "settings.a"),
    ],
)
def test_other_fields_cannot_be_patched(emulator: EmulatorUnderTest, path: str, field: str) -> None:
    before = call(emulator, "GET", f"/flows/{ORDERS}")
    response = patch(emulator, setting("/disabled", True), setting(path, EMPTY))
    message = f'The field "{field}" cannot be updated using PATCH.'
    assert errors(response) == [{"code": "update_not_allowed", "message": message, "field": field}]
    assert response.status_code == 422
    assert call(emulator, "GET", f"/flows/{ORDERS}") == before


@pytest.mark.parametrize(
    ("operation", "code", "field"),
    [
        (setting("/disabled", "yes"), "invalid_field", "disabled"),
        (setting("/pageGenerators/0/skipRetries", 1), "invalid_field", "pageGenerators.0.skipRetries"),
        (setting("/name", ""), "missing_required_field", "name"),
        ({"op": "remove", "path": "/name"}, "missing_required_field", "name"),
        ({"op": "move", "from": "/disabled", "path": "/description"}, "invalid_field", "description"),
        (setting("/aliases", [{"alias": "a", "_exportId": UNKNOWN}]), "invalid_ref", "aliases.0._exportId"),
    ],
)
def test_values_that_a_patch_may_not_set(emulator: EmulatorUnderTest, operation: Record, code: str, field: str) -> None:
    response = patch(emulator, operation)
    assert (response.status_code, errors(response)[0]["code"], errors(response)[0]["field"]) == (422, code, field)


def test_a_field_of_a_router_can_be_patched(emulator: EmulatorUnderTest) -> None:
    assert patch(emulator, setting("/routers/0/branches/0/name", "Others"), flow=STOCK).status_code == 204
    assert call(emulator, "GET", f"/flows/{STOCK}")["routers"][0]["branches"][0]["name"] == "Others"


def test_a_clone_has_copies_of_the_flows_exports_and_imports(emulator: EmulatorUnderTest) -> None:
    source = call(emulator, "GET", f"/flows/{ORDERS}")
    body = {"_integrationId": SHOP.upper(), "connectionMap": {**SAME, WAREHOUSE: BIGCOMMERCE}}
    clone = call(emulator, "POST", f"/flows/{ORDERS}/clone", json=body)
    assert (clone["name"], clone["_integrationId"], clone["_sourceId"]) == (f"Clone - {source['name']}", SHOP, ORDERS)
    assert clone["disabled"] is True
    assert "lastExecutedAt" not in clone
    assert call(emulator, "GET", f"/flows/{clone['_id']}") == clone
    old, new = (one["pageProcessors"][0]["_importId"] for one in (source, clone))
    assert new != old
    before, after = (call(emulator, "GET", f"/imports/{id}") for id in (old, new))
    assert (before["_connectionId"], after["_connectionId"]) == (WAREHOUSE, BIGCOMMERCE)
    assert (after["name"], after["apiIdentifier"] != before["apiIdentifier"]) == (before["name"], True)
    assert call(emulator, "GET", f"/flows/{ORDERS}") == source
    assert clone in call(emulator, "GET", f"/integrations/{SHOP}/flows")


def test_a_clone_is_named_and_put_into_a_group_as_it_is_told(emulator: EmulatorUnderTest) -> None:
    group = "60f1a2b3c4d5e6f708192a3c"
    body = {"name": "Mine", "_integrationId": SHOP, "_flowGroupingId": group, "connectionMap": {}}
    clone = call(emulator, "POST", f"/flows/{MAIN}/clone", json=body)
    assert (clone["name"], clone["_flowGroupingId"]) == ("Mine", group)
    del body["_flowGroupingId"]
    assert "_flowGroupingId" not in call(emulator, "POST", f"/flows/{MAIN}/clone", json=body)


def test_a_clone_can_be_replied_as_a_manifest(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.clone_reply", "manifest")
    body = {"_integrationId": PLAIN, "connectionMap": SAME}
    manifest = call(emulator, "POST", f"/flows/{ORDERS}/clone", json=body)
    assert [one["model"] for one in manifest] == ["Export", "Import", "Flow"]
    assert call(emulator, "GET", f"/flows/{manifest[-1]['_id']}")["name"] == manifest[-1]["name"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"_integrationId": PLAIN}, 400, "invalid_connectionMap"),
        ({"_integrationId": PLAIN, "connectionMap": {NETSUITE: UNKNOWN}}, 400, "invalid_connectionMap"),
        ({"_integrationId": PLAIN, "connectionMap": {BIGCOMMERCE: NETSUITE}}, 400, "invalid_connectionMap"),
        ({"_integrationId": UNKNOWN, "connectionMap": SAME}, 422, "invalid_ref"),
        ({"connectionMap": SAME}, 422, "missing_required_field"),
        (None, 422, "missing_required_field"),
    ],
)
def test_clones_that_are_refused(emulator: EmulatorUnderTest, body: Record | None, status: int, code: str) -> None:
    before = call(emulator, "GET", "/exports")
    response = emulator.call("celigo", "POST", f"/flows/{ORDERS}/clone", json=body)
    assert (response.status_code, errors(response)[0]["code"]) == (status, code)
    assert call(emulator, "GET", "/exports") == before


def test_a_flow_without_connections_is_cloned_without_a_map(emulator: EmulatorUnderTest) -> None:
    flow = call(emulator, "POST", "/flows", json={"name": "Alone"})
    clone = call(emulator, "POST", f"/flows/{flow['_id']}/clone", json={"_integrationId": EMPTY})
    assert (clone["name"], clone["_integrationId"]) == ("Clone - Alone", EMPTY)


def test_the_audit_log_of_a_flow_is_about_that_flow(emulator: EmulatorUnderTest) -> None:
    log = call(emulator, "GET", f"/flows/{STOCK.upper()}/audit?limit=1000")
    of_plain = call(emulator, "GET", f"/integrations/{PLAIN}/audit?limit=1000")
    assert log
    assert log == [entry for entry in of_plain if entry["_resourceId"] == STOCK]
