"""Celigo's flows and scripts, each on its own: the same records as those of the integrations."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.exchange import Record
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_integrations import PLAIN, SHOP, errors, get

ORDERS = "5fc5e1346cfe5b44bb95df11"
"""A flow of PLAIN."""
FORM = "5fd0a1b2c3d4e5f60718293a"
"""A script that a settings form names."""
CLEAN_UP = "5fd0a1b2c3d4e5f60718293b"
GET_ORDERS = "5fc5e1116cfe5b44bb95de91"
UNKNOWN = "0123456789abcdef01234567"
OWNER = "5f7c3a2b9d1e4c0012a4b6c1"


def call(emulator: EmulatorUnderTest, method: str, path: str, **options: Any) -> Any:
    response = emulator.call("celigo", method, path, **options)
    assert response.status_code < 300, response.text
    return response.json() if response.content else None


def flows_of(emulator: EmulatorUnderTest, id: str) -> dict[str, Record]:
    return {flow["_id"]: flow for flow in call(emulator, "GET", f"/integrations/{id}/flows")}


def test_the_integrations_lists_show_the_same_flows(emulator: EmulatorUnderTest) -> None:
    listed = {flow["_id"]: flow for flow in call(emulator, "GET", "/flows")}
    for id, flow in {**flows_of(emulator, PLAIN), **flows_of(emulator, SHOP)}.items():
        assert listed[id] == flow == call(emulator, "GET", f"/flows/{id.upper()}")


def test_a_created_flow_belongs_to_its_integration(emulator: EmulatorUnderTest) -> None:
    body = {"name": "New", "_integrationId": PLAIN.upper(), "pageGenerators": [{"_exportId": GET_ORDERS}], "nobody": 1}
    flow = call(emulator, "POST", "/flows", json=body)
    assert list(flow)[:3] == ["_id", "lastModified", "name"]
    assert (flow["disabled"], flow["_integrationId"], flow["lastModifiedBy"]) == (False, PLAIN, OWNER)
    assert flow["createdAt"] == flow["lastModified"]
    assert "nobody" not in flow
    assert flows_of(emulator, PLAIN)[flow["_id"]] == flow
    entry = call(emulator, "GET", f"/integrations/{PLAIN}/audit")[0]
    assert (entry["resourceType"], entry["_resourceId"], entry["event"]) == ("flow", flow["_id"], "create")


def test_put_erases_what_is_left_out_and_keeps_what_is_read_only(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", f"/flows/{ORDERS}")
    sent = {"name": "Renamed", "_integrationId": PLAIN, "_id": UNKNOWN, "createdAt": "x", "schedule": None}
    after = call(emulator, "PUT", f"/flows/{ORDERS}", json=sent)
    kept = {name: before[name] for name in ("_id", "lastExecutedAt", "createdAt")}
    written = {"name": "Renamed", "_integrationId": PLAIN, "disabled": False, "skipRetries": False}
    assert after == {**kept, **written, "lastModified": after["lastModified"], "lastModifiedBy": OWNER}
    assert after["lastModified"] > before["lastModified"]
    entry = call(emulator, "GET", f"/integrations/{PLAIN}/audit")[0]
    assert {"fieldPath": "name", "oldValue": before["name"], "newValue": "Renamed"} in entry["fieldChanges"]


def test_a_flow_can_be_written_back_as_it_was_read(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", f"/flows/{ORDERS}")
    after = call(emulator, "PUT", f"/flows/{ORDERS}", json=before)
    changed = {"lastModified": after["lastModified"], "lastModifiedBy": OWNER}
    assert after == {**before, **changed}


def test_a_deleted_flow_is_gone_with_its_errors(emulator: EmulatorUnderTest) -> None:
    before = next(one for one in call(emulator, "GET", "/integrations") if one["_id"] == PLAIN)
    with_errors = next(
        one["_flowId"] for one in emulator.records("celigo.errors") if one["_flowId"] in flows_of(emulator, PLAIN)
    )
    assert call(emulator, "DELETE", f"/flows/{with_errors}") is None
    assert emulator.call("celigo", "GET", f"/flows/{with_errors}").status_code == 404
    assert with_errors not in flows_of(emulator, PLAIN)
    after = next(one for one in call(emulator, "GET", "/integrations") if one["_id"] == PLAIN)
    assert after["numFlows"] == before["numFlows"] - 1
    assert after["numError"] < before["numError"]


@pytest.mark.parametrize(
    ("fields", "field", "name"),
    [
        ({"_integrationId": UNKNOWN}, "_integrationId", "_integrationId"),
        ({"pageGenerators": [{"_exportId": UNKNOWN}]}, "pageGenerators.0._exportId", "_exportId"),
        ({"pageProcessors": [{"type": "import", "_importId": UNKNOWN}]}, "pageProcessors.0._importId", "_importId"),
    ],
)
def test_references_to_nothing(emulator: EmulatorUnderTest, fields: Record, field: str, name: str) -> None:
    response = emulator.call("celigo", "POST", "/flows", json={"name": "New", **fields})
    expected = {"code": "invalid_ref", "message": f"Please provide a valid {name}.", "field": field}
    assert (response.status_code, errors(response)) == (422, [expected])


def test_a_reference_that_is_no_id(emulator: EmulatorUnderTest) -> None:
    body = {"name": "New", "pageGenerators": [{"_exportId": "#$#$#$"}], "settings": {"_exportId": "anything"}}
    response = emulator.call("celigo", "POST", "/flows", json=body)
    message = 'Cast to ObjectId failed for value "#$#$#$" at path "_exportId"'
    assert errors(response) == [{"code": "invalid_field", "message": message, "field": "pageGenerators.0._exportId"}]


def test_aliases_of_flows(emulator: EmulatorUnderTest) -> None:
    aliases = [{"alias": "source", "_exportId": GET_ORDERS}]
    alone = emulator.call("celigo", "POST", "/flows", json={"name": "New", "aliases": aliases})
    assert (alone.status_code, errors(alone)[0]["code"]) == (422, "alias_not_supported")
    attached = call(emulator, "POST", "/flows", json={"name": "New", "aliases": aliases, "_integrationId": PLAIN})
    patch = [{"op": "add", "path": "/aliases", "value": [{"alias": "new", "_flowId": attached["_id"]}]}]
    call(emulator, "PATCH", f"/integrations/{PLAIN}", json=patch)
    detached = emulator.call("celigo", "PUT", f"/flows/{attached['_id']}", json={"name": "New"})
    assert (detached.status_code, errors(detached)[0]["code"]) == (422, "detach_failed")


def test_lists_of_scripts_leave_out_the_content(emulator: EmulatorUnderTest) -> None:
    assert [script["name"] for script in call(emulator, "GET", "/scripts")] == ["Shop settings", "Address clean-up"]
    assert not any("content" in script for script in call(emulator, "GET", "/scripts?include=content"))
    assert "initSettings" in call(emulator, "GET", f"/scripts/{FORM}")["content"]


def test_scripts_can_be_created_replaced_and_deleted(emulator: EmulatorUnderTest) -> None:
    script = call(emulator, "POST", "/scripts", json={"name": "New", "content": "a()", "description": "Does a."})
    path = f"/scripts/{script['_id']}"
    after = call(emulator, "PUT", path, json={"name": "New", "content": "b()"})
    assert after == {**{name: script[name] for name in script if name != "description"}, "content": "b()"} | {
        "lastModified": after["lastModified"]
    }
    form = {"init": {"_scriptId": script["_id"], "function": "b"}}
    made = call(emulator, "POST", "/integrations", json={"name": "New", "settingsForm": form})
    used = emulator.call("celigo", "DELETE", path)
    assert (used.status_code, errors(used)) == (
        409,
        [{"code": "in_use", "message": "The script is used by other resources."}],
    )
    call(emulator, "DELETE", f"/integrations/{made['_id']}")
    call(emulator, "DELETE", path)
    assert emulator.call("celigo", "GET", path).status_code == 404


def test_a_script_without_its_source_is_accepted_and_a_violation(emulator: EmulatorUnderTest) -> None:
    for method, path in (("POST", "/scripts"), ("PUT", f"/scripts/{FORM}")):
        response = emulator.call("celigo", method, path, json={"name": "New"})
        assert "content" not in call(emulator, "GET", f"/scripts/{response.json()['_id']}")
        written = emulator.exchanges()[-2]
        assert [violation.pointer for violation in written.call_violations] == ["/content"]


def test_a_script_in_use_can_be_deleted_by_a_switch(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.delete_referenced", "accepted")
    call(emulator, "DELETE", f"/scripts/{FORM}")
    assert get(emulator, SHOP)["settingsForm"]["init"]["_scriptId"] == FORM


@pytest.mark.parametrize("path", ["/flows", "/scripts"])
def test_pages_and_projections(emulator: EmulatorUnderTest, path: str) -> None:
    first = emulator.call("celigo", "GET", f"{path}?limit=1&include=createdAt")
    assert [sorted(one) for one in first.json()] == [["_id", "createdAt", "name"]]
    assert first.headers["link"].endswith(f'{path}?include=createdAt&skip=1&limit=1>; rel="next"')


def test_empty_lists_have_the_status_of_the_switch(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.empty_list_status", 204)
    for flow in call(emulator, "GET", "/flows"):
        call(emulator, "DELETE", f"/flows/{flow['_id']}")
    assert emulator.call("celigo", "GET", "/flows").status_code == 204
