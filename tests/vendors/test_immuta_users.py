"""Immuta's users, groups and identity managers, and who has access to a data source."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import EmulatorUnderTest

READ_BY_TAP_IMMUTA = [
    "profile",
    "name",
    "iamid",
    "userid",
    "email",
    "admin",
    "approved",
    "state",
    "systemGenerated",
    "lastExternalRefresh",
    "subscriptionId",
    "createdAt",
    "updatedAt",
    "approvals",
]


def call(emulator: EmulatorUnderTest, path: str, **options: Any) -> Any:
    reply = emulator.call("immuta", "GET", path, **options)
    assert reply.status_code == 200, reply.text
    return reply.json()


def put(emulator: EmulatorUnderTest, collection: str, record: dict[str, Any]) -> None:
    httpx.put(f"{emulator.root}/_emulator/state/immuta.{collection}/{record['id']}", json=record).raise_for_status()


@pytest.mark.parametrize(
    ("query", "count", "ids"),
    [
        ({}, 3, [2, 3, 4]),
        ({"userid": "JANE"}, 1, [2]),
        ({"name": "n doe"}, 1, [3]),
        ({"name": "doe", "userid": "charlie.doe@example.com"}, 1, [4]),
        ({"name": "jane", "userid": "charlie"}, 0, []),
        ({"size": 2}, 3, [2, 3]),
        ({"size": 2, "offset": 2}, 3, [4]),
        ({"size": 0}, 3, []),
        ({"name": "doe", "size": 1, "offset": 1}, 3, [3]),
    ],
)
def test_search(emulator: EmulatorUnderTest, query: dict[str, Any], count: int, ids: list[int]) -> None:
    page = call(emulator, "/bim/user", params=query)
    assert (page["count"], [user["id"] for user in page["hits"]]) == (count, ids)


@pytest.mark.parametrize(("rights", "name"), [("full", "Jane Doe"), ("read", "Charlie Doe")])
def test_current_user_is_who_calls(emulator: EmulatorUnderTest, rights: str, name: str) -> None:
    user = call(emulator, "/bim/rpc/user/current", rights=rights)
    assert user["profile"]["name"] == name
    assert user in call(emulator, "/bim/user")["hits"]


def test_current_user_of_an_unknown_profile_is_not_found(emulator: EmulatorUnderTest) -> None:
    put(emulator, "credentials", {"id": "given", "kind": "token", "user": "77", "rights": "full"})
    reply = emulator.call("immuta", "GET", "/bim/rpc/user/current", rights=None, headers={"Authorization": "given"})
    assert (reply.status_code, reply.json()["message"]) == (404, "User not found")


def test_groups_and_identity_managers_are_those_of_the_users(emulator: EmulatorUnderTest) -> None:
    groups, iams = call(emulator, "/bim/group"), call(emulator, "/bim/iam")
    assert (groups["count"], [group["name"] for group in groups["hits"]]) == (1, ["Researchers"])
    known = {iam["id"] for iam in iams}
    assert {one["iamid"] for one in groups["hits"] + call(emulator, "/bim/user")["hits"]} == known == {"bim"}


def test_groups_are_ordered_by_id(emulator: EmulatorUnderTest) -> None:
    (group,) = call(emulator, "/bim/group")["hits"]
    for id in (12, 3):
        put(emulator, "groups", {**group, "id": id})
    page = call(emulator, "/bim/group")
    assert (page["count"], [one["id"] for one in page["hits"]]) == (3, [1, 3, 12])


def test_users_of_a_data_source_have_their_state(emulator: EmulatorUnderTest) -> None:
    users = call(emulator, "/dataSource/1/access")["users"]
    assert [(user["name"], user["state"], user["subscriptionId"]) for user in users] == [
        ("Jane Doe", "owner", 1),
        ("John Doe", "expert", 4),
        ("Charlie Doe", "subscribed", 7),
    ]
    assert [sorted(user) for user in users] == [sorted(READ_BY_TAP_IMMUTA)] * 3


@pytest.mark.parametrize(
    ("state", "shown"), [("pending", [("pending", False)]), ("ingest", [("ingest", True)]), ("not_subscribed", [])]
)
def test_new_subscriber_is_shown(emulator: EmulatorUnderTest, state: str, shown: list[tuple[str, bool]]) -> None:
    put(emulator, "subscriptions", {"id": 99, "dataSource": 3, "profile": 4, "state": state})
    users = call(emulator, "/dataSource/3/access")["users"]
    assert [(user["state"], user["approved"]) for user in users if user["profile"] == 4] == shown


def test_subscriber_who_is_no_user_has_a_profile_only(emulator: EmulatorUnderTest) -> None:
    put(emulator, "subscriptions", {"id": 99, "dataSource": 3, "profile": 77, "state": "owner"})
    *_, last = call(emulator, "/dataSource/3/access")["users"]
    assert (last["profile"], last["name"], last["state"]) == (77, None, "owner")
