"""Immuta's data sources are made of the tables of remote databases."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import EmulatorUnderTest
from tests.immuta_calls import call, refused

METADATA: dict[str, Any] = {
    "hostname": "db.example.com",
    "port": 5432,
    "database": "crm",
    "username": "immuta",
    "password": "secret",
    "schema": "crm",
    "table": "orders",
    "dataSourceName": "pg_crm_orders",
    "bodataSchemaName": "query",
    "bodataTableName": "crm_orders",
}
DATA_SOURCE = {"name": "pg_crm_orders", "blobHandlerType": "PostgreSQL"}
PAYLOAD: dict[str, Any] = {"handler": {"metadata": METADATA}, "dataSource": DATA_SOURCE}


def test_tables_of_a_database_are_listed(emulator: EmulatorUnderTest) -> None:
    assert call(emulator, "GET", "/pg/database/crm/table", headers={"sql-hostname": "db.example.com"}) == [
        {"tableSchema": "crm", "tableName": "customers"},
        {"tableSchema": "crm", "tableName": "orders"},
        {"tableSchema": "support", "tableName": "tickets"},
    ]
    assert refused(emulator, "GET", "/pg/database/nothing/table") == (404, "Database not found")


def test_columns_of_a_table_are_listed(emulator: EmulatorUnderTest) -> None:
    wanted = {"database": "crm", "schema": "crm", "table": "orders", "format": "json"}
    columns = call(emulator, "POST", "/pg/handler/getColumnTypes", json={"metadata": wanted})
    assert [column["name"] for column in columns] == ["id", "customer_id", "email", "total"]
    assert columns[0]["nullable"] is False
    elsewhere = {"metadata": {**wanted, "schema": "support"}}
    assert refused(emulator, "POST", "/pg/handler/getColumnTypes", json=elsewhere) == (404, "Table not found")


def test_created_data_source_has_a_dictionary_and_an_owner(emulator: EmulatorUnderTest) -> None:
    created = call(emulator, "POST", "/pg/handler", json=PAYLOAD)
    assert created == {
        "id": 4,
        "dataSourceId": 4,
        "warnings": None,
        "connectionString": "immuta@db.example.com:5432/crm",
    }
    found = call(emulator, "GET", "/dataSource/4")
    names = ("name", "sqlSchemaName", "sqlTableName", "blobHandlerType", "subscriptionStatus", "createdBy", "deleted")
    shown = {name: found[name] for name in names}
    assert shown == {
        "name": "pg_crm_orders",
        "sqlSchemaName": "query",
        "sqlTableName": "crm_orders",
        "blobHandlerType": "PostgreSQL",
        "subscriptionStatus": "owner",
        "createdBy": 2,
        "deleted": False,
    }
    columns = call(emulator, "GET", "/dictionary/4")["metadata"]
    assert [column["name"] for column in columns] == ["id", "customer_id", "email", "total"]
    assert call(emulator, "GET", "/dataSource/name/pg_crm_orders")["id"] == 4
    assert call(emulator, "GET", "/dataSource")["count"] == 4


def test_columns_that_are_sent_are_those_of_the_dictionary(emulator: EmulatorUnderTest) -> None:
    column = {"name": "key", "dataType": "text", "remoteType": "text", "nullable": False, "tags": []}
    metadata = {**METADATA, "columns": [column], "table": "unknown"}
    call(emulator, "POST", "/pg/handler", json={**PAYLOAD, "handler": {"metadata": metadata}})
    dictionary = call(emulator, "GET", "/dictionary/4")
    assert (dictionary["metadata"], dictionary["types"]) == ([column], ["text"])


def test_people_get_their_roles_and_the_caller_owns(emulator: EmulatorUnderTest) -> None:
    people = {"owner": {"profiles": [2, 3]}, "expert": {"profiles": [3, 4], "groups": [1]}}
    call(emulator, "POST", "/pg/handler", json={**PAYLOAD, "dataSource": {**DATA_SOURCE, **people}})
    users = call(emulator, "GET", "/dataSource/4/access")["users"]
    assert {user["profile"]: user["state"] for user in users} == {2: "owner", 3: "owner", 4: "expert"}


def test_several_handlers_make_several_data_sources_without_ids_in_the_reply(emulator: EmulatorUnderTest) -> None:
    tickets = {
        "metadata": {**METADATA, "schema": "support", "table": "tickets", "dataSourceName": "pg_support_tickets"}
    }
    payload = {"handler": [{"metadata": METADATA}, tickets], "dataSource": {"blobHandlerType": "PostgreSQL"}}
    created = call(emulator, "POST", "/pg/handler", json=payload)
    assert created == {"warnings": None, "connectionString": "immuta@db.example.com:5432/crm"}
    assert call(emulator, "GET", "/dataSource", params={"column": "phone"})["hits"][-1]["name"] == "pg_support_tickets"
    assert call(emulator, "GET", "/dataSource")["count"] == 5


def test_taken_name_creates_nothing(emulator: EmulatorUnderTest) -> None:
    taken = {"metadata": {**METADATA, "dataSourceName": "Crm Customers"}}
    payload = {"handler": [{"metadata": METADATA}, taken], "dataSource": {"blobHandlerType": "PostgreSQL"}}
    message = "A data source with this name already exists: Crm Customers"
    assert refused(emulator, "POST", "/pg/handler", json=payload) == (422, message)
    assert call(emulator, "GET", "/dataSource")["count"] == 3
    assert len(emulator.records("immuta.dictionaries")) == 3


def test_password_is_kept_nowhere(emulator: EmulatorUnderTest) -> None:
    call(emulator, "POST", "/pg/handler", json=PAYLOAD)
    assert "secret" not in str(emulator.records("immuta.data_sources"))
    assert "secret" not in str(emulator.exchanges()[-1].document())


@pytest.mark.parametrize("disabled", [True, False])
def test_database_is_monitored_once_a_data_source_says_so(emulator: EmulatorUnderTest, disabled: bool) -> None:
    assert call(emulator, "GET", "/pg/database/crm/test") == {}
    evolution = {"ownerProfileId": 2, "disabled": disabled}
    call(emulator, "POST", "/pg/handler", json={**PAYLOAD, "schemaEvolution": evolution})
    assert call(emulator, "GET", "/dataSource/4")["schemaEvolution"] == evolution
    monitored = {"existingSchemaEvolutionRecord": {"disabled": disabled}}
    assert call(emulator, "GET", "/pg/database/crm/test") == monitored
    assert call(emulator, "GET", "/snowflake/database/crm/test") == {}
    assert call(emulator, "GET", "/pg/database/app/test") == {}


def test_athena_has_a_region_for_a_host(emulator: EmulatorUnderTest) -> None:
    metadata = {"database": "crm", "table": "orders", "region": "eu-west-1", "username": "AKIA"}
    payload = {"handler": {"metadata": metadata}, "dataSource": {"blobHandlerType": "Amazon Athena"}}
    created = call(emulator, "POST", "/athena/handler", json=payload)
    assert created["connectionString"] == "AKIA@athena.eu-west-1.amazonaws.com:443/crm"
    found = call(emulator, "GET", f"/dataSource/{created['dataSourceId']}")
    assert (found["name"], found["sqlSchemaName"], found["sqlTableName"]) == ("orders", "public", "orders")


@pytest.mark.parametrize(
    ("body", "message", "key"),
    [
        ({"dataSource": DATA_SOURCE}, '"handler" is required', "handler"),
        ({**PAYLOAD, "handler": []}, '"handler" must contain at least 1 items', "handler"),
        ({**PAYLOAD, "handler": {}}, '"handler.metadata" is required', "handler.metadata"),
        ({**PAYLOAD, "handler": [{}]}, '"handler[0].metadata" is required', "handler.0.metadata"),
        ({**PAYLOAD, "handler": 5}, '"handler" must be of type object', "handler"),
        ({**PAYLOAD, "dataSource": {}}, '"dataSource.blobHandlerType" is required', "dataSource.blobHandlerType"),
    ],
)
def test_invalid_handler_is_refused_in_joi_s_words(
    emulator: EmulatorUnderTest, body: Any, message: str, key: str
) -> None:
    reply = emulator.call("immuta", "POST", "/pg/handler", json=body)
    assert (reply.status_code, reply.json()["message"]) == (400, message)
    assert reply.json()["validation"] == {"source": "payload", "keys": [key]}


@pytest.mark.parametrize("path", ["/oracle/handler", "/policy/handler", "/policy/handler/getColumnTypes"])
def test_each_kind_of_database_has_its_own_path_and_a_stub_can_reply_for_others(
    emulator: EmulatorUnderTest, path: str
) -> None:
    assert refused(emulator, "POST", path, json=PAYLOAD) == (404, "Not Found")
    stub = {"vendor": "immuta", "method": "POST", "path": path, "json": {"stubbed": True}}
    assert httpx.post(f"{emulator.root}/_emulator/stubs", json=stub).status_code == 201
    assert emulator.call("immuta", "POST", path, json=PAYLOAD).json() == {"stubbed": True}
    assert emulator.call("immuta", "POST", "/pg/handler", json=PAYLOAD).json()["dataSourceId"]


def test_reader_may_create_no_data_source(emulator: EmulatorUnderTest) -> None:
    assert refused(emulator, "POST", "/pg/handler", json=PAYLOAD, rights="read") == (403, "Insufficient scope")
