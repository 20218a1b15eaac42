"""Granting Immuta's users access to data sources, and attributes."""

from __future__ import annotations

import pytest

from tests.conftest import EmulatorUnderTest
from tests.immuta_calls import call, refused

USER = "/bim/iam/bim/user/charlie.doe@example.com"


def access(emulator: EmulatorUnderTest, id: int) -> dict[int, str]:
    return {user["profile"]: user["state"] for user in call(emulator, "GET", f"/dataSource/{id}/access")["users"]}


def test_granted_access_is_the_documented_subscription(emulator: EmulatorUnderTest) -> None:
    payload = {"profileId": 4, "state": "subscribed", "accessGrant": "WRITE"}
    granted = call(emulator, "POST", "/dataSource/3/access", json=payload)
    assert {name: value for name, value in granted.items() if not name.endswith("At")} == {
        "isSubscriptionOverride": True,
        "id": 9,
        "modelId": "3",
        "modelType": "datasource",
        "state": "subscribed",
        "metadata": {},
        "admin": 2,
        "denialReasoning": None,
        "profile": 4,
        "group": None,
        "policy": False,
        "expiration": None,
        "acknowledgeRequired": False,
        "accessGrant": "WRITE",
        "approved": True,
    }
    assert access(emulator, 3)[4] == "subscribed"
    assert call(emulator, "GET", "/dataSource/3", rights="read")["subscriptionStatus"] == "subscribed"


def test_user_has_one_subscription_to_a_data_source(emulator: EmulatorUnderTest) -> None:
    first = call(emulator, "POST", "/dataSource/1/access", json={"profileId": 4, "state": "expert"})
    second = call(emulator, "POST", "/dataSource/1/access", json={"profileId": 4, "state": "pending"})
    assert (first["id"], first["accessGrant"], second["id"], second["approved"]) == (7, "READ", 7, False)
    assert second["createdAt"] == first["createdAt"]
    assert access(emulator, 1) == {2: "owner", 3: "expert", 4: "pending"}


def test_only_owners_grant_access_and_only_to_users(emulator: EmulatorUnderTest) -> None:
    payload = {"profileId": 4, "state": "owner"}
    forbidden = (403, "User must have one of the following roles to update data source: owner")
    assert refused(emulator, "POST", "/dataSource/2/access", json=payload) == forbidden
    nobody = {**payload, "profileId": 77}
    assert refused(emulator, "POST", "/dataSource/1/access", json=nobody) == (404, "User not found")
    assert access(emulator, 1)[4] == "subscribed"


def test_user_is_found_by_identity_manager_and_name(emulator: EmulatorUnderTest) -> None:
    assert call(emulator, "GET", USER) == call(emulator, "GET", "/bim/user", params={"name": "Charlie"})["hits"][0]
    assert refused(emulator, "GET", USER.replace("/bim/iam/bim", "/bim/iam/okta")) == (404, "User not found")
    assert refused(emulator, "GET", USER.upper().replace("/BIM/IAM/BIM/USER", "/bim/iam/bim/user"))[0] == 404


@pytest.mark.parametrize(("names", "kept"), [("lower_case", "access"), ("as_sent", "Access")])
def test_attribute_is_added_once_and_removed(emulator: EmulatorUnderTest, names: str, kept: str) -> None:
    emulator.switch("immuta.attribute_names", names)
    for value in ("SeeMe", "Test 1", "SeeMe"):
        assert call(emulator, "PUT", f"{USER}/authorizations/Access/{value}", json={}) == {}
    user = call(emulator, "GET", USER)
    assert user["bimAuthorizations"] == {"seniority": ["high"], kept: ["SeeMe", "Test 1"]}
    assert user["authorizations"] == {
        "Department": ["Sales"],
        "seniority": ["high"],
        kept: ["SeeMe", "Test 1"],
    }
    assert call(emulator, "DELETE", f"{USER}/authorizations/Access/Test%201") == {}
    assert call(emulator, "GET", USER)["bimAuthorizations"] == {"seniority": ["high"], kept: ["SeeMe"]}
    assert call(emulator, "DELETE", f"{USER}/authorizations/Access/SeeMe") == {}
    assert call(emulator, "GET", USER)["authorizations"] == {"Department": ["Sales"], "seniority": ["high"]}
    gone = (404, "Attribute not found")
    assert refused(emulator, "DELETE", f"{USER}/authorizations/Access/SeeMe") == gone


def test_current_user_shows_a_new_attribute(emulator: EmulatorUnderTest) -> None:
    call(emulator, "PUT", f"{USER}/authorizations/api/Test1", json={})
    assert call(emulator, "GET", "/bim/rpc/user/current", rights="read")["authorizations"]["api"] == ["Test1"]


def test_reader_may_give_no_attribute(emulator: EmulatorUnderTest) -> None:
    forbidden = (403, "Insufficient scope")
    assert refused(emulator, "PUT", f"{USER}/authorizations/api/Test1", rights="read") == forbidden
    assert refused(emulator, "DELETE", f"{USER}/authorizations/Department/Sales", rights="read") == forbidden
