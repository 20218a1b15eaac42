"""Secoda's users, groups and teams."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.exchange import Record
from tests.conftest import EmulatorUnderTest

ADA = "f71585fa-251c-4102-8d81-c97c57c8d435"
SAMPLE = "3131f219-16bb-4c95-853a-894ae12db42a"
STEWARDS = "f3bdd4f8-d6ea-4f9b-8384-e179fa8eb3da"
ANALYSTS = "3b2c7185-fb5d-4d94-89d4-3dae08e093a9"
GENERAL = "e8ac09ed-e51e-4e61-8eaf-59942c98c260"
SALES = "4c0e07c0-306a-4f4e-8b2b-6a8d7a33d251"
FINANCE = "a5423e2e-93b8-4b2c-af3c-7b7f0eefea14"
INTEGRATION = "d31e59c7-cd52-4398-9d6e-da313a7b7775"
UNKNOWN = "00000000-0000-4000-8000-000000000000"

PATHS = ("/user", "/auth/group", "/auth/teams")


def call(emulator: EmulatorUnderTest, method: str, path: str, **options: Any) -> Any:
    response = emulator.call("secoda", method, path, **options)
    assert response.status_code < 300, response.text
    return response.json() if response.content else None


def refused(emulator: EmulatorUnderTest, method: str, path: str, body: Any) -> Record:
    response = emulator.call("secoda", method, path, json=body)
    assert response.status_code == 400, response.text
    found: Record = response.json()
    return found


@pytest.mark.parametrize("path", PATHS)
def test_each_is_listed_as_it_is_shown(emulator: EmulatorUnderTest, path: str) -> None:
    listed = call(emulator, "GET", path)
    assert (listed["links"], listed["total_pages"]) == ({"next": None, "previous": None}, 1)
    assert listed["count"] == len(listed["results"]) > 1
    for one in listed["results"]:
        assert call(emulator, "GET", f"{path}/{one['id'].upper()}/") == one


@pytest.mark.parametrize("path", PATHS)
def test_pages_of_one(emulator: EmulatorUnderTest, path: str) -> None:
    wanted = [one["id"] for one in call(emulator, "GET", path)["results"]]
    found, page = [], call(emulator, "GET", f"{path}?page_size=1")
    while True:
        found += [one["id"] for one in page["results"]]
        if page["links"]["next"] is None:
            break
        page = call(emulator, "GET", f"{path}?{page['links']['next'].partition('?')[2]}")
    assert found == wanted
    assert call(emulator, "GET", f"{path}?page_size=1&page=last")["meta"]["page"] == len(wanted)
    assert emulator.call("secoda", "GET", f"{path}?page=9").json() == {"detail": "Invalid page."}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("id", [UNKNOWN, "nobody"])
def test_unknown_ids(emulator: EmulatorUnderTest, path: str, id: str) -> None:
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        response = emulator.call("secoda", method, f"{path}/{id}", json=body)
        assert (response.status_code, response.json()) == (404, {"detail": "Not found."})


@pytest.mark.parametrize("path", PATHS)
def test_a_viewer_reads_and_does_not_write(emulator: EmulatorUnderTest, path: str) -> None:
    assert emulator.call("secoda", "GET", path, rights="read").status_code == 200
    assert emulator.call("secoda", "POST", path, rights="read", json={"name": "New"}).status_code == 403


@pytest.mark.parametrize("path", PATHS)
def test_what_is_deleted_is_gone(emulator: EmulatorUnderTest, path: str) -> None:
    made = call(emulator, "POST", path, json={})
    assert call(emulator, "GET", f"{path}/{made['id']}") == made
    assert call(emulator, "DELETE", f"{path}/{made['id']}") is None
    assert emulator.call("secoda", "GET", f"{path}/{made['id']}").status_code == 404


def test_a_created_user_belongs_to_its_groups(emulator: EmulatorUnderTest) -> None:
    body = {
        "first_name": "Nia",
        "last_name": "Berg",
        "email": "nia.berg@example.com",
        "role": "Guest",
        "teams": [SALES],
        "user_groups": [STEWARDS],
    }
    user = call(emulator, "POST", "/user/", json=body)
    assert (user["role"], user["user_groups"], user["pending"]) == ("guest", [STEWARDS], True)
    assert "teams" not in user
    assert user["id"] in call(emulator, "GET", f"/auth/group/{STEWARDS}")["users"]
    moved = call(emulator, "PATCH", f"/user/{user['id']}", json={"user_groups": [ANALYSTS]})
    assert moved["user_groups"] == [ANALYSTS]
    assert user["id"] not in call(emulator, "GET", f"/auth/group/{STEWARDS}")["users"]
    call(emulator, "DELETE", f"/user/{user['id']}")
    assert user["id"] not in call(emulator, "GET", f"/auth/group/{ANALYSTS}")["users"]


def test_a_changed_user_stays_in_its_groups(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", f"/user/{SAMPLE}")
    after = call(emulator, "PATCH", f"/user/{SAMPLE}", json={"first_name": "Sam", "id": UNKNOWN})
    assert after == {**before, "first_name": "Sam"}
    assert before["user_groups"] == [ANALYSTS]


def test_a_user_leaves_with_its_group(emulator: EmulatorUnderTest) -> None:
    call(emulator, "DELETE", f"/auth/group/{ANALYSTS}")
    assert call(emulator, "GET", f"/user/{SAMPLE}")["user_groups"] == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"role": "guest"}, {"teams": ["This field is required."]}),
        ({"role": "owner"}, {"role": ['"owner" is not a valid choice.']}),
        ({"teams": [UNKNOWN]}, {"teams": [f'Invalid pk "{UNKNOWN}" - object does not exist.']}),
        ({"user_groups": [UNKNOWN]}, {"user_groups": [f'Invalid pk "{UNKNOWN}" - object does not exist.']}),
        ({"teams": ["sales"]}, {"teams": {"0": ["Must be a valid UUID."]}}),
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
    ],
)
def test_users_that_cannot_be(emulator: EmulatorUnderTest, body: Any, message: Record) -> None:
    before = call(emulator, "GET", "/user")
    assert refused(emulator, "POST", "/user", body) == message
    assert call(emulator, "GET", "/user") == before


def test_groups_have_users_that_exist(emulator: EmulatorUnderTest) -> None:
    group = call(emulator, "POST", "/auth/group/", json={"name": "New", "icon": "💼", "users": [ADA]})
    assert (group["users"], group["snowflake_role"]) == ([ADA], None)
    assert group["id"] in call(emulator, "GET", f"/user/{ADA}")["user_groups"]
    message = {"users": [f'Invalid pk "{UNKNOWN}" - object does not exist.']}
    assert refused(emulator, "PATCH", f"/auth/group/{group['id']}", {"users": [ADA, UNKNOWN]}) == message
    assert refused(emulator, "POST", "/auth/group", {"name": ""}) == {"name": ["This field may not be blank."]}
    changed = call(emulator, "PATCH", f"/auth/group/{group['id']}", json={"description": None})
    assert changed == {**group, "updated_at": changed["updated_at"]}


def test_archived_teams_are_listed_on_request(emulator: EmulatorUnderTest) -> None:
    names = [team["name"] for team in call(emulator, "GET", "/auth/teams/")["results"]]
    assert names == ["General", "Test Team", "Sales", "Finance"]
    listed = call(emulator, "GET", "/auth/teams/?include_archived=true")
    assert [team["name"] for team in listed["results"] if team["archived"]] == ["Migration"]


def test_what_belonged_to_a_deleted_team_belongs_to_the_default_team(emulator: EmulatorUnderTest) -> None:
    def teams() -> Any:
        return call(emulator, "GET", f"/integration/integrations/{INTEGRATION}")["teams"]

    assert teams() == [SALES, FINANCE]
    call(emulator, "DELETE", f"/auth/teams/{SALES}")
    assert teams() == [FINANCE]
    call(emulator, "DELETE", f"/auth/teams/{FINANCE}")
    assert teams() == [GENERAL]
    message = {"non_field_errors": ["The default team cannot be deleted."]}
    response = emulator.call("secoda", "DELETE", f"/auth/teams/{GENERAL}")
    assert (response.status_code, response.json()) == (400, message)


def test_a_team_is_open_unless_it_says_otherwise(emulator: EmulatorUnderTest) -> None:
    team = call(emulator, "POST", "/auth/teams/", json={"name": "New", "description": "New.", "members": [ADA]})
    assert (team["type"], team["is_default_team"], "members" in team) == ("OPEN", False, False)
    assert refused(emulator, "POST", "/auth/teams", {"type": "SECRET"}) == {"type": ['"SECRET" is not a valid choice.']}


def test_sandboxes_have_their_own_users(emulator: EmulatorUnderTest) -> None:
    call(emulator, "DELETE", f"/user/{SAMPLE}")
    other = httpx.post(f"{emulator.root}/_emulator/sandboxes", json={"name": "other"})
    try:
        elsewhere = {"X-Emulator-Sandbox": "other"}
        assert call(emulator, "GET", f"/user/{SAMPLE}", headers=elsewhere)["first_name"] == "Sample"
        assert emulator.call("secoda", "GET", f"/user/{SAMPLE}").status_code == 404
    finally:
        httpx.delete(f"{emulator.root}/_emulator/sandboxes/{other.json()['name']}")
