"""Integrations: lists and their pages, creation, deletion; the prefix, the slash, Slack conversations."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import EmulatorUnderTest

LIST = "/integration/integrations"
CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"
DBT = "8c0f3d7e-41b5-4f0a-9a66-2d9b1e4c5f70"
SLACK = "5a9e8b34-7c2d-4e1f-b0a3-6f4d2c1e9b87"
CONVERSATIONS = "/api/v2/integration_v2/slack/conversations/list"


def listed(emulator: EmulatorUnderTest, query: str = "") -> Any:
    reply = emulator.call("secoda", "GET", LIST + query)
    assert reply.status_code == 200
    return reply.json()


def create(emulator: EmulatorUnderTest, **given: Any) -> Any:
    reply = emulator.call("secoda", "POST", LIST, json=given)
    assert reply.status_code == 201
    return reply.json()


def test_the_default_sandbox_has_at_least_sixty_integrations(emulator: EmulatorUnderTest) -> None:
    assert listed(emulator)["count"] >= 60


def test_pages_follow_each_other_until_next_is_null(emulator: EmulatorUnderTest) -> None:
    url, found = f"{LIST}?page_size=7", []
    while url:
        body = emulator.call("secoda", "GET", url.removeprefix(emulator.url("secoda"))).json()
        found += body["results"]
        url = body["links"]["next"]
    assert len({integration["id"] for integration in found}) == len(found) == body["count"]
    assert found == sorted(found, key=lambda integration: (integration["created_at"], integration["id"]))
    assert body["meta"] == {"page": body["total_pages"], "previous_page": body["total_pages"] - 1, "next_page": None}


def test_links_keep_the_other_parameters_and_name_no_first_page(emulator: EmulatorUnderTest) -> None:
    body = listed(emulator, "?type=bigquery&page_size=1&page=2&search=a%20b")
    base = f"{emulator.url('secoda')}{LIST}"
    assert body["links"] == {
        "next": f"{base}?page=3&page_size=1&search=a+b&type=bigquery",
        "previous": f"{base}?page_size=1&search=a+b&type=bigquery",
    }


def test_of_a_parameter_that_is_sent_twice_the_last_counts(emulator: EmulatorUnderTest) -> None:
    body = listed(emulator, "?page_size=1&page=1&page=2&type=slack&type=bigquery&page_size=2")
    assert (body["meta"]["page"], len(body["results"])) == (2, 2)
    assert {found["type"] for found in body["results"]} == {"bigquery"}
    base = f"{emulator.url('secoda')}{LIST}"
    assert body["links"]["next"] == f"{base}?page=3&page_size=1&page_size=2&type=slack&type=bigquery"


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("prefix", ["/secoda/api/v1", "/secoda"])
def test_links_use_the_callers_host_and_path(emulator: EmulatorUnderTest, prefix: str, slash: str) -> None:
    headers = {**emulator.headers("secoda"), "Host": "secoda.test:8080"}
    reply = httpx.get(f"{emulator.root}{prefix}{LIST}{slash}", headers=headers)
    assert reply.json()["links"]["next"] == f"http://secoda.test:8080{prefix}{LIST}{slash}?page=2"


def test_a_page_has_fifty_integrations_by_default(emulator: EmulatorUnderTest) -> None:
    assert len(listed(emulator)["results"]) == 50
    assert len(listed(emulator, "?page_size=3")["results"]) == 3
    emulator.switch("secoda.default_page_size", 45)
    assert len(listed(emulator)["results"]) == 45


@pytest.mark.parametrize("page_size", ["0", "-3", "x", ""])
def test_a_page_size_that_is_not_a_positive_number_is_ignored(emulator: EmulatorUnderTest, page_size: str) -> None:
    assert len(listed(emulator, f"?page_size={page_size}")["results"]) == 50


def test_pages_do_not_grow_beyond_the_maximum(emulator: EmulatorUnderTest) -> None:
    assert len(listed(emulator, "?page_size=100000")["results"]) == listed(emulator)["count"]
    emulator.switch("secoda.maximum_page_size", 50)
    assert len(listed(emulator, "?page_size=100000")["results"]) == 50


@pytest.mark.parametrize(
    ("page", "number"),
    [
        *(("last", 2), ("", 1), ("1", 1), ("%2B2", 2), ("+2", 2), ("02", 2), ("0_2", 2), ("%D9%A2", 2)),
        *(("1&page=2", 2), ("2&page=1", 1), ("&page=2", 2), ("2&page=", 1), ("x&page=last", 2), ("last&page=1", 1)),
    ],
)
def test_pages_that_are_not_numbers_as_in_django_rest_framework(
    emulator: EmulatorUnderTest, page: str, number: int
) -> None:
    assert listed(emulator, f"?page={page}")["meta"]["page"] == number


def test_the_type_filters_exactly(emulator: EmulatorUnderTest) -> None:
    assert [found["id"] for found in listed(emulator, "?type=slack")["results"]] == [SLACK]
    assert listed(emulator, "?type=slac")["results"] == []
    assert listed(emulator, "?type=")["count"] == listed(emulator)["count"]


def test_an_empty_list_has_one_page(emulator: EmulatorUnderTest) -> None:
    assert listed(emulator, "?type=none") == {
        "links": {"next": None, "previous": None},
        "meta": {"page": 1, "previous_page": None, "next_page": None},
        "count": 0,
        "total_pages": 1,
        "results": [],
    }


def test_a_created_integration_is_found_and_listed(emulator: EmulatorUnderTest) -> None:
    created = create(emulator, name="Mine", type="mine", teams=[], credentials={})
    assert emulator.call("secoda", "GET", f"{LIST}/{created['id']}").json() == created
    assert listed(emulator, "?type=mine")["results"] == [created]
    assert created["created_at"] == created["updated_at"]


def test_two_created_integrations_have_different_ids(emulator: EmulatorUnderTest) -> None:
    assert create(emulator)["id"] != create(emulator)["id"]


@pytest.mark.parametrize("options", [{}, {"json": {}}, {"content": b"", "headers": {"Content-Type": "text/plain"}}])
def test_everything_about_a_new_integration_is_optional(emulator: EmulatorUnderTest, options: Any) -> None:
    reply = emulator.call("secoda", "POST", LIST, **options)
    assert reply.status_code == 201
    assert (reply.json()["name"], reply.json()["type"]) == ("Untitled", "custom")
    assert reply.json()["teams"] == ["e8ac09ed-e51e-4e61-8eaf-59942c98c260"]


def test_credentials_are_kept_to_itself_unless_the_switch_says_otherwise(emulator: EmulatorUnderTest) -> None:
    created = create(emulator, type="bigquery", credentials={"key": "secret"})
    assert created["credentials"] == {}
    assert "secret" not in emulator.call("secoda", "GET", f"{LIST}?page=last").text
    emulator.switch("secoda.credentials_in_replies", "shown")
    assert emulator.call("secoda", "GET", f"{LIST}/{created['id']}").json()["credentials"] == {"key": "secret"}


def test_an_id_is_found_however_it_is_written(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("secoda", "GET", f"{LIST}/{CUSTOM.upper()}").json()["id"] == CUSTOM


def test_a_deleted_integration_is_gone_with_all_it_held(emulator: EmulatorUnderTest) -> None:
    before = listed(emulator)["count"]
    for id in (CUSTOM, DBT, SLACK):
        assert emulator.call("secoda", "DELETE", f"{LIST}/{id}").status_code == 204
        assert emulator.call("secoda", "DELETE", f"{LIST}/{id}").status_code == 404
    assert listed(emulator)["count"] == before - 3
    for name in ("resources", "lineage", "syncs", "failing_tests", "dbt_artifacts", "slack_conversations"):
        assert emulator.records(f"secoda.{name}") == []
    assert emulator.call("secoda", "GET", CONVERSATIONS).json() == []


ROUTES = [
    ("GET", LIST, 200),
    ("POST", LIST, 201),
    ("GET", f"{LIST}/{CUSTOM}", 200),
    ("DELETE", f"{LIST}/{CUSTOM}", 204),
    ("POST", f"{LIST}/{CUSTOM}/import_metadata", 400),
    ("POST", f"{LIST}/{CUSTOM}/import_jsonl_metadata", 400),
    ("POST", f"/integration/dbt/{DBT}/upload_artifacts", 400),
    ("POST", f"/integration/dbt/{DBT}/trigger", 200),
    ("GET", f"/integration/dbt/{DBT}/failing_tests", 200),
    ("POST", "/integration/dbt/manifest", 400),
    ("POST", "/integration/dbt/run_result", 400),
    ("POST", "/integration/dbt/run_results", 400),
    ("GET", CONVERSATIONS, 200),
]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("prefix", ["/secoda/api/v1", "/secoda"])
@pytest.mark.parametrize(("method", "path", "status"), ROUTES)
def test_routes_work_with_and_without_prefix_and_slash(
    emulator: EmulatorUnderTest, method: str, path: str, status: int, prefix: str, slash: str
) -> None:
    url = f"{emulator.root}{prefix}{path}{slash}"
    assert httpx.request(method, url, headers=emulator.headers("secoda")).status_code == status


def test_the_scheme_of_the_key_is_read_in_any_case(emulator: EmulatorUnderTest) -> None:
    headers = {"Authorization": "bearer secoda-token"}
    assert emulator.call("secoda", "GET", LIST, rights=None, headers=headers).status_code == 200
