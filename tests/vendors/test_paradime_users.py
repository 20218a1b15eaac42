"""Paradime's workspaces and users, neighbours of custom integrations."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import EmulatorUnderTest
from tests.sample_calls import query

USERS = (
    "{ listUsers { ok activeUsers { uid email name accountType } invitedUsers { email accountType inviteStatus } } }"
)
ALEXANDRA = "1b051b1e1aaf70773789c250cd0cc40a5bf27c104d1ca2c6b765767eb53c4772"
INVITE = """mutation inviteUser($email: String!, $accountType: UserAccountType!) {
    inviteUser(email: $email, accountType: $accountType) {ok}
}"""
UPDATE = """mutation updateUserAccountType($uid: String!, $accountType: UserAccountType!) {
    updateUserAccountType(uid: $uid, accountType: $accountType) {ok}
}"""
DISABLE = "mutation disableUser($uid: String!) {disableUser(uid: $uid) {ok}}"


def users(emulator: EmulatorUnderTest) -> dict[str, Any]:
    found: dict[str, Any] = query(emulator, USERS)["data"]["listUsers"]
    return found


def test_workspaces_are_listed_as_documented(emulator: EmulatorUnderTest) -> None:
    listed = query(emulator, "query ListWorkspaces {listWorkspaces {ok workspaces {name uid}}}")["data"]
    assert listed["listWorkspaces"]["ok"] is True
    assert listed["listWorkspaces"]["workspaces"][1:] == [
        {"name": "data-platoform", "uid": "r233tak125coyphm"},
        {"name": "finance", "uid": "vxs6x31394cqk2vd"},
        {"name": "sales", "uid": "fuqge1jaj1122i5k"},
    ]


def test_company_token_finds_its_own_workspace(emulator: EmulatorUnderTest) -> None:
    credential = next(one for one in emulator.records("paradime.credentials") if "workspace" in one)
    uids = [one["uid"] for one in emulator.records("paradime.workspaces")]
    assert credential["workspace"] in uids


def test_users_are_listed_as_documented(emulator: EmulatorUnderTest) -> None:
    listed = users(emulator)
    assert listed["ok"] is True
    assert listed["activeUsers"][0] == {
        "uid": ALEXANDRA,
        "email": "alexandra@acme.io",
        "name": "Alexandra James",
        "accountType": "ADMIN",
    }
    assert listed["invitedUsers"] == [
        {"email": "max@acme.io", "accountType": "ADMIN", "inviteStatus": "EXPIRED"},
        {"email": "john@acme.io", "accountType": "ADMIN", "inviteStatus": "ACTIVE"},
    ]


def test_owner_of_nodes_is_a_user(emulator: EmulatorUnderTest) -> None:
    owners = {node["attributes"].get("owner") for node in emulator.records("paradime.nodes")} & {"ada@example.com"}
    assert owners < {user["email"] for user in users(emulator)["activeUsers"]}


def test_invited_user_is_listed_last(emulator: EmulatorUnderTest) -> None:
    assert query(emulator, INVITE, email="snow@paradime.io", accountType="DEVELOPER") == {
        "data": {"inviteUser": {"ok": True}}
    }
    assert users(emulator)["invitedUsers"][-1] == {
        "email": "snow@paradime.io",
        "accountType": "DEVELOPER",
        "inviteStatus": "SENT",
    }


def test_second_invitation_replaces_the_first(emulator: EmulatorUnderTest) -> None:
    query(emulator, INVITE, email="max@acme.io", accountType="BUSINESS")
    invited = [user for user in users(emulator)["invitedUsers"] if user["email"] == "max@acme.io"]
    assert invited == [{"email": "max@acme.io", "accountType": "BUSINESS", "inviteStatus": "SENT"}]


def test_role_of_a_user_is_changed(emulator: EmulatorUnderTest) -> None:
    assert query(emulator, UPDATE, uid=ALEXANDRA, accountType="ANALYST")["data"] == {
        "updateUserAccountType": {"ok": True}
    }
    assert users(emulator)["activeUsers"][0]["accountType"] == "ANALYST"


def test_disabled_user_is_listed_no_more_and_cannot_be_changed(emulator: EmulatorUnderTest) -> None:
    assert query(emulator, DISABLE, uid=ALEXANDRA)["data"] == {"disableUser": {"ok": True}}
    assert ALEXANDRA not in [user["uid"] for user in users(emulator)["activeUsers"]]
    assert emulator.records("paradime.users")[0]["isDisabled"] is True
    assert "errors" in query(emulator, UPDATE, uid=ALEXANDRA, accountType="ADMIN")


@pytest.mark.parametrize(("document", "more"), [(UPDATE, {"accountType": "ADMIN"}), (DISABLE, {})])
def test_unknown_user_is_a_graphql_error(emulator: EmulatorUnderTest, document: str, more: dict[str, str]) -> None:
    found = query(emulator, document, uid="nobody", **more)
    assert found["errors"][0]["message"] == "UserNotFoundException: there is none with the uid 'nobody'"
    assert set(found["data"].values()) == {None}


def test_unknown_role_is_refused_before_anything_is_written(emulator: EmulatorUnderTest) -> None:
    found = query(emulator, INVITE, email="snow@paradime.io", accountType="KING")
    assert "KING" in found["errors"][0]["message"]
    assert len(users(emulator)["invitedUsers"]) == 2


def test_users_of_another_sandbox_are_untouched(emulator: EmulatorUnderTest) -> None:
    httpx.post(f"{emulator.root}/_emulator/sandboxes", json={"name": "other"}).raise_for_status()
    try:
        query(emulator, DISABLE, uid=ALEXANDRA)
        state = httpx.get(f"{emulator.root}/_emulator/sandboxes/other/state/paradime.users").json()
    finally:
        httpx.delete(f"{emulator.root}/_emulator/sandboxes/other")
    assert [user for user in state["records"] if user.get("isDisabled")] == []
