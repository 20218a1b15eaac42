"""Snapshots of Celigo's integrations, and their audit log."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_integrations import EMPTY, NETSUITE, PLAIN, SHOP, SHOPIFY, get

OWNER = {"_id": "5f7c3a2b9d1e4c0012a4b6c1", "email": "avery.owner@example.com", "name": "Avery Owner"}


def snapshot(emulator: EmulatorUnderTest, id: str, **options: Any) -> httpx.Response:
    path = f"/integrations/{id}/revisions/create"
    return emulator.call("celigo", "POST", path, params={"ignoreIfNoChanges": "true"}, **options)


def audit(emulator: EmulatorUnderTest, id: str, **query: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = emulator.call("celigo", "GET", f"/integrations/{id}/audit", params=query).json()
    return entries


def test_a_snapshot_is_a_completed_revision(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("celigo", "POST", f"/integrations/{PLAIN}/revisions/create", json={"description": "Mine"})
    assert response.status_code == 201
    made = response.json()
    assert list(made) == [
        "_id",
        "description",
        "type",
        "status",
        "_createdByUserId",
        "_integrationId",
        "createdAt",
        "lastModified",
        "installSteps",
    ]
    assert (made["description"], made["type"], made["status"]) == ("Mine", "snapshot", "completed")
    assert (made["_createdByUserId"], made["_integrationId"]) == (OWNER["_id"], PLAIN)
    assert emulator.records("celigo.revisions")[-1] == made


def test_without_changes_an_automatic_snapshot_is_skipped(emulator: EmulatorUnderTest) -> None:
    assert snapshot(emulator, PLAIN).status_code == 204
    assert snapshot(emulator, EMPTY).status_code == 201, "there was none yet"
    skipped = snapshot(emulator, EMPTY)
    assert (skipped.status_code, skipped.content) == (204, b"")
    assert emulator.call("celigo", "POST", f"/integrations/{EMPTY}/revisions/create").status_code == 201
    path = f"/integrations/{EMPTY}/revisions/create?ignoreIfNoChanges=false"
    assert emulator.call("celigo", "POST", path).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", [{"op": "replace", "path": "/version", "value": "9"}]),
        ("PUT", "", {"name": "Renamed"}),
        ("PUT", f"/connections/{SHOPIFY}/register", None),
        ("DELETE", f"/connections/{NETSUITE}/register", None),
    ],
)
def test_each_change_makes_for_another_snapshot(emulator: EmulatorUnderTest, method: str, path: str, body: Any) -> None:
    options = {} if body is None else {"json": body}
    assert emulator.call("celigo", method, f"/integrations/{PLAIN}{path}", **options).is_success
    assert snapshot(emulator, PLAIN).status_code == 201
    assert snapshot(emulator, PLAIN).status_code == 204


def test_writing_the_same_value_is_not_a_change(emulator: EmulatorUnderTest) -> None:
    assert snapshot(emulator, SHOP).status_code == 201
    assert emulator.call("celigo", "PUT", f"/integrations/{SHOP}", json=get(emulator, SHOP)).status_code == 200
    assert snapshot(emulator, SHOP).status_code == 204


def test_a_reverted_change_is_not_listed(emulator: EmulatorUnderTest) -> None:
    assert snapshot(emulator, SHOP).status_code == 201
    for version in ("9", "2.1.0"):
        patch = [{"op": "replace", "path": "/version", "value": version}]
        emulator.call("celigo", "PATCH", f"/integrations/{SHOP}", json=patch)
    assert snapshot(emulator, SHOP).status_code == 204


def test_a_body_is_not_needed_even_if_its_type_is_sent(emulator: EmulatorUnderTest) -> None:
    headers = {"Content-Type": "application/json"}
    assert snapshot(emulator, SHOP, headers=headers).status_code == 201
    assert snapshot(emulator, SHOP, headers=headers, json={}).status_code == 204


def test_the_log_contains_what_was_done(emulator: EmulatorUnderTest) -> None:
    made = emulator.call("celigo", "POST", "/integrations", json={"name": "New"}).json()
    path = f"/integrations/{made['_id']}"
    emulator.call("celigo", "PATCH", path, json=[{"op": "replace", "path": "/version", "value": "1"}])
    emulator.call("celigo", "PUT", f"{path}/connections/{NETSUITE}/register")
    body = {"name": "Newer", "settings": {"a": {"b": 1}}, "_registeredConnectionIds": [NETSUITE]}
    emulator.call("celigo", "PUT", path, json=body)
    emulator.call("celigo", "PATCH", path, json=[{"op": "replace", "path": "/settings/a/b", "value": 2}])
    log = audit(emulator, made["_id"])
    assert [entry["event"] for entry in log] == ["update"] * 4 + ["create"]
    assert [entry["fieldChanges"] for entry in log] == [
        [{"oldValue": 1, "newValue": 2, "fieldPath": "settings.a.b"}],
        [
            {"oldValue": "New", "newValue": "Newer", "fieldPath": "name"},
            {"oldValue": "1", "fieldPath": "version"},
            {"newValue": {"a": {"b": 1}}, "fieldPath": "settings"},
        ],
        [{"oldValue": [], "newValue": [NETSUITE], "fieldPath": "_registeredConnectionIds"}],
        [{"newValue": "1", "fieldPath": "version"}],
        [],
    ]
    assert list(log[0]) == [
        "_id",
        "resourceType",
        "_resourceId",
        "source",
        "fieldChanges",
        "event",
        "time",
        "byUser",
    ]
    for entry in log:
        assert (entry["resourceType"], entry["_resourceId"]) == ("integration", made["_id"])
        assert (entry["source"], entry["byUser"]) == ("api", OWNER)


def test_a_refused_call_leaves_no_entry(emulator: EmulatorUnderTest) -> None:
    before = audit(emulator, PLAIN)
    emulator.call("celigo", "PATCH", f"/integrations/{PLAIN}", json=[{"op": "replace", "path": "/name", "value": ""}])
    emulator.call("celigo", "PUT", f"/integrations/{PLAIN}", json={})
    assert audit(emulator, PLAIN) == before


def test_deletions_are_logged_with_the_name(emulator: EmulatorUnderTest) -> None:
    emulator.call("celigo", "DELETE", f"/integrations/{PLAIN}")
    entry = emulator.records("celigo.audit")[-1]
    assert (entry["event"], entry["resourceType"], entry["_resourceId"]) == ("delete", "integration", PLAIN)
    assert entry["deletedInfo"] == {"name": "3PL Central"}
    flows = [entry for entry in emulator.records("celigo.audit") if entry["resourceType"] == "flow"]
    assert [entry["event"] for entry in flows[-3:]] == ["delete"] * 3


def test_the_log_covers_what_is_in_the_integration_newest_first(emulator: EmulatorUnderTest) -> None:
    log = audit(emulator, SHOP)
    assert {entry["resourceType"] for entry in log} == {"flow", "integration"}
    assert [entry["time"] for entry in log] == sorted((entry["time"] for entry in log), reverse=True)
    snapshot(emulator, SHOP)
    assert audit(emulator, SHOP)[0]["resourceType"] == "revision"
    assert len(audit(emulator, PLAIN)) == 2


def test_the_log_can_be_filtered_and_paged(emulator: EmulatorUnderTest) -> None:
    log = audit(emulator, SHOP)
    assert len(log) == 40
    flows = audit(emulator, SHOP, resourceType="flow")
    assert flows == [entry for entry in log if entry["resourceType"] == "flow"]
    assert audit(emulator, SHOP, _resourceId=SHOP) == [entry for entry in log if entry["_resourceId"] == SHOP]
    assert audit(emulator, SHOP, _byUserId=OWNER["_id"]) == audit(emulator, SHOP, source="api") == []
    assert audit(emulator, SHOP, event="create") == audit(emulator, SHOP, action="create") == []
    time = log[9]["time"]
    assert audit(emulator, SHOP, **{"from": time}) == log[:10]
    assert audit(emulator, SHOP, to=time) == log[9:]
    assert audit(emulator, SHOP, limit="5", skip="5") == log[5:10]
