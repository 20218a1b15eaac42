"""Records of Immuta that the control API is given: refused if an operation could not return them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import EmulatorUnderTest

CREDENTIAL = {"id": "given", "kind": "token", "user": "2", "rights": "full"}
SUBSCRIPTION = {"id": 99, "dataSource": 3, "profile": 4, "state": "expert"}
COLUMN = {"name": "a", "dataType": "text", "remoteType": "text"}


def put(emulator: EmulatorUnderTest, collection: str, record: dict[str, Any]) -> httpx.Response:
    """Put a record into the default sandbox through the control API."""
    return httpx.put(f"{emulator.root}/_emulator/state/immuta.{collection}/{record['id']}", json=record)


@pytest.mark.parametrize(
    ("collection", "record", "place"),
    [
        ("credentials", {**CREDENTIAL, "user": "alice"}, "/user"),
        ("credentials", {**CREDENTIAL, "user": "²"}, "/user"),
        ("credentials", {**CREDENTIAL, "user": "9" * 16}, "/user"),
        ("credentials", {**CREDENTIAL, "user": "2\n"}, "/user"),
        ("credentials", {**CREDENTIAL, "user": 2}, "/user"),
        ("credentials", {**CREDENTIAL, "kind": "password"}, "/kind"),
        ("credentials", {name: CREDENTIAL[name] for name in ("id", "user", "rights")}, "/kind"),
        ("credentials", {**CREDENTIAL, "expiresAt": "2024-01-01T00:00:00Z"}, "/expiresAt"),
        ("subscriptions", {**SUBSCRIPTION, "state": "king"}, "/state"),
        ("subscriptions", {"id": 99, "dataSource": 3, "profile": 4}, "/state"),
        ("subscriptions", {**SUBSCRIPTION, "profile": "alice"}, "/profile"),
        ("subscriptions", {**SUBSCRIPTION, "dataSource": None}, "/dataSource"),
        ("dictionaries", {"id": 9, "dataSource": 3, "metadata": [COLUMN], "types": ["text"]}, "/createdAt"),
        ("tags", {"id": 9, "name": "x"}, "/color"),
        ("data_sources", {"id": 9, "name": "x"}, "/recordFormat"),
    ],
)
def test_record_that_no_operation_could_return_is_refused(
    emulator: EmulatorUnderTest, collection: str, record: dict[str, Any], place: str
) -> None:
    reply = put(emulator, collection, record)
    assert reply.status_code == 422
    assert f"{place}: " in reply.json()["detail"]


def test_credential_that_is_given_works_in_every_operation(emulator: EmulatorUnderTest) -> None:
    assert put(emulator, "credentials", {**CREDENTIAL, "user": "0"}).status_code == 201
    headers = {"Authorization": "given"}
    calls = [
        ("GET", "/dictionary/types", None, 200),
        ("GET", "/dictionary/1", None, 200),
        ("PUT", "/dictionary/1", {"metadata": [COLUMN]}, 403),
        ("GET", "/dataSource", None, 200),
        ("GET", "/dataSource/1", None, 200),
        ("POST", "/tag", {"tags": [{"name": "New"}]}, 200),
    ]
    for method, path, body, status in calls:
        reply = emulator.call("immuta", method, path, rights=None, headers=headers, json=body)
        assert (path, reply.status_code) == (path, status)


def test_a_user_who_cannot_have_a_profile_is_rejected_even_by_force(emulator: EmulatorUnderTest) -> None:
    url = f"{emulator.root}/_emulator/state/immuta.credentials/given?force=true"
    assert httpx.put(url, json={**CREDENTIAL, "user": "alice"}).status_code == 422


def test_subscription_that_is_given_lets_its_user_change_the_dictionary(emulator: EmulatorUnderTest) -> None:
    change = {"metadata": [COLUMN]}
    assert emulator.call("immuta", "POST", "/dictionary/3", rights="read", json=change).status_code == 403
    assert put(emulator, "subscriptions", SUBSCRIPTION).status_code == 201
    assert emulator.call("immuta", "POST", "/dictionary/3", rights="read", json=change).status_code == 200


def test_records_without_their_data_source_are_harmless(emulator: EmulatorUnderTest) -> None:
    written = "2020-01-01T00:00:00.000Z"
    lost = {"createdAt": written, "dataSource": 77, "id": 9, "metadata": [], "types": ["lost"], "updatedAt": written}
    assert put(emulator, "dictionaries", lost).status_code == 201
    assert put(emulator, "subscriptions", {**SUBSCRIPTION, "dataSource": 77}).status_code == 201
    assert emulator.call("immuta", "GET", "/dictionary/77").json()["message"] == "Data source not found"
    assert emulator.call("immuta", "GET", "/dictionary/types").json()[0] == "lost"


@pytest.mark.parametrize("id", [4, 9007199254740991, 18446744073709551615])
def test_new_tag_gets_an_id_that_no_tag_has(emulator: EmulatorUnderTest, id: int) -> None:
    tag = {**emulator.records("immuta.tags")[0], "id": id, "name": "Given"}
    assert put(emulator, "tags", tag).status_code == 201
    created = emulator.call("immuta", "POST", "/tag", json={"tags": [{"name": "New"}, {"name": "Newer"}]}).json()
    assert [one["id"] for one in created] == [5, 6]


def test_new_dictionary_gets_an_id_that_no_dictionary_has(emulator: EmulatorUnderTest) -> None:
    for dictionary in emulator.records("immuta.dictionaries")[:1]:
        assert (
            put(emulator, "dictionaries", {**dictionary, "id": 9007199254740991, "dataSource": 77}).status_code == 201
        )
    emulator.call("immuta", "DELETE", "/dictionary/2")
    created = emulator.call("immuta", "POST", "/dictionary/2", json={"metadata": [COLUMN]}).json()
    ids = [dictionary["id"] for dictionary in emulator.records("immuta.dictionaries")]
    assert created["id"] in ids
    assert len(set(ids)) == len(ids)
