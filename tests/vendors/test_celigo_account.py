"""Celigo's account: its users and its audit log."""

from __future__ import annotations

import pytest

from emulator.exchange import Record
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_flows import ORDERS, call
from tests.vendors.test_celigo_integrations import PLAIN, SHOP, errors

TIM = "/ashares/6798f4dc43db9184f4bc8ee2"
"""Tim may manage PLAIN and monitor SHOP."""


def test_the_integrations_lists_show_the_same_users(emulator: EmulatorUnderTest) -> None:
    users = call(emulator, "GET", "/ashares")
    of_plain = call(emulator, "GET", f"/integrations/{PLAIN}/ashares")
    assert [user for user in users if user in of_plain] == of_plain
    assert call(emulator, "GET", TIM) in of_plain


def test_access_is_replaced(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", TIM)
    access = [{"_integrationId": SHOP, "accessLevel": "manage"}]
    sent = {**before, "integrationAccessLevel": access, "accepted": False}
    assert emulator.call("celigo", "PUT", TIM, json=sent).status_code == 204
    after = call(emulator, "GET", TIM)
    assert after == {**before, "integrationAccessLevel": access, "lastModified": after["lastModified"]}
    assert after not in call(emulator, "GET", f"/integrations/{PLAIN}/ashares")
    assert after in call(emulator, "GET", f"/integrations/{SHOP}/ashares")


def test_no_access_to_single_integrations_may_be_null(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("celigo", "PUT", TIM, json={"accessLevel": "monitor", "integrationAccessLevel": None})
    after = call(emulator, "GET", TIM)
    assert (response.status_code, after["accessLevel"], after["integrationAccessLevel"]) == (204, "monitor", [])
    assert after in call(emulator, "GET", f"/integrations/{PLAIN}/ashares")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "accessLevel"),
        ({"integrationAccessLevel": None}, 400, "accessLevel"),
        ({"disabled": True}, 400, "accessLevel"),
        ({"integrationAccessLevel": []}, 422, "integrationAccessLevel"),
        (None, 400, "accessLevel"),
    ],
)
def test_an_access_to_nothing_is_refused(
    emulator: EmulatorUnderTest, body: Record | None, status: int, field: str
) -> None:
    before = call(emulator, "GET", TIM)
    response = emulator.call("celigo", "PUT", TIM, json=body)
    expected = [{"code": "missing_required_field", "message": f"Path `{field}` is required.", "field": field}]
    assert (response.status_code, errors(response)) == (status, expected)
    assert call(emulator, "GET", TIM) == before


def test_a_removed_user_is_gone(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", "/ashares")
    call(emulator, "DELETE", TIM)
    assert [f"/ashares/{user['_id']}" for user in before if user not in call(emulator, "GET", "/ashares")] == [TIM]
    assert emulator.call("celigo", "GET", TIM).status_code == 404


def test_the_audit_log_of_the_account_has_everything(emulator: EmulatorUnderTest) -> None:
    flow = call(emulator, "POST", "/flows", json={"name": "Of no integration"})
    first = call(emulator, "GET", "/audit?limit=1")[0]
    assert (first["_resourceId"], first["event"]) == (flow["_id"], "create")
    of_plain = call(emulator, "GET", f"/integrations/{PLAIN}/audit?limit=1000")
    whole = call(emulator, "GET", "/audit?limit=1000")
    assert [entry for entry in whole if entry in of_plain] == of_plain
    call(emulator, "DELETE", f"/flows/{ORDERS}")
    deleted = call(emulator, "GET", f"/audit?_resourceId={ORDERS}&action=delete")
    assert [entry["deletedInfo"] for entry in deleted] == [{"name": "Orders to 3PL Central"}]


def test_the_audit_log_of_the_account_is_paged_by_offset(emulator: EmulatorUnderTest) -> None:
    whole = call(emulator, "GET", "/audit?limit=1000")
    page = emulator.call("celigo", "GET", "/audit?limit=2&offset=3")
    assert page.json() == whole[3:5]
    assert '/audit?offset=5&limit=2>; rel="next"' in page.headers["link"]
