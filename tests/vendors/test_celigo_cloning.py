"""Clones of Celigo's integrations."""

from __future__ import annotations

from typing import Any

from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_integrations import NETSUITE, PLAIN, SHOP, SHOPIFY, errors, get

WAREHOUSE = "5fc5de876cfe5b44bb95dd02"
BIGCOMMERCE = "5fc5de876cfe5b44bb95dd06"


def clone(emulator: EmulatorUnderTest, id: str, **wishes: Any) -> Any:
    response = emulator.call("celigo", "POST", f"/integrations/{id}/clone", json=wishes)
    assert response.status_code == 201, response.text
    return response.json()


def content(emulator: EmulatorUnderTest, id: str, part: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = emulator.call("celigo", "GET", f"/integrations/{id}/{part}").json()
    return records


def test_a_clone_has_its_own_name_and_names_its_source(emulator: EmulatorUnderTest) -> None:
    made = emulator.call("celigo", "POST", f"/integrations/{PLAIN}/clone").json()
    assert made["name"] == "Clone - 3PL Central"
    assert made["_sourceId"] == PLAIN
    assert made["_id"] != PLAIN
    assert get(emulator, made["_id"]) == made
    for name in ("description", "readme", "settings", "version", "_registeredConnectionIds"):
        assert made[name] == get(emulator, PLAIN)[name]


def test_wishes_are_heeded(emulator: EmulatorUnderTest) -> None:
    made = clone(emulator, PLAIN, name="Test", tag="trial", sandbox=True)
    assert (made["name"], made["tag"], made["sandbox"]) == ("Test", "trial", True)
    assert all(flow["sandbox"] for flow in content(emulator, made["_id"], "flows"))


def test_flows_exports_and_imports_are_new_and_belong_together(emulator: EmulatorUnderTest) -> None:
    made = clone(emulator, SHOP)
    for part in ("flows", "exports", "imports"):
        old, new = content(emulator, SHOP, part), content(emulator, made["_id"], part)
        assert [record["name"] for record in new] == [record["name"] for record in old]
        assert not {record["_id"] for record in new} & {record["_id"] for record in old}
    exports = {export["_id"] for export in content(emulator, made["_id"], "exports")}
    for flow in content(emulator, made["_id"], "flows"):
        assert flow["_integrationId"] == made["_id"]
        assert flow["disabled"]
        assert {generator["_exportId"] for generator in flow["pageGenerators"]} <= exports


def test_groups_and_aliases_point_to_the_copies(emulator: EmulatorUnderTest) -> None:
    made = clone(emulator, SHOP)
    groups = [group["_id"] for group in made["flowGroupings"]]
    assert not set(groups) & {group["_id"] for group in get(emulator, SHOP)["flowGroupings"]}
    flows = content(emulator, made["_id"], "flows")
    assert [flow["_flowGroupingId"] for flow in flows] == [groups[0], groups[0], groups[1]]
    aliases = {alias["alias"]: alias for alias in made["aliases"]}
    assert aliases["main-flow"]["_flowId"] == flows[0]["_id"]
    assert aliases["erp"]["_connectionId"] == NETSUITE
    assert aliases["order-import"]["_importId"] == content(emulator, made["_id"], "imports")[0]["_id"]


def test_the_map_replaces_connections_everywhere(emulator: EmulatorUnderTest) -> None:
    made = clone(emulator, PLAIN, connectionMap={WAREHOUSE: BIGCOMMERCE})
    assert made["_registeredConnectionIds"] == [NETSUITE, BIGCOMMERCE]
    imports = content(emulator, made["_id"], "imports")
    assert [one["_connectionId"] for one in imports] == [BIGCOMMERCE, NETSUITE, NETSUITE]
    assert get(emulator, PLAIN)["_registeredConnectionIds"] == [NETSUITE, WAREHOUSE]


def test_a_wrong_map_is_refused(emulator: EmulatorUnderTest) -> None:
    for wrong in ({WAREHOUSE: "0" * 24}, {SHOPIFY: NETSUITE}, {WAREHOUSE: "x"}):
        response = emulator.call("celigo", "POST", f"/integrations/{PLAIN}/clone", json={"connectionMap": wrong})
        assert response.status_code == 400
        assert errors(response)[0]["code"] == "invalid_connectionMap"
    assert len(emulator.records("celigo.integrations")) == 5


def test_a_clone_without_a_map_is_refused_by_a_switch(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.clone_without_connection_map", "refused")
    assert emulator.call("celigo", "POST", f"/integrations/{PLAIN}/clone").status_code == 400
    assert clone(emulator, PLAIN, connectionMap={NETSUITE: NETSUITE})["_registeredConnectionIds"][0] == NETSUITE


def test_a_clone_is_a_manifest_by_a_switch(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.clone_reply", "manifest")
    manifest = clone(emulator, PLAIN)
    assert [entry["model"] for entry in manifest] == [
        "Integration",
        *["Export"] * 3,
        *["Import"] * 3,
        *["Flow"] * 3,
    ]
    assert get(emulator, manifest[0]["_id"])["name"] == manifest[0]["name"] == "Clone - 3PL Central"


def test_a_clone_to_install_asks_for_each_connection_and_then_copies(emulator: EmulatorUnderTest) -> None:
    response = clone(emulator, PLAIN, newTemplateInstaller=True, name="Staged")
    assert list(response) == ["_integrationId"]
    made = get(emulator, response["_integrationId"])
    assert (made["name"], made["mode"], made["_sourceId"]) == ("Staged", "install", PLAIN)
    assert [step["type"] for step in made["installSteps"]] == ["connection", "connection", "template_zip"]
    assert made["installSteps"][1]["sourceConnection"] == {
        "_id": WAREHOUSE,
        "type": "http",
        "name": "3PL Central",
        "http": {"formType": "assistant"},
    }
    assert made["installSteps"][2]["isClone"]
    assert content(emulator, made["_id"], "flows") == []

    path = f"/integrations/{made['_id']}/installSteps"
    assert emulator.call("celigo", "POST", path, json={"_connectionId": NETSUITE}).status_code == 200
    steps = emulator.call("celigo", "POST", path, json={"_connectionId": BIGCOMMERCE}).json()
    assert [step["completed"] for step in steps] == [True, True, False]
    done = emulator.call("celigo", "POST", path)
    assert (done.status_code, done.content) == (200, b"")

    installed = get(emulator, made["_id"])
    assert installed["mode"] == "settings"
    assert installed["_registeredConnectionIds"] == [NETSUITE, BIGCOMMERCE]
    assert installed["settings"] == get(emulator, PLAIN)["settings"]
    assert len(content(emulator, made["_id"], "flows")) == 3
    imports = content(emulator, made["_id"], "imports")
    assert {one["_connectionId"] for one in imports} == {NETSUITE, BIGCOMMERCE}


def test_a_plain_clone_takes_no_snapshots_and_an_installed_one_does(emulator: EmulatorUnderTest) -> None:
    plain = clone(emulator, PLAIN)["_id"]
    response = emulator.call("celigo", "POST", f"/integrations/{plain}/revisions/create")
    assert response.status_code == 422
    assert errors(response)[0]["message"] == "clone must be linked to source integration"
    linked = clone(emulator, PLAIN, newTemplateInstaller=True)["_integrationId"]
    assert emulator.call("celigo", "POST", f"/integrations/{linked}/revisions/create").status_code == 201
    emulator.switch("celigo.standalone_clone_snapshot", "allowed")
    assert emulator.call("celigo", "POST", f"/integrations/{plain}/revisions/create").status_code == 201
