"""Immuta's data sources by name, and their changing, disabling, restoring and removing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import EmulatorUnderTest
from tests.immuta_calls import call, refused


@pytest.mark.parametrize("path", ["name/Crm%20Customers", "sqlTableName/customers"])
def test_data_source_by_name_is_that_of_its_id(emulator: EmulatorUnderTest, path: str) -> None:
    assert call(emulator, "GET", f"/dataSource/{path}") == call(emulator, "GET", "/dataSource/2")


@pytest.mark.parametrize(
    "path", ["name/Crm", "name/crm%20customers", "name/2", "name/tags", "sqlTableName/Customers", "sqlTableName/crm"]
)
def test_part_of_a_name_finds_nothing(emulator: EmulatorUnderTest, path: str) -> None:
    assert refused(emulator, "GET", f"/dataSource/{path}") == (404, "Data source not found")


def test_name_that_is_a_route_is_found(emulator: EmulatorUnderTest) -> None:
    call(emulator, "PUT", "/dataSource/1", json={"name": "tags"})
    assert call(emulator, "GET", "/dataSource/name/tags")["id"] == 1


def test_update_changes_what_is_sent_and_moves_the_time(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", "/dataSource/1")
    link = {"id": "asset-1", "provider": 1}
    saved = call(emulator, "PUT", "/dataSource/1", json={"catalogMetadata": link})
    assert saved == {**before, "catalogMetadata": link, "updatedAt": saved["updatedAt"]}
    assert saved["updatedAt"] > before["updatedAt"]
    assert saved == call(emulator, "GET", "/dataSource/1")


def test_whole_data_source_can_be_sent_back(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", "/dataSource/3")
    sent = {**before, "description": "New", "id": 77, "createdBy": 9, "tags": [], "subscriptionStatus": "expert"}
    saved = call(emulator, "PUT", "/dataSource/3", json=sent)
    assert emulator.exchanges()[-1].violations == ()
    assert saved == {**before, "description": "New", "updatedAt": saved["updatedAt"]}


def test_first_delete_disables_and_put_restores(emulator: EmulatorUnderTest) -> None:
    assert call(emulator, "DELETE", "/dataSource/1") == {"hardDelete": False}
    assert call(emulator, "GET", "/dataSource/1")["deleted"] is True
    hits = call(emulator, "GET", "/dataSource")["hits"]
    assert [hit["deleted"] for hit in hits] == [True, False, False]
    call(emulator, "GET", "/dictionary/1")
    assert call(emulator, "PUT", "/dataSource/1", json={"deleted": False})["deleted"] is False
    assert call(emulator, "DELETE", "/dataSource/1") == {"hardDelete": False}


def test_second_delete_removes_the_data_source_with_all_that_belongs_to_it(emulator: EmulatorUnderTest) -> None:
    assert [call(emulator, "DELETE", "/dataSource/1")["hardDelete"] for _ in range(2)] == [False, True]
    for method, path in (("GET", "/dataSource/1"), ("DELETE", "/dataSource/1"), ("GET", "/dictionary/1")):
        assert refused(emulator, method, path) == (404, "Data source not found")
    for collection in ("dictionaries", "subscriptions"):
        assert {record["dataSource"] for record in emulator.records(f"immuta.{collection}")} == {2, 3}
    assert call(emulator, "GET", "/dataSource")["count"] == 2


@pytest.mark.parametrize(("method", "word"), [("PUT", "update"), ("DELETE", "delete")])
@pytest.mark.parametrize("state", ["expert", "subscribed", "pending", None])
def test_only_owners_change_a_data_source(
    emulator: EmulatorUnderTest, method: str, word: str, state: str | None
) -> None:
    if state is not None:
        subscription = {"id": 3, "dataSource": 3, "profile": 2, "state": state}
        httpx.put(f"{emulator.root}/_emulator/state/immuta.subscriptions/3", json=subscription).raise_for_status()
    else:
        httpx.delete(f"{emulator.root}/_emulator/state/immuta.subscriptions/3").raise_for_status()
    message = f"User must have one of the following roles to {word} data source: owner"
    options = {"json": {"name": "Mine"}} if method == "PUT" else {}
    assert refused(emulator, method, "/dataSource/3", **options) == (403, message)
    found = call(emulator, "GET", "/dataSource/3")
    assert (found["name"], found["deleted"]) == ("Web Sessions", False)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("name", None, "must be a string"),
        ("description", 5, "must be a string"),
        ("catalogMetadata", [], "must be of type object"),
        ("policyHandler", "x", "must be of type object"),
        ("columnEvolutionEnabled", "yes", "must be a boolean"),
        ("subscriptionType", "x", "must be one of [automatic, approval, manual, policy]"),
    ],
)
def test_field_of_another_type_is_refused_in_joi_s_words(
    emulator: EmulatorUnderTest, field: str, value: Any, complaint: str
) -> None:
    assert refused(emulator, "PUT", "/dataSource/1", json={field: value}) == (400, f'"{field}" {complaint}')
