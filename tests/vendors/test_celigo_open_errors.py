"""The open errors of Celigo's flows, counted; and its revisions, listed and read."""

from __future__ import annotations

from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_flows import ORDERS, UNKNOWN, call
from tests.vendors.test_celigo_integrations import EMPTY, PLAIN, SHOP, errors

SHIPMENTS = "5fc5e1346cfe5b44bb95df12"
"""A flow of PLAIN with errors."""


def test_errors_of_an_integration_are_counted_by_flow(emulator: EmulatorUnderTest) -> None:
    expected = {"_flowId": SHIPMENTS, "numError": 2, "lastErrorAt": "2024-02-06T03:15:20.000Z"}
    assert call(emulator, "GET", f"/integrations/{PLAIN}/errors") == [expected]
    assert call(emulator, "GET", f"/integrations/{EMPTY}/errors") == []


def test_errors_of_a_flow_are_counted_by_step(emulator: EmulatorUnderTest) -> None:
    for id in (PLAIN, SHOP):
        for counted in call(emulator, "GET", f"/integrations/{id}/errors"):
            steps = call(emulator, "GET", f"/flows/{counted['_flowId']}/errors")["flowErrors"]
            assert sum(step["numError"] for step in steps) == counted["numError"]
    assert call(emulator, "GET", f"/flows/{ORDERS}/errors") == {"flowErrors": []}


def test_a_deleted_flow_has_no_errors(emulator: EmulatorUnderTest) -> None:
    call(emulator, "DELETE", f"/flows/{SHIPMENTS}")
    assert call(emulator, "GET", f"/integrations/{PLAIN}/errors") == []
    assert emulator.call("celigo", "GET", f"/flows/{SHIPMENTS}/errors").status_code == 404


def test_revisions_are_listed_from_the_newest(emulator: EmulatorUnderTest) -> None:
    made = call(emulator, "POST", f"/integrations/{PLAIN}/revisions/create", json={"description": "Now"})
    listed = call(emulator, "GET", f"/integrations/{PLAIN}/revisions")
    assert [one["description"] for one in listed] == ["Now", "Before the spring release", "Before peak season"]
    assert listed[0] == made == call(emulator, "GET", f"/integrations/{PLAIN}/revisions/{made['_id'].upper()}")


def test_a_revision_of_another_integration_is_unknown(emulator: EmulatorUnderTest) -> None:
    of_plain = call(emulator, "GET", f"/integrations/{PLAIN}/revisions")[0]["_id"]
    for id in (of_plain, UNKNOWN):
        response = emulator.call("celigo", "GET", f"/integrations/{SHOP}/revisions/{id}")
        expected = [{"code": "not_found", "message": "Revision not found."}]
        assert (response.status_code, errors(response)) == (404, expected)


def test_a_malformed_id_of_a_revision(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("celigo", "GET", f"/integrations/{PLAIN}/revisions/x")
    expected = [{"code": "invalid_ref", "message": "Please provide a valid _revisionId."}]
    assert (response.status_code, errors(response)) == (422, expected)
