"""Secoda's manual lineage, custom properties and run logs."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.exchange import Record
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_secoda_catalogue import ORDERS, TABLE, WEEKLY, upload
from tests.vendors.test_secoda_members import INTEGRATION, UNKNOWN, call, refused

LINEAGE = "/lineage/manual"
PROPERTIES = "/resource/all_v2/custom_properties"
COST_CENTRE = "123e4567-e89b-12d3-a456-426614174000"
KNOWN = "34d983b3-bfe0-4b49-abea-0692c8be6693"
LOGS = f"/integration/run_logs/{INTEGRATION}/ingest/"


def make(emulator: EmulatorUnderTest) -> Record:
    sent = {"from_entity": ORDERS.upper(), "to_entity": WEEKLY, "direction": "DOWNSTREAM", "is_manual": "true"}
    made: Record = call(emulator, "POST", f"{LINEAGE}/", json=sent)
    return made


def between(emulator: EmulatorUnderTest, query: str = "") -> list[tuple[str, str, str]]:
    listed = call(emulator, "GET", f"{LINEAGE}/{query}")["results"]
    return [(one["from_entity_id"], one["to_entity_id"], one["direction"]) for one in listed]


def test_lineage_is_made_in_both_directions(emulator: EmulatorUnderTest) -> None:
    made = make(emulator)
    assert (made["from_entity_id"], made["to_entity_id"], made["is_manual"]) == (ORDERS, WEEKLY, True)
    assert call(emulator, "GET", f"{LINEAGE}/{made['id']}") == made
    assert (WEEKLY, ORDERS, "UPSTREAM") in between(emulator)
    call(emulator, "DELETE", f"{LINEAGE}/{made['id']}")
    assert emulator.call("secoda", "GET", f"{LINEAGE}/{made['id']}").status_code == 404
    assert between(emulator, f"?from_entity={WEEKLY}") == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),
        (f"?from_entity={ORDERS}", 2),
        (f"?from_entity_id={ORDERS}&to_entity_id={WEEKLY}", 1),
        (f"?to_entity={TABLE}", 1),
        (f"?from_entity__in={WEEKLY},{TABLE}", 2),
        (f"?to_entity__in={UNKNOWN}", 0),
        ("?page_size=3&page=last", 1),
    ],
)
def test_lineage_is_filtered(emulator: EmulatorUnderTest, query: str, count: int) -> None:
    make(emulator)
    assert len(between(emulator, query)) == count


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"from_entity": UNKNOWN}, {"from_entity": [f'Invalid pk "{UNKNOWN}" - object does not exist.']}),
        ({"to_entity": "x"}, {"to_entity": ["Must be a valid UUID."]}),
        ({"direction": "SIDEWAYS"}, {"direction": ['"SIDEWAYS" is not a valid choice.']}),
    ],
)
def test_lineage_that_cannot_be(emulator: EmulatorUnderTest, changed: Record, message: Record) -> None:
    before = between(emulator)
    sent = {"from_entity": ORDERS, "to_entity": WEEKLY, "direction": "UPSTREAM", **changed}
    assert refused(emulator, "POST", LINEAGE, sent) == message
    missing = {name: ["This field is required."] for name in ("from_entity", "to_entity", "direction")}
    assert refused(emulator, "POST", LINEAGE, {}) == missing
    assert emulator.call("secoda", "POST", LINEAGE).json() == missing
    assert between(emulator) == before


def test_lineage_goes_with_its_resources(emulator: EmulatorUnderTest) -> None:
    make(emulator)
    call(emulator, "DELETE", f"/resource/all/{WEEKLY}")
    assert len(between(emulator)) == 2
    upload(emulator, "wh,sales,refunds,,id,int,false\n")
    assert between(emulator) == []


def test_custom_properties(emulator: EmulatorUnderTest) -> None:
    assert [one["id"] for one in call(emulator, "GET", f"{PROPERTIES}/")] == [COST_CENTRE]
    response = emulator.call("secoda", "POST", f"{PROPERTIES}/", json={"name": "Tier", "value_type": "string"})
    made = response.json()
    assert (response.status_code, made["entity_types"], made["integration"]) == (200, [], None)
    sent = {"name": "Level", "value_type": "string", "entity_types": ["table"]}
    assert call(emulator, "PUT", f"{PROPERTIES}/{made['id']}", json=sent) == {**made, **sent}
    assert call(emulator, "GET", f"{PROPERTIES}/{made['id']}/")["name"] == "Level"
    assert call(emulator, "DELETE", f"{PROPERTIES}/{made['id']}") is None
    assert emulator.call("secoda", "GET", f"{PROPERTIES}/{made['id']}").status_code == 404
    missing = {name: ["This field is required."] for name in ("name", "value_type")}
    assert refused(emulator, "POST", PROPERTIES, {}) == missing
    assert emulator.call("secoda", "PATCH", f"{PROPERTIES}/{COST_CENTRE}", json={}).status_code == 405


def test_values_of_custom_properties(emulator: EmulatorUnderTest) -> None:
    def values() -> dict[str, Any]:
        return {one["entity_id"]: one["value"] for one in emulator.records("secoda.custom_property_values")}

    assert values() == {TABLE: "4711"}
    for value in ("0815", "0816"):
        assert call(emulator, "PUT", f"{PROPERTIES}/{COST_CENTRE}/{ORDERS}", json={"value": value}) is None
    assert values() == {TABLE: "4711", ORDERS: "0816"}
    for path in (f"{PROPERTIES}/{UNKNOWN}/{ORDERS}", f"{PROPERTIES}/{COST_CENTRE}/{UNKNOWN}"):
        assert emulator.call("secoda", "PUT", path, json={"value": 1}).status_code == 404
    path = f"{PROPERTIES}/{COST_CENTRE}/{ORDERS}"
    assert refused(emulator, "PUT", path, {}) == {"value": ["This field is required."]}
    assert emulator.call("secoda", "PUT", path).status_code == 400
    call(emulator, "DELETE", f"/table/tables/{ORDERS}")
    assert values() == {TABLE: "4711"}
    call(emulator, "DELETE", f"{PROPERTIES}/{COST_CENTRE}")
    assert values() == {}


def test_run_logs_are_kept(emulator: EmulatorUnderTest) -> None:
    log = {"dag": {"dag_id": "orders"}, "task_instance": {"task_id": "load", "sql": None}}
    reply = emulator.call("secoda", "POST", LOGS, json=log)
    assert (reply.status_code, reply.content) == (200, b"")
    (kept,) = emulator.records("secoda.run_logs")
    assert (kept["integration_id"], kept["log"]) == (INTEGRATION, log)
    assert emulator.call("secoda", "POST", LOGS.replace(INTEGRATION, UNKNOWN), json=log).status_code == 404
    call(emulator, "DELETE", f"/integration/integrations/{INTEGRATION}")
    assert emulator.records("secoda.run_logs") == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", LINEAGE),
        ("DELETE", f"{LINEAGE}/{KNOWN}"),
        ("POST", f"{PROPERTIES}/"),
        ("PUT", f"{PROPERTIES}/{COST_CENTRE}"),
        ("PUT", f"{PROPERTIES}/{COST_CENTRE}/{TABLE}"),
        ("DELETE", f"{PROPERTIES}/{COST_CENTRE}"),
        ("POST", LOGS),
    ],
)
def test_a_viewer_does_not_write(emulator: EmulatorUnderTest, method: str, path: str) -> None:
    assert emulator.call("secoda", method, path, rights="read", json={}).status_code == 403
