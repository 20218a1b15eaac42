"""Immuta's domains, and what they have to do with data sources."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import EmulatorUnderTest
from tests.immuta_calls import call, refused

CUSTOMERS = "5b0e64a6-5a3c-4f0a-9a55-8a3f7f0f2c1d"
NEW: dict[str, Any] = {"name": "Research", "type": "domain"}


def domains_of(emulator: EmulatorUnderTest, id: int) -> list[str]:
    return [domain["name"] for domain in call(emulator, "GET", f"/dataSource/{id}")["domains"]]


def test_created_domain_is_named_by_its_data_sources(emulator: EmulatorUnderTest) -> None:
    filled = {
        "domainDataSources": [{"dataSourceId": 2}, {"dataSourceId": 1}, {"dataSourceId": 1}],
        "domainPermissions": [{"profileId": 4, "permission": "Manage Policies"}],
    }
    created = call(emulator, "POST", "/domain", json={**NEW, **filled})
    assert {name: created[name] for name in ("name", "description", "createdBy", "profile", "type", "tags")} == {
        "name": "Research",
        "description": None,
        "createdBy": 2,
        "profile": {"name": "Jane Doe"},
        "type": "domain",
        "tags": [],
    }
    assert (domains_of(emulator, 1), domains_of(emulator, 2)) == (["Research"], ["Customer Data", "Research"])
    found = call(emulator, "GET", "/dataSource", params={"domainId": created["id"]})["hits"]
    assert [hit["id"] for hit in found] == [1, 2]
    listed = call(emulator, "GET", f"/domain/{created['id']}/datasources")
    assert listed == {
        "data": [
            {"dataSourceId": 1, "name": "Public Activity", "deleted": False},
            {"dataSourceId": 2, "name": "Crm Customers", "deleted": False},
        ],
        "count": 2,
    }
    (permissions,) = call(emulator, "GET", f"/domain/{created['id']}/permissions")["data"]
    assert (permissions["name"], permissions["permissions"]) == ("Charlie Doe", ["Manage Policies"])


def test_domain_may_bring_its_id(emulator: EmulatorUnderTest) -> None:
    id = "c7458ee9-03e5-4b6f-8395-ad4e49235428"
    assert call(emulator, "POST", "/domain", json={**NEW, "id": id})["id"] == id
    assert call(emulator, "GET", f"/domain/{id.upper()}")["name"] == "Research"
    assert call(emulator, "GET", f"/domain/{id.upper()}/datasources")["data"] == []


def test_unknown_data_source_creates_no_domain(emulator: EmulatorUnderTest) -> None:
    payload = {**NEW, "domainDataSources": [{"dataSourceId": 1}, {"dataSourceId": 99}]}
    assert refused(emulator, "POST", "/domain", json=payload) == (404, "Data source not found")
    assert call(emulator, "GET", "/domain")["count"] == 1
    assert domains_of(emulator, 1) == []


def test_renamed_domain_is_renamed_at_its_data_sources(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", f"/domain/{CUSTOMERS}")
    after = call(emulator, "PUT", f"/domain/{CUSTOMERS}", json={"name": "Clients"})
    assert {name for name in after if after[name] != before[name]} == {"name", "updatedAt"}
    assert domains_of(emulator, 2) == ["Clients"]
    call(emulator, "PUT", f"/domain/{CUSTOMERS}", json={"description": "For sales"})
    assert domains_of(emulator, 2) == ["Clients"]


def test_deleted_domain_is_gone_and_its_data_sources_stay(emulator: EmulatorUnderTest) -> None:
    assert call(emulator, "DELETE", f"/domain/{CUSTOMERS}") == {}
    assert domains_of(emulator, 2) == []
    assert emulator.records("immuta.domain_permissions") == []
    for path in ("", "/datasources", "/permissions"):
        assert refused(emulator, "GET", f"/domain/{CUSTOMERS}{path}") == (404, "Domain not found")


def test_permissions_are_listed_by_user(emulator: EmulatorUnderTest) -> None:
    listed = call(emulator, "GET", f"/domain/{CUSTOMERS}/permissions")
    assert [(one["name"], one["permissions"]) for one in listed["data"]] == [
        ("John Doe", ["Manage Policies", "Audit Activity"]),
        ("Charlie Doe", ["Audit Activity"]),
    ]
    page = call(emulator, "GET", f"/domain/{CUSTOMERS}/permissions", params={"size": 1, "offset": 1})
    assert ([one["name"] for one in page["data"]], page["count"]) == (["Charlie Doe"], 2)


@pytest.mark.parametrize(("query", "names"), [({}, ["Customer Data", "Research"]), ({"size": 1}, ["Customer Data"])])
def test_domains_are_listed_in_pages(emulator: EmulatorUnderTest, query: dict[str, int], names: list[str]) -> None:
    call(emulator, "POST", "/domain", json=NEW)
    page = call(emulator, "GET", "/domain", params=query)
    assert ([domain["name"] for domain in page["data"]], page["count"]) == (names, 2)


def test_taken_name_is_refused(emulator: EmulatorUnderTest) -> None:
    taken = (422, "A domain with this name already exists")
    assert refused(emulator, "POST", "/domain", json={**NEW, "name": "Customer Data"}) == taken
    call(emulator, "POST", "/domain", json=NEW)
    assert refused(emulator, "PUT", f"/domain/{CUSTOMERS}", json={"name": "Research"}) == taken


def test_id_must_be_a_uuid(emulator: EmulatorUnderTest) -> None:
    message = (400, '"id" must be a valid GUID')
    assert refused(emulator, "POST", "/domain", json={**NEW, "id": "research"}) == message
