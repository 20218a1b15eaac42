"""What Celigo's integrations contain: connections, resources, users, dependencies."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.exchange import Record
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendors.celigo.collections import FLOWS, INTEGRATIONS
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_integrations import (
    EMPTY,
    NETSUITE,
    PLAIN,
    SHOP,
    SHOPIFY,
    UNINSTALLING,
    errors,
    get,
)

WAREHOUSE = "5fc5de876cfe5b44bb95dd02"
PRICES = "5fc5de876cfe5b44bb95dd04"
ORDERS = "5fc5e1346cfe5b44bb95df11"
"""A flow of PLAIN."""


def names(emulator: EmulatorUnderTest, id: str, part: str) -> list[str]:
    return [record["name"] for record in emulator.call("celigo", "GET", f"/integrations/{id}/{part}").json()]


def change(emulator: EmulatorUnderTest, collection: Collection, id: str, fields: Record) -> None:
    def work(world: World) -> None:
        world[collection].replace({**(world[collection].get(id) or {}), **fields})

    emulator.run(lambda: emulator.sandbox.run("celigo", work))


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


def test_flows_are_listed_in_pages(emulator: EmulatorUnderTest) -> None:
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
    response = emulator.call(
        "celigo", "PUT", f"/integrations/{PLAIN}/connections/register", json=[SHOPIFY, NETSUITE, SHOPIFY]
    )
    assert response.json() == registered(emulator, PLAIN) == [NETSUITE, WAREHOUSE, SHOPIFY]


def test_registering_twice_changes_nothing(emulator: EmulatorUnderTest) -> None:
    before = get(emulator, PLAIN)
    path = f"/integrations/{PLAIN}/connections/{NETSUITE}/register"
    assert emulator.call("celigo", "PUT", path).status_code == 200
    assert get(emulator, PLAIN) == before


def test_unknown_connections_are_refused_all_together(emulator: EmulatorUnderTest) -> None:
    path = f"/integrations/{PLAIN}/connections/register"
    for wrong in ("0" * 24, "#", 5):
        response = emulator.call("celigo", "PUT", path, json=[SHOPIFY, wrong])
        assert response.status_code == 422
        assert errors(response) == [{"code": "invalid_ref", "message": "Please provide a valid _connectionId."}]
    assert SHOPIFY not in registered(emulator, PLAIN)
    unknown = f"/integrations/{PLAIN}/connections/{'0' * 24}/register"
    for method in ("PUT", "DELETE"):
        response = emulator.call("celigo", method, unknown)
        assert (response.status_code, errors(response)[0]["message"]) == (404, "Connection not found.")


def test_an_object_is_not_a_list_of_connections(emulator: EmulatorUnderTest) -> None:
    body = {"ids": [SHOPIFY]}
    response = emulator.call("celigo", "PUT", f"/integrations/{PLAIN}/connections/register", json=body)
    assert response.status_code == 400
    assert errors(response)[0]["code"] == "invalid_request_body"


@pytest.mark.parametrize("choice", ["ids", "integration", "empty"])
def test_the_reply_to_registering_is_a_switch(emulator: EmulatorUnderTest, choice: str) -> None:
    emulator.switch("celigo.register_reply", choice)
    response = emulator.call("celigo", "PUT", f"/integrations/{PLAIN}/connections/{SHOPIFY}/register")
    expected: dict[str, Any] = {"ids": registered(emulator, PLAIN), "integration": get(emulator, PLAIN)}
    assert response.status_code == 200
    assert (response.json() if response.content else None) == expected.get(choice)


def test_a_connection_that_is_not_registered_can_be_unregistered(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("celigo", "DELETE", f"/integrations/{PLAIN}/connections/{SHOPIFY}/register").status_code == 204


def test_a_connection_that_an_alias_needs_stays(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("celigo", "DELETE", f"/integrations/{SHOP}/connections/{NETSUITE}/register")
    assert response.status_code == 422
    assert errors(response)[0]["code"] == "detach_failed"
    assert NETSUITE in registered(emulator, SHOP)
    emulator.call("celigo", "PATCH", f"/integrations/{SHOP}", json=[{"op": "replace", "path": "/aliases", "value": []}])
    assert emulator.call("celigo", "DELETE", f"/integrations/{SHOP}/connections/{NETSUITE}/register").status_code == 204


@pytest.mark.parametrize("id", [PLAIN, SHOP, EMPTY, UNINSTALLING])
def test_the_content_of_an_integration_is_not_dependent(emulator: EmulatorUnderTest, id: str) -> None:
    emulator.call("celigo", "POST", f"/integrations/{id}/clone")
    response = emulator.call("celigo", "GET", f"/integrations/{id}/dependencies")
    assert (response.status_code, response.json()) == (200, {})


@pytest.mark.parametrize(("rights", "level"), [("full", "owner"), ("read", "monitor")])
def test_dependencies_are_what_depends_on_it_from_outside(emulator: EmulatorUnderTest, rights: str, level: str) -> None:
    change(emulator, INTEGRATIONS, EMPTY, {"_parentId": UNINSTALLING})
    own_import, own_flow = "5ee0bae4d2f34b5c6d7e8fc1", "5ee0bb02d2f34b5c6d7e8fa1"
    outside = {"pageProcessors": [{"type": "import", "_importId": own_import}], "_runNextFlowIds": [own_flow]}
    change(emulator, FLOWS, ORDERS, outside)
    found = emulator.call("celigo", "GET", f"/integrations/{UNINSTALLING}/dependencies", rights=rights).json()
    assert found == {
        "integrations": [
            {
                "id": EMPTY,
                "name": "Licensing and Usage",
                "paths": ["_parentId"],
                "accessLevel": level,
                "dependencyIds": {"integrations": [UNINSTALLING]},
            }
        ],
        "flows": [
            {
                "id": ORDERS,
                "name": "Orders to 3PL Central",
                "paths": ["pageProcessors.0._importId", "_runNextFlowIds.0"],
                "accessLevel": level,
                "dependencyIds": {"imports": [own_import], "flows": [own_flow]},
            }
        ],
    }
