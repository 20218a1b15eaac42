"""What belongs to Celigo's integrations: connections, resources, users, dependencies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_integrations import (
    EMPTY,
    NETSUITE,
    PLAIN,
    SCRIPT,
    SHOP,
    SHOPIFY,
    UNINSTALLING,
    errors,
    get,
)

WAREHOUSE = "5fc5de876cfe5b44bb95dd02"
PRICES = "5fc5de876cfe5b44bb95dd04"


def names(emulator: EmulatorUnderTest, id: str, part: str) -> list[str]:
    return [record["name"] for record in emulator.call("celigo", "GET", f"/integrations/{id}/{part}").json()]


def registered(emulator: EmulatorUnderTest, id: str) -> list[str]:
    ids: list[str] = get(emulator, id)["_registeredConnectionIds"]
    return ids


def test_connections_are_those_that_are_registered(emulator: EmulatorUnderTest) -> None:
    assert names(emulator, SHOP, "connections") == ["NetSuite", "Shopify", "Price list drop"]
    emulator.call("celigo", "DELETE", f"/integrations/{SHOP}/connections/{PRICES}/register")
    assert names(emulator, SHOP, "connections") == ["NetSuite", "Shopify"]


def test_flows_exports_and_imports_are_those_of_the_integration(emulator: EmulatorUnderTest) -> None:
    assert names(emulator, PLAIN, "flows") == ["Orders to 3PL Central", "Shipments to NetSuite", "Stock to NetSuite"]
    # One of them is a lookup inside a flow, one import is in a branch of a router.
    assert len(names(emulator, PLAIN, "exports")) == 3
    assert len(names(emulator, PLAIN, "imports")) == 3
    assert names(emulator, UNINSTALLING, "exports") == ["Get accounts from Salesforce"]
    assert names(emulator, EMPTY, "flows") == []


def test_flows_come_in_pages(emulator: EmulatorUnderTest) -> None:
    page = emulator.call("celigo", "GET", f"/integrations/{PLAIN}/flows?limit=2")
    assert len(page.json()) == 2
    last = emulator.call(
        "celigo", "GET", f"/integrations/{PLAIN}/flows{page.links['next']['url'].partition('flows')[2]}"
    )
    assert [flow["name"] for flow in last.json()] == ["Stock to NetSuite"]
    assert "next" not in last.links


def test_users_have_access_to_the_account_or_to_the_integration(emulator: EmulatorUnderTest) -> None:
    def emails(id: str) -> list[str]:
        shares = emulator.call("celigo", "GET", f"/integrations/{id}/ashares").json()
        return [share["sharedWithUser"]["email"].partition("@")[0] for share in shares]

    assert emails(SHOP) == ["ada.admin", "morgan.monitor", "tim.tile", "invited"]
    assert emails(PLAIN) == ["ada.admin", "morgan.monitor", "tim.tile"]
    assert emails(EMPTY) == ["ada.admin", "morgan.monitor"]


def test_registering_adds_to_what_is_registered(emulator: EmulatorUnderTest) -> None:
    answer = emulator.call(
        "celigo", "PUT", f"/integrations/{PLAIN}/connections/register", json=[SHOPIFY, NETSUITE, SHOPIFY]
    )
    assert answer.json() == registered(emulator, PLAIN) == [NETSUITE, WAREHOUSE, SHOPIFY]


def test_registering_twice_changes_nothing(emulator: EmulatorUnderTest) -> None:
    before = get(emulator, PLAIN)
    path = f"/integrations/{PLAIN}/connections/{NETSUITE}/register"
    assert emulator.call("celigo", "PUT", path).status_code == 200
    assert get(emulator, PLAIN) == before


def test_unknown_connections_are_refused_all_together(emulator: EmulatorUnderTest) -> None:
    path = f"/integrations/{PLAIN}/connections/register"
    for wrong in ("0" * 24, "#", 5):
        answer = emulator.call("celigo", "PUT", path, json=[SHOPIFY, wrong])
        assert answer.status_code == 422
        assert errors(answer) == [{"code": "invalid_ref", "message": "Please provide a valid _connectionId."}]
    assert SHOPIFY not in registered(emulator, PLAIN)
    unknown = f"/integrations/{PLAIN}/connections/{'0' * 24}/register"
    for method in ("PUT", "DELETE"):
        answer = emulator.call("celigo", method, unknown)
        assert (answer.status_code, errors(answer)[0]["message"]) == (404, "Connection not found.")


def test_an_object_is_no_list_of_connections(emulator: EmulatorUnderTest) -> None:
    body = {"ids": [SHOPIFY]}
    answer = emulator.call("celigo", "PUT", f"/integrations/{PLAIN}/connections/register", json=body)
    assert answer.status_code == 400
    assert errors(answer)[0]["code"] == "invalid_request_body"


@pytest.mark.parametrize("choice", ["ids", "integration", "empty"])
def test_the_reply_to_registering_is_a_switch(emulator: EmulatorUnderTest, choice: str) -> None:
    emulator.flag("celigo.register_reply", choice)
    answer = emulator.call("celigo", "PUT", f"/integrations/{PLAIN}/connections/{SHOPIFY}/register")
    expected: dict[str, Any] = {"ids": registered(emulator, PLAIN), "integration": get(emulator, PLAIN)}
    assert answer.status_code == 200
    assert (answer.json() if answer.content else None) == expected.get(choice)


def test_a_connection_that_is_not_registered_can_be_unregistered(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("celigo", "DELETE", f"/integrations/{PLAIN}/connections/{SHOPIFY}/register").status_code == 204


def test_a_connection_that_an_alias_needs_stays(emulator: EmulatorUnderTest) -> None:
    answer = emulator.call("celigo", "DELETE", f"/integrations/{SHOP}/connections/{NETSUITE}/register")
    assert answer.status_code == 422
    assert errors(answer)[0]["code"] == "detach_failed"
    assert NETSUITE in registered(emulator, SHOP)
    emulator.call("celigo", "PATCH", f"/integrations/{SHOP}", json=[{"op": "replace", "path": "/aliases", "value": []}])
    assert emulator.call("celigo", "DELETE", f"/integrations/{SHOP}/connections/{NETSUITE}/register").status_code == 204


def test_dependencies_say_what_ties_them_to_the_integration(emulator: EmulatorUnderTest) -> None:
    found = emulator.call("celigo", "GET", f"/integrations/{SHOP}/dependencies").json()
    assert {kind: len(entries) for kind, entries in found.items()} == {
        "flows": 3,
        "exports": 3,
        "imports": 2,
        "connections": 3,
        "scripts": 1,
    }
    assert found["flows"][0] == {
        "id": "60f1a4a1c4d5e6f708192b31",
        "name": "Orders to NetSuite",
        "accessLevel": "owner",
        "dependencyIds": {"integrations": [SHOP]},
    }
    shopify = next(entry for entry in found["connections"] if entry["id"] == SHOPIFY)
    assert shopify["dependencyIds"] == {
        "integrations": [SHOP],
        "exports": ["60f1a3e0c4d5e6f708192b11"],
        "imports": ["60f1a3f6c4d5e6f708192b22"],
    }
    update = next(entry for entry in found["imports"] if entry["name"] == "Update Shopify")
    assert len(update["dependencyIds"]["flows"]) == 2
    assert found["scripts"][0]["id"] == SCRIPT


def test_dependencies_name_the_clones(emulator: EmulatorUnderTest) -> None:
    assert "integrations" not in emulator.call("celigo", "GET", f"/integrations/{PLAIN}/dependencies").json()
    made = emulator.call("celigo", "POST", f"/integrations/{PLAIN}/clone").json()
    found = emulator.call("celigo", "GET", f"/integrations/{PLAIN}/dependencies", rights="read").json()
    (entry,) = found["integrations"]
    assert (entry["id"], entry["name"], entry["accessLevel"]) == (made["_id"], made["name"], "monitor")


def test_an_empty_integration_has_no_dependencies(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("celigo", "GET", f"/integrations/{EMPTY}/dependencies").json() == {}
