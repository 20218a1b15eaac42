"""Creating, changing and deleting Immuta's users and groups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import EmulatorUnderTest
from tests.immuta_calls import call, refused

NEW: dict[str, Any] = {"userid": "dana@example.com", "profile": {"name": "Dana Doe", "email": "dana@example.com"}}
JANE = "/bim/iam/bim/user/jane.doe@example.com"


def members(emulator: EmulatorUnderTest, group: int = 1) -> list[str]:
    return [hit["userid"] for hit in call(emulator, "GET", f"/bim/group/{group}/user")["hits"]]


def test_created_user_is_like_the_printed_one(emulator: EmulatorUnderTest) -> None:
    created = call(emulator, "POST", "/bim/iam/bim/user", json={**NEW, "permissions": [], "password": "secret"})
    user = created["newUser"]
    assert (user["id"], user["profile"]["id"], user["permissions"]) == (5, 5, ["CREATE_PROJECT"])
    assert (created["emailFailed"], created["emailSent"]) == (False, False)
    assert created["newUserLink"].endswith("&userid=dana%40example.com&name=Dana%20Doe")
    assert call(emulator, "GET", "/bim/iam/bim/user/dana@example.com") == user
    listed = call(emulator, "GET", "/bim/iam/bim/user")
    assert (listed["count"], listed["users"][-1]) == (4, user)
    assert "secret" not in str(emulator.records("immuta.users"))
    assert "secret" not in str([exchange.document() for exchange in emulator.exchanges()])


def test_user_without_a_profile_is_named_by_its_userid(emulator: EmulatorUnderTest) -> None:
    payload = {"userid": "dana", "permissions": ["GOVERNANCE"]}
    user = call(emulator, "POST", "/bim/iam/bim/user", json=payload)["newUser"]
    assert (user["profile"]["name"], user["profile"]["email"], user["permissions"]) == ("dana", None, ["GOVERNANCE"])


def test_taken_userid_is_refused(emulator: EmulatorUnderTest) -> None:
    taken = (422, "A user with this name already exists: jane.doe@example.com")
    assert refused(emulator, "POST", "/bim/iam/bim/user", json={"userid": "jane.doe@example.com"}) == taken


def test_changed_profile_keeps_what_is_not_sent(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", JANE)["profile"]
    after = call(emulator, "PUT", f"{JANE}/profile", json={"location": "Boston, MA"})
    assert {name for name in after if after[name] != before[name]} == {"location", "updatedAt"}
    assert call(emulator, "GET", JANE)["profile"] == after


def test_deleted_user_is_gone_with_what_refers_to_it(emulator: EmulatorUnderTest) -> None:
    assert call(emulator, "DELETE", JANE) == {}
    assert refused(emulator, "GET", JANE) == (404, "User not found")
    users = call(emulator, "GET", "/dataSource/1/access")["users"]
    assert [user["profile"] for user in users] == [3, 4]
    assert [one["profile"] for one in call(emulator, "GET", "/project/1/members")["members"]] == [4]
    assert members(emulator) == []


def test_group_is_created_changed_and_deleted(emulator: EmulatorUnderTest) -> None:
    created = call(emulator, "POST", "/bim/group", json={"iamid": "bim", "name": "Analysts", "email": "a@example.com"})
    assert {name: value for name, value in created.items() if not name.endswith("At")} == {
        "id": 2,
        "iamid": "bim",
        "name": "Analysts",
        "gid": None,
        "email": "a@example.com",
        "authorizations": {},
        "description": None,
    }
    changed = call(emulator, "PUT", "/bim/group/2", json={"description": "For reports"})
    assert (changed["name"], changed["description"]) == ("Analysts", "For reports")
    assert call(emulator, "GET", "/bim/group")["count"] == 2
    assert refused(emulator, "POST", "/bim/group", json={"name": "Analysts"})[0] == 422
    assert call(emulator, "DELETE", "/bim/group/2") == {}
    assert refused(emulator, "GET", "/bim/group/2") == (404, "Group not found")


def test_user_is_added_to_a_group_once_and_taken_out(emulator: EmulatorUnderTest) -> None:
    payload = {"userid": "john.doe@example.com", "iamid": "bim"}
    first = call(emulator, "POST", "/bim/group/1/user", json=payload)
    assert call(emulator, "POST", "/bim/group/1/user", json=payload) == first
    assert (first["group"], first["profile"]) == (1, 3)
    assert members(emulator) == ["jane.doe@example.com", "john.doe@example.com"]
    assert call(emulator, "DELETE", f"/bim/group/1/user/{first['id']}") == {}
    assert refused(emulator, "DELETE", f"/bim/group/1/user/{first['id']}") == (404, "User not found")
    assert members(emulator) == ["jane.doe@example.com"]
    assert refused(emulator, "POST", "/bim/group/1/user", json={**payload, "iamid": "okta"}) == (404, "User not found")


def test_membership_of_another_group_is_not_found(emulator: EmulatorUnderTest) -> None:
    call(emulator, "POST", "/bim/group", json={"name": "Analysts"})
    assert refused(emulator, "DELETE", "/bim/group/2/user/1") == (404, "User not found")
    assert members(emulator) == ["jane.doe@example.com"]


def test_memberships_go_with_their_group(emulator: EmulatorUnderTest) -> None:
    call(emulator, "DELETE", "/bim/group/1")
    assert emulator.records("immuta.group_users") == []


@pytest.mark.parametrize("id", [1, 99])
def test_users_of_a_group_are_listed(emulator: EmulatorUnderTest, id: int) -> None:
    reply = emulator.call("immuta", "GET", f"/bim/group/{id}/user")
    assert reply.status_code == (200 if id == 1 else 404)
    if id == 1:
        (hit,) = reply.json()["hits"]
        assert (hit["group"], hit["uid"], hit["userid"], hit["profile"]["name"]) == (
            1,
            2,
            "jane.doe@example.com",
            "Jane Doe",
        )
