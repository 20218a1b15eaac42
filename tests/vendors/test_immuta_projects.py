"""Immuta's projects with their members and data sources, and purposes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import EmulatorUnderTest
from tests.immuta_calls import call, refused

NEW: dict[str, Any] = {"projectKey": "api project", "name": "API Project", "status": "open"}
READ_BY_TAP_IMMUTA = [
    *("id", "projectKey", "name", "status", "description", "documentation", "deleted", "allowMaskedJoins"),
    *("subscriptionType", "subscriptionPolicy", "equalization", "workspace", "snowflake", "createdBy", "updatedBy"),
    *("createdAt", "updatedAt", "subscribedAsUser", "subscriptionId", "acknowledgeRequired", "subscriptionStatus"),
    *("requestedState", "approved", "subscriptionExpiration", "filterId", "purposeCount", "hasSqlAccount"),
    *("purposes", "stagedPurposes", "tags"),
]


@pytest.mark.parametrize(
    ("query", "count", "ids"),
    [
        ({}, 2, [2, 1]),
        ({"size": 1}, 2, [2]),
        ({"size": 1, "offset": 1}, 2, [1]),
        ({"offset": "200.0", "size": 200}, 2, []),
        ({"size": 1, "noLimit": "true"}, 2, [2, 1]),
        ({"size": 1, "noLimit": "false"}, 2, [2]),
        ({"searchText": "WHAT"}, 1, [2]),
        ({"searchText": "what", "nameOnly": "true"}, 0, []),
        ({"searchText": "employee", "nameOnly": "true"}, 1, [1]),
    ],
)
def test_search(emulator: EmulatorUnderTest, query: dict[str, Any], count: int, ids: list[int]) -> None:
    page = call(emulator, "GET", "/project", params=query)
    assert (page["count"], [hit["id"] for hit in page["hits"]]) == (count, ids)
    assert emulator.exchanges()[-1].violations == ()


def test_hit_counts_purposes_and_names_the_callers_state(emulator: EmulatorUnderTest) -> None:
    def of(rights: str) -> list[tuple[str, int]]:
        hits = call(emulator, "GET", "/project", rights=rights)["hits"]
        return [(hit["subscriptionStatus"], hit["purposeCount"]) for hit in hits]

    assert of("full") == [("subscribed", 0), ("owner", 1)]
    assert of("read") == [("not_subscribed", 0), ("subscribed", 1)]


@pytest.mark.parametrize("id", [1, 2])
def test_project_has_every_field_that_the_vendor_s_tap_reads(emulator: EmulatorUnderTest, id: int) -> None:
    found = call(emulator, "GET", f"/project/{id}")
    assert [name for name in READ_BY_TAP_IMMUTA if name not in found] == []


def test_created_project_is_the_documented_one_and_its_creator_owns_it(emulator: EmulatorUnderTest) -> None:
    created = call(emulator, "POST", "/project", json={**NEW, "id": 4, "createdAt": "2021-09-10"})
    assert emulator.exchanges()[-1].violations == ()
    assert {name: created[name] for name in ("id", "documentation", "subscriptionType", "createdBy", "type")} == {
        "id": 3,
        "documentation": "# API Project",
        "subscriptionType": "manual",
        "createdBy": 2,
        "type": None,
    }
    found = call(emulator, "GET", "/project/3")
    assert created.items() <= found.items()
    assert (found["subscriptionStatus"], found["approved"], found["tags"]) == ("owner", True, [])
    members = call(emulator, "GET", "/project/3/members")["members"]
    assert [(member["profile"], member["state"]) for member in members] == [(2, "owner")]


def test_key_of_another_project_is_refused(emulator: EmulatorUnderTest) -> None:
    taken = (422, "A project with this name already exists: customer insights")
    assert refused(emulator, "POST", "/project", json={**NEW, "projectKey": "customer insights"}) == taken
    assert refused(emulator, "PUT", "/project/1", json={"projectKey": "customer insights"}) == taken
    key = call(emulator, "GET", "/project/1")["projectKey"]
    call(emulator, "PUT", "/project/1", json={"projectKey": key})


def test_changed_project_keeps_what_is_not_sent(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", "/project/1")
    after = call(emulator, "PUT", "/project/1", json={"name": "Documentation Project", "id": 77})
    assert {name for name in after if after[name] != before[name]} == {"name", "updatedAt"}
    assert call(emulator, "GET", "/project/1")["name"] == "Documentation Project"


def test_tags_of_a_new_project_have_names(emulator: EmulatorUnderTest) -> None:
    assert refused(emulator, "POST", "/project", json={**NEW, "tags": [{}]}) == (400, '"tags[0].name" is required')
    created = call(emulator, "POST", "/project", json={**NEW, "tags": [{"name": "PII"}]})
    assert call(emulator, "GET", f"/project/{created['id']}")["tags"] == [{"name": "PII"}]


def test_only_owners_change_a_project(emulator: EmulatorUnderTest) -> None:
    forbidden = (403, "User must have one of the following roles to update project: owner")
    assert refused(emulator, "PUT", "/project/2", json={"name": "Mine"}) == forbidden
    assert refused(emulator, "PUT", "/project/1", json={"name": "Mine"}, rights="read") == forbidden
    assert refused(emulator, "POST", "/project", json=NEW, rights="read") == (403, "Insufficient scope")


def test_members_are_users_with_their_state(emulator: EmulatorUnderTest) -> None:
    members = call(emulator, "GET", "/project/1/members")["members"]
    assert [(one["name"], one["state"], one["subscriptionId"], one["currentUserCanApprove"]) for one in members] == [
        ("Jane Doe", "owner", 1, True),
        ("Charlie Doe", "subscribed", 2, True),
    ]
    seen = call(emulator, "GET", "/project/1/members", rights="read")["members"]
    assert [one["currentUserCanApprove"] for one in seen] == [False, False]


def test_data_sources_of_a_project_say_who_added_them(emulator: EmulatorUnderTest) -> None:
    found = call(emulator, "GET", "/project/2/dataSources")["dataSources"]
    assert [(one["dataSourceName"], one["addedBy"], one["comment"], one["subscriptionStatus"]) for one in found] == [
        ("Crm Customers", "John Doe", "The customers themselves", "expert"),
        ("Web Sessions", "John Doe", None, "owner"),
    ]


def test_added_data_source_is_in_the_project_once(emulator: EmulatorUnderTest) -> None:
    payload = {"dataSourceIds": [2, 1, 2], "comment": "string"}
    assert call(emulator, "POST", "/project/1/dataSources", json=payload) == {}
    found = call(emulator, "GET", "/project/1/dataSources")["dataSources"]
    assert [(one["dataSourceId"], one["comment"], one["addedByProfile"]) for one in found] == [
        (1, None, 2),
        (2, "string", 2),
    ]


def test_no_data_source_is_added_if_one_is_unknown(emulator: EmulatorUnderTest) -> None:
    unknown = (404, "Data source not found")
    assert refused(emulator, "POST", "/project/1/dataSources", json={"dataSourceIds": [2, 99]}) == unknown
    assert len(call(emulator, "GET", "/project/1/dataSources")["dataSources"]) == 1


def test_only_members_add_data_sources(emulator: EmulatorUnderTest) -> None:
    payload = {"dataSourceIds": [1]}
    forbidden = (403, "User must have one of the following roles to update project: owner")
    assert refused(emulator, "POST", "/project/2/dataSources", json=payload, rights="read") == forbidden
    call(emulator, "POST", "/project/2/dataSources", json=payload)


def test_removed_data_source_leaves_its_projects(emulator: EmulatorUnderTest) -> None:
    call(emulator, "DELETE", "/dataSource/3")
    found = call(emulator, "GET", "/project/2/dataSources")["dataSources"]
    assert [(one["dataSourceId"], one["deleted"]) for one in found] == [(2, False), (3, True)]
    call(emulator, "DELETE", "/dataSource/3")
    assert [one["dataSourceId"] for one in call(emulator, "GET", "/project/2/dataSources")["dataSources"]] == [2]


def test_project_carries_tags(emulator: EmulatorUnderTest) -> None:
    call(emulator, "POST", "/tag/project/1", json=[{"name": "PII.email"}])
    assert call(emulator, "GET", "/project/1")["tags"] == [{"name": "PII.email", "source": "curated", "addedBy": 2}]
    call(emulator, "POST", "/tag", json={"tags": [{"id": 2, "name": "PII.mail"}]})
    call(emulator, "DELETE", "/tag/project/1/PII.mail")
    assert call(emulator, "GET", "/project/1")["tags"] == []
    assert refused(emulator, "POST", "/tag/project/99", json=[{"name": "PII"}]) == (404, "Project not found")
    assert refused(emulator, "POST", "/tag/project/abc", json=[{"name": "PII"}]) == (404, "Project not found")


def test_created_purpose_is_the_documented_one(emulator: EmulatorUnderTest) -> None:
    created = call(emulator, "POST", "/governance/purpose", json={"name": "Compliance Requirement #2"})
    assert {name: value for name, value in created.items() if not name.endswith("At")} == {
        "id": 2,
        "name": "Compliance Requirement #2",
        "acknowledgement": None,
        "description": None,
        "addedByProfile": 2,
        "displayAcknowledgement": True,
        "deleted": False,
        "systemGenerated": False,
        "policyMetadata": None,
        "subpurposes": [],
    }
    listed = call(emulator, "GET", "/governance/purpose", params={"noLimit": "false"})
    assert (listed["count"], [one["id"] for one in listed["purposes"]]) == (2, [1, 2])
    assert call(emulator, "GET", "/governance/purpose/2", params={"includeSubpurposes": "true"}) == created
    assert [exchange.violations for exchange in emulator.exchanges() if exchange.violations] == []


def test_changed_purpose_keeps_what_is_not_sent(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", "/governance/purpose/1")
    after = call(emulator, "PUT", "/governance/purpose/1", json={"description": "For audits"})
    assert {name for name in after if after[name] != before[name]} == {"description", "updatedAt"}
    assert after["addedByProfile"] == before["addedByProfile"]


def test_deleted_purpose_is_gone_and_a_taken_name_refused(emulator: EmulatorUnderTest) -> None:
    taken = {"name": "Re-identification Prohibited"}
    message = (422, "A purpose with this name already exists")
    assert refused(emulator, "POST", "/governance/purpose", json=taken) == message
    assert call(emulator, "DELETE", "/governance/purpose/1") == {}
    assert refused(emulator, "GET", "/governance/purpose/1") == (404, "Purpose not found")
    call(emulator, "POST", "/governance/purpose", json=taken)
