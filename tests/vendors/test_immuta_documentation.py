"""Immuta documentation, Data Dictionary HTTP API: every example, as printed but for base URL and credentials.

The printed columns have three keys, so the switch column_nullable is as_stored here.
"""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import httpx
import pytest
import requests

from tests.conftest import EmulatorUnderTest

HEADERS = {"Authorization": "Bearer dea464c07bd07300095caa8", "Content-Type": "application/json"}

PAYLOAD = """{
"metadata": [
{
"name": "notificationType",
"dataType": "text",
"remoteType": "text"
},
{
"name": "actionBy",
"dataType": "text",
"remoteType": "integer"
},
{
"name": "targetUser",
"dataType": "integer",
"remoteType": "integer"
},
{
"name": "metadata",
"dataType": "json",
"remoteType": "json"
},
{
"name": "id",
"dataType": "integer",
"remoteType": "integer"
},
{
"name": "notifyInitiator",
"dataType": "text",
"remoteType": "boolean"
},
{
"name": "eventTime",
"dataType": "timestamp with time zone",
"remoteType": "timestamp with time zone"
}
]
}"""

DICTIONARY: dict[str, Any] = {
    "createdAt": "2018-03-21T10:52:30.535Z",
    "dataSource": 1,
    "id": 1,
    "metadata": json.loads(PAYLOAD)["metadata"],
    "types": ["text", "integer", "json", "timestamp with time zone"],
    "updatedAt": "2018-03-21T12:18:25.531Z",
}

TYPES = [
    "timestamp with time zone",
    "timestamptz",
    "date",
    "int",
    "varchar(400)",
    "double precision",
    "money",
    "character varying",
    "decimal",
    "timestamp",
    "boolean",
    "integer",
    "json",
    "varchar",
    "numeric",
    "text",
]


@pytest.fixture(autouse=True)
def _columns_as_stored(emulator: EmulatorUnderTest) -> None:
    emulator.switch("immuta.column_nullable", "as_stored")


def test_columns_differ_from_the_printed_ones_by_default_in_nullable_alone(emulator: EmulatorUnderTest) -> None:
    emulator.switch("immuta.column_nullable", "added")
    printed = [{**column, "nullable": True} for column in DICTIONARY["metadata"]]
    response = requests.get(f"{emulator.url('immuta')}/dictionary/1", headers=HEADERS, timeout=60)
    assert response.text == json.dumps({**DICTIONARY, "metadata": printed}, separators=(",", ":"))


def test_documented_get_types_returns_the_documented_list(emulator: EmulatorUnderTest) -> None:
    response = requests.get(f"{emulator.url('immuta')}/dictionary/types", headers=HEADERS, timeout=60)
    assert (response.status_code, response.json()) == (200, TYPES)


def test_documented_get_returns_the_documented_dictionary_key_by_key(emulator: EmulatorUnderTest) -> None:
    response = requests.get(f"{emulator.url('immuta')}/dictionary/1", headers=HEADERS, timeout=60)
    assert response.status_code == 200
    assert response.text == json.dumps(DICTIONARY, separators=(",", ":"))


def test_documented_delete_returns_an_empty_object(emulator: EmulatorUnderTest) -> None:
    response = requests.delete(f"{emulator.url('immuta')}/dictionary/1", headers=HEADERS, timeout=60)
    assert (response.status_code, response.text) == (200, "{}")


def test_documented_create_returns_the_documented_dictionary_with_a_new_update_time(
    emulator: EmulatorUnderTest,
) -> None:
    response = requests.post(f"{emulator.url('immuta')}/dictionary/1", headers=HEADERS, data=PAYLOAD, timeout=60)
    assert response.status_code == 200
    assert_printed_but_updated(response.json())


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_update_works_by_the_method_of_its_table_and_by_that_of_its_curl(
    emulator: EmulatorUnderTest, method: str
) -> None:
    url = f"{emulator.url('immuta')}/dictionary/1"
    response = requests.request(method, url, headers=HEADERS, data=PAYLOAD, timeout=60)
    assert response.status_code == 200
    assert_printed_but_updated(response.json())


def test_created_dictionary_has_the_shape_and_the_types_of_the_printed_one(emulator: EmulatorUnderTest) -> None:
    emulator.scenario("immuta/no-dictionary")
    response = requests.post(f"{emulator.url('immuta')}/dictionary/3", headers=HEADERS, data=PAYLOAD, timeout=60)
    created = response.json()
    assert list(created) == list(DICTIONARY)
    assert (created["dataSource"], created["id"]) == (3, 3)
    assert (created["metadata"], created["types"]) == (DICTIONARY["metadata"], DICTIONARY["types"])
    assert created["createdAt"] == created["updatedAt"] > DICTIONARY["createdAt"]


def test_journey_with_requests(emulator: EmulatorUnderTest) -> None:
    url = emulator.url("immuta")
    with requests.Session() as session:
        key = {"apikey": "immuta-api-key"}
        token = session.post(f"{url}/bim/apikey/authenticate", data=key, timeout=60).json()["token"]
        session.headers["Authorization"] = token
        session.get(f"{url}/dictionary/3", timeout=60)
        created = session.post(f"{url}/dictionary/3", data=PAYLOAD, timeout=60, headers={"Content-Type": "text/json"})
        assert created.status_code == 400
        created = session.post(f"{url}/dictionary/3", json=json.loads(PAYLOAD), timeout=60)
        read = session.get(f"{url}/dictionary/3", timeout=60)
        assert read.json() == created.json()
        assert session.delete(f"{url}/dictionary/3", timeout=60).json() == {}
        assert session.get(f"{url}/dictionary/3", timeout=60).status_code == 404


def test_journey_with_httpx(emulator: EmulatorUnderTest) -> None:
    with httpx.Client(base_url=emulator.url("immuta")) as client:
        token = client.post("/bim/apikey/authenticate", json={"apikey": "immuta-api-key"}).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        source = client.get("/dataSource", params={"searchText": "crm", "nameOnly": True}).json()["hits"][0]
        dictionary = client.get(f"/dictionary/{source['id']}").json()
        dictionary["metadata"] = [column for column in dictionary["metadata"] if column["dataType"] != "money"]
        updated = client.put(f"/dictionary/{source['id']}", json=dictionary).json()
        assert updated["types"] == [name for name in TYPES if name != "money"]
        assert "money" not in client.get("/dictionary/types").json()


async def test_journey_with_aiohttp(emulator: EmulatorUnderTest) -> None:
    key = {"Authorization": "immuta-api-key"}
    async with aiohttp.ClientSession(emulator.url("immuta") + "/") as session:
        async with session.post("bim/apikey/authenticate", headers=key) as response:
            token = (await response.json())["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        async with session.delete("dictionary/2", headers=bearer) as response:
            assert await response.json() == {}
        async with session.get("dictionary/types", headers=bearer) as response:
            assert await response.json() == [*TYPES[:4], "text", "integer", "json"]


def assert_printed_but_updated(dictionary: dict[str, Any]) -> None:
    assert dictionary["updatedAt"] > DICTIONARY["updatedAt"]
    assert {**dictionary, "updatedAt": DICTIONARY["updatedAt"]} == DICTIONARY
    assert list(dictionary) == list(DICTIONARY)
