"""Celigo's exports, imports and connections, each on its own: the same records as those of the integrations."""

from __future__ import annotations

import pytest

from emulator.exchange import Record
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_flows import GET_ORDERS, OWNER, UNKNOWN, call
from tests.vendors.test_celigo_integrations import PLAIN, errors, get

NETSUITE = "5fc5de876cfe5b44bb95dd01"
BIGCOMMERCE = "5fc5de876cfe5b44bb95dd06"
POST_ORDERS = "5fc5e1226cfe5b44bb95dea1"

WRITTEN = {
    "exports": {"name": "New", "_connectionId": NETSUITE, "adaptorType": "HTTPExport", "http": {"method": "GET"}},
    "imports": {"name": "New", "_connectionId": NETSUITE, "adaptorType": "HTTPImport", "http": {"method": ["POST"]}},
    "connections": {"name": "New", "type": "http", "http": {"baseURI": "https://warehouse.example.com"}},
}
IDS = {"exports": GET_ORDERS, "imports": POST_ORDERS, "connections": NETSUITE}


@pytest.mark.parametrize("kind", WRITTEN)
def test_the_integrations_lists_show_the_same_records(emulator: EmulatorUnderTest, kind: str) -> None:
    listed = {record["_id"]: record for record in call(emulator, "GET", f"/{kind}")}
    for record in call(emulator, "GET", f"/integrations/{PLAIN}/{kind}"):
        assert listed[record["_id"]] == record == call(emulator, "GET", f"/{kind}/{record['_id'].upper()}")


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_created_record_has_the_fields_of_its_kind(emulator: EmulatorUnderTest, kind: str) -> None:
    record = call(emulator, "POST", f"/{kind}", json=WRITTEN[kind])
    assert record.items() >= WRITTEN[kind].items()
    assert (record["createdAt"], record["lastModifiedBy"]) == (record["lastModified"], OWNER)
    assert record == call(emulator, "GET", f"/{kind}/{record['_id']}") == call(emulator, "GET", f"/{kind}")[-1]
    entry = emulator.records("celigo.audit")[-1]
    assert (entry["resourceType"], entry["_resourceId"], entry["event"]) == (kind[:-1], record["_id"], "create")


@pytest.mark.parametrize("kind", WRITTEN)
def test_put_replaces_and_keeps_what_is_read_only(emulator: EmulatorUnderTest, kind: str) -> None:
    before = call(emulator, "GET", f"/{kind}/{IDS[kind]}")
    sent = {**WRITTEN[kind], "_id": UNKNOWN, "createdAt": "x", "apiIdentifier": "x", "offline": True}
    after = call(emulator, "PUT", f"/{kind}/{IDS[kind]}", json=sent)
    assert after.items() >= WRITTEN[kind].items()
    read_only = {"_id", "createdAt", "apiIdentifier", "offline"} & before.keys()
    assert {name: after[name] for name in read_only} == {name: before[name] for name in read_only}
    assert "netsuite" not in after


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_was_read_can_be_written_back(emulator: EmulatorUnderTest, kind: str) -> None:
    before = call(emulator, "GET", f"/{kind}/{IDS[kind]}")
    after = call(emulator, "PUT", f"/{kind}/{IDS[kind]}", json=before)
    assert after == {**before, "lastModified": after["lastModified"], "lastModifiedBy": OWNER}


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_others_refer_to_is_not_deleted(emulator: EmulatorUnderTest, kind: str) -> None:
    path = f"/{kind}/{IDS[kind]}"
    refused = emulator.call("celigo", "DELETE", path)
    expected = {"code": "in_use", "message": f"The {kind[:-1]} is used by other resources."}
    assert (refused.status_code, errors(refused)) == (409, [expected])
    assert emulator.call("celigo", "GET", path).status_code == 200
    emulator.switch("celigo.delete_referenced", "accepted")
    call(emulator, "DELETE", path)
    assert IDS[kind] not in [one["_id"] for one in call(emulator, "GET", f"/integrations/{PLAIN}/{kind}")]
    assert emulator.call("celigo", "GET", path).status_code == 404


def test_a_deleted_connection_is_no_longer_registered(emulator: EmulatorUnderTest) -> None:
    made = call(emulator, "POST", "/connections", json=WRITTEN["connections"])["_id"]
    call(emulator, "PUT", f"/integrations/{PLAIN}/connections/{made}/register")
    call(emulator, "DELETE", f"/connections/{made}")
    assert made not in get(emulator, PLAIN)["_registeredConnectionIds"]


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        ("exports", {"_connectionId": UNKNOWN}, "_connectionId"),
        ("imports", {"_connectionId": UNKNOWN}, "_connectionId"),
        ("exports", {"hooks": {"preSavePage": {"_scriptId": UNKNOWN}}}, "hooks.preSavePage._scriptId"),
    ],
)
def test_references_to_nothing(emulator: EmulatorUnderTest, kind: str, fields: Record, field: str) -> None:
    response = emulator.call("celigo", "POST", f"/{kind}", json={**WRITTEN[kind], **fields})
    message = f"Please provide a valid {field.rpartition('.')[2]}."
    assert (response.status_code, errors(response)) == (
        422,
        [{"code": "invalid_ref", "message": message, "field": field}],
    )


def test_secrets_of_connections_are_masked(emulator: EmulatorUnderTest) -> None:
    http = {"auth": {"token": {"token": "secret-1", "location": "header"}}, "encrypted": {"apiKey": "secret-2"}}
    made = call(emulator, "POST", "/connections", json={"name": "New", "type": "http", "http": http})
    masked = {"auth": {"token": {"token": "******", "location": "header"}}, "encrypted": {"apiKey": "******"}}
    assert made["http"] == masked == call(emulator, "GET", f"/connections/{made['_id']}")["http"]
    assert "secret-" not in str(emulator.records("celigo.audit"))


def test_a_connection_needs_the_settings_of_its_type(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("celigo", "POST", "/connections", json={"name": "New", "type": "ftp", "http": {}})
    expected = {"code": "missing_required_field", "message": "Path `ftp` is required.", "field": "ftp"}
    assert (response.status_code, errors(response)) == (422, [expected])


def test_ping(emulator: EmulatorUnderTest) -> None:
    replies = {
        bool(one.get("offline")): call(emulator, "GET", f"/connections/{one['_id']}/ping")
        for one in call(emulator, "GET", "/connections")
    }
    offline = {"errors": [{"code": "connection_offline", "message": "The connection is offline."}]}
    assert replies == {False: {"code": 200}, True: offline}


@pytest.mark.parametrize(("kind", "adaptor"), [("exports", "FTPExport"), ("imports", "HTTPImport")])
def test_exports_and_imports_are_listed_by_adaptor(emulator: EmulatorUnderTest, kind: str, adaptor: str) -> None:
    everything = call(emulator, "GET", f"/{kind}")
    listed = call(emulator, "GET", f"/{kind}?adaptorType={adaptor}")
    assert listed
    assert listed == [one for one in everything if one["adaptorType"] == adaptor] != everything


@pytest.mark.parametrize("kind", ["exports", "imports"])
def test_a_clone_is_a_copy_with_another_name_and_connection(emulator: EmulatorUnderTest, kind: str) -> None:
    source = call(emulator, "GET", f"/{kind}/{IDS[kind]}")
    plain = call(emulator, "POST", f"/{kind}/{IDS[kind].upper()}/clone")
    changed = {name: plain[name] for name in ("_id", "apiIdentifier", "createdAt", "lastModified")}
    assert plain == {**source, **changed, "name": f"Clone - {source['name']}"}
    assert not {source["_id"], source["apiIdentifier"]} & set(changed.values())
    body = {"name": "Mine", "connectionMap": {source["_connectionId"]: BIGCOMMERCE}}
    mapped = call(emulator, "POST", f"/{kind}/{IDS[kind]}/clone", json=body)
    assert (mapped["name"], mapped["_connectionId"]) == ("Mine", BIGCOMMERCE)
    assert mapped in call(emulator, "GET", f"/{kind}")
    emulator.switch("celigo.clone_reply", "manifest")
    (entry,) = call(emulator, "POST", f"/{kind}/{IDS[kind]}/clone")
    assert entry["model"] == kind.capitalize().removesuffix("s")
    assert call(emulator, "GET", f"/{kind}/{entry['_id']}")["name"] == entry["name"]


@pytest.mark.parametrize("kind", ["exports", "imports"])
def test_clones_that_are_refused(emulator: EmulatorUnderTest, kind: str) -> None:
    for connections in ({BIGCOMMERCE: NETSUITE}, {NETSUITE: UNKNOWN}):
        body = {"connectionMap": connections}
        response = emulator.call("celigo", "POST", f"/{kind}/{IDS[kind]}/clone", json=body)
        assert (response.status_code, errors(response)[0]["code"]) == (400, "invalid_connectionMap")
    assert emulator.call("celigo", "POST", f"/{kind}/{UNKNOWN}/clone").status_code == 404


def test_a_virtual_connection_is_pinged_and_not_kept(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", "/connections")
    assert call(emulator, "POST", "/connections/ping", json=WRITTEN["connections"]) == {"code": 200}
    assert call(emulator, "GET", "/connections") == before
    without = emulator.call("celigo", "POST", "/connections/ping", json={"name": "New", "type": "http"})
    assert (without.status_code, errors(without)[0]["field"]) == (422, "http")
