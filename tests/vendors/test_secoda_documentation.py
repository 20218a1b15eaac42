"""Secoda documentation, Integrations: every example request, as printed but for base URL and credentials."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.catalogue import Catalogue
from tests.conftest import EmulatorUnderTest

KEY = {"Authorization": "Bearer YOUR_SECRET_TOKEN", "Accept": "*/*"}
CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"
DBT = "8c0f3d7e-41b5-4f0a-9a66-2d9b1e4c5f70"
TABLEAU: dict[str, Any] = {
    "id": "740904fe-e87d-44f8-8a91-b13631ff2812",
    "created_at": "2023-09-22T15:30:00Z",
    "updated_at": "2023-09-22T15:30:00Z",
    "name": "Tableau",
    "type": "tableau",
    "credentials": {},
    "workspace_id": "f71585fa-251c-4102-8d81-c97c57c8d435",
    "ssh_tunnel": None,
    "execute_access": ["f71585fa-251c-4102-8d81-c97c57c8d435"],
    "scheduled_extractions_hour": 3,
    "scheduled_extractions_frequency": 7,
    "scheduled_extractions_next_run": "2023-10-15T09:45:00Z",
    "scheduled_extractions_last_run": "2023-10-15T09:45:00Z",
    "properties": {},
    "preview_access_users": ["f71585fa-251c-4102-8d81-c97c57c8d435"],
    "preview_access_roles": ["Admin", "Editor"],
    "preview_access_groups": ["f71585fa-251c-4102-8d81-c97c57c8d435"],
    "teams": ["e8ac09ed-e51e-4e61-8eaf-59942c98c260"],
}


def test_list_integrations_shows_the_printed_integration_first(emulator: EmulatorUnderTest) -> None:
    reply = emulator.call("secoda", "GET", "/integration/integrations", rights=None, headers=KEY)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "application/json"
    body = reply.json()
    assert body["results"][0] == TABLEAU
    assert body["links"] == {"next": f"{emulator.url('secoda')}/integration/integrations?page=2", "previous": None}
    assert body["meta"] == {"page": 1, "previous_page": None, "next_page": 2}
    assert body["count"] >= 60
    assert body["total_pages"] == 2
    assert list(body) == ["links", "meta", "count", "total_pages", "results"]


def test_list_integrations_of_the_printed_type(emulator: EmulatorUnderTest) -> None:
    reply = emulator.call("secoda", "GET", "/integration/integrations?type=bigquery", rights=None, headers=KEY)
    assert {integration["type"] for integration in reply.json()["results"]} == {"bigquery"}


def test_create_integration_as_printed(emulator: EmulatorUnderTest) -> None:
    body = """{
  "name": "Sample Integration",
  "type": "custom",
  "teams": [
    "4c0e07c0-306a-4f4e-8b2b-6a8d7a33d251",
    "a5423e2e-93b8-4b2c-af3c-7b7f0eefea14"
  ],
  "credentials": {}
}"""
    headers = {**KEY, "Content-Type": "application/json"}
    reply = emulator.call("secoda", "POST", "/integration/integrations", rights=None, headers=headers, content=body)
    assert reply.status_code == 201
    created = reply.json()
    assert list(created) == list(TABLEAU)
    assert (created["name"], created["type"]) == ("Sample Integration", "custom")
    assert created["teams"] == ["4c0e07c0-306a-4f4e-8b2b-6a8d7a33d251", "a5423e2e-93b8-4b2c-af3c-7b7f0eefea14"]


@pytest.mark.parametrize("id", [TABLEAU["id"], CUSTOM])
def test_get_integration_as_printed(emulator: EmulatorUnderTest, id: str) -> None:
    reply = emulator.call("secoda", "GET", f"/integration/integrations/{id}", rights=None, headers=KEY)
    assert (reply.status_code, reply.json()["id"], list(reply.json())) == (200, id, list(TABLEAU))


def test_delete_integration_as_printed(emulator: EmulatorUnderTest) -> None:
    path = "/integration/integrations/e7691426-2c2a-46b4-98e7-d09d0b82b2b1"
    reply = emulator.call("secoda", "DELETE", path, rights=None, headers=KEY)
    assert (reply.status_code, reply.content) == (204, b"")
    assert "Content-Type" not in reply.headers
    assert emulator.call("secoda", "GET", path).status_code == 404


UPLOADS = {
    f"/integration/integrations/{CUSTOM}/import_metadata": {
        "file": b"col_name,database,schema,name\nid,db,s,t\n",
    },
    f"/integration/integrations/{CUSTOM}/import_jsonl_metadata": {
        "resources_file": b'{"entity_type": "dashboard", "databuilder_id": "d", "group": "g"}\n',
        "lineages_file": (
            b'{"from_identifier": {"type": "tables_from_query", "sql": "select 1"},'
            b' "to_identifier": {"type": "internal_resource", "databuilder_id": "d"}}\n'
        ),
    },
    f"/integration/dbt/{DBT}/upload_artifacts/": {
        "run_results": b'{"metadata": {"dbt_schema_version": "https://x/dbt/run-results/v6.json"}, "results": []}',
        "manifest": b'{"metadata": {"dbt_schema_version": "https://x/dbt/manifest/v12.json"}, "nodes": {}}',
    },
}


@pytest.mark.parametrize("path", UPLOADS)
def test_uploads_with_the_printed_parts(emulator: EmulatorUnderTest, path: str) -> None:
    """The page prints the parts as JSON, which no client sends as multipart/form-data: here they are files."""
    reply = emulator.call("secoda", "POST", path, rights=None, headers=KEY, files=UPLOADS[path])
    assert (reply.status_code, reply.content) == (200, b"")
    assert "Content-Type" not in reply.headers
    assert emulator.exchanges()[-1].violations == ()


def test_trigger_as_printed(emulator: EmulatorUnderTest) -> None:
    reply = emulator.call("secoda", "POST", f"/integration/dbt/{DBT}/trigger/", rights=None, headers=KEY)
    assert (reply.status_code, reply.content) == (200, b"")
    assert "Content-Type" not in reply.headers


def test_failing_tests_as_printed(emulator: EmulatorUnderTest) -> None:
    reply = emulator.call("secoda", "GET", f"/integration/dbt/{DBT}/failing_tests/", rights=None, headers=KEY)
    assert reply.status_code == 200
    assert reply.json() == {
        "warning": [
            "56edcb73-35b2-4f64-9ed5-3ef7c141f089",
            "9e70cc79-eb5b-4d7f-97d7-f0f8752a07a1",
            "d444362f-7fcb-4766-9cf5-aa361fbcd1fe",
            "cb68ce43-ef90-4815-9a5e-9692b1e1948a",
        ],
        "failing": [
            "05d4f872-6fd6-4db4-8360-499ce3548b47",
            "43d6d0a8-24c0-4509-830f-a124b15bac3e",
            "289c3e40-3a33-4352-a5ae-1a2e0f33456e",
        ],
    }


def test_slack_conversations_as_printed(emulator: EmulatorUnderTest) -> None:
    """The base URL ends in /api/v1: this is the printed /api/v1/api/v2/…"""
    reply = emulator.call("secoda", "GET", "/api/v2/integration_v2/slack/conversations/list", rights=None, headers=KEY)
    assert reply.status_code == 200
    assert len(reply.json()) >= 2
    assert all(list(conversation) == ["id", "name"] for conversation in reply.json())


def test_the_base_url_is_the_documented_one(catalogue: Catalogue) -> None:
    assert catalogue.contracts["secoda"].base_path == "/secoda/api/v1"
