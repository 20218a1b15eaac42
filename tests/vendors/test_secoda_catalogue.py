"""Secoda's catalogue: resources of all kinds, also those that uploads bring."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from emulator.exchange import Record
from emulator.files.package_data import CONTRACTS
from emulator.vendors.secoda.catalogue import WRITABLE
from emulator.vendors.secoda.uploaded import resource_id
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_secoda_members import ADA, FINANCE, GENERAL, INTEGRATION, SAMPLE, UNKNOWN, call, refused

TABLE = "d935a76c-2125-4c30-9389-ef42fa7e23bb"
ORDERS = resource_id(INTEGRATION, "snowflake.sales.orders")
ID = resource_id(INTEGRATION, "snowflake.sales.orders.id")
AMOUNT = resource_id(INTEGRATION, "snowflake.sales.orders.amount")
WEEKLY = resource_id(INTEGRATION, "sales.weekly")
ANALYSTS = "3b2c7185-fb5d-4d94-89d4-3dae08e093a9"

LISTS = {
    "/table/tables": "table",
    "/table/columns": "column",
    "/database/databases": "database",
    "/dashboard/dashboards": "dashboard",
}
MADE = {**LISTS, "/database/schemas": "schema", "/dashboard/charts": "chart", "/resource/catalog": "glossary"}
"""What a POST makes, by its path."""

CSV = "database,schema,name,description,col_name,col_type,is_view\n"


def catalogue(emulator: EmulatorUnderTest, **params: Any) -> list[Record]:
    given = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in params.items()}
    found: list[Record] = call(emulator, "GET", "/resource/catalog/", params=given)["results"]
    return found


def titles(records: list[Record]) -> list[str]:
    return [record["title"] for record in records]


def upload(emulator: EmulatorUnderTest, rows: str) -> None:
    path = f"/integration/integrations/{INTEGRATION}/import_metadata"
    reply = emulator.call("secoda", "POST", path, files={"file": ("tables.csv", (CSV + rows).encode())})
    assert reply.status_code == 200, reply.text


def uploaded(emulator: EmulatorUnderTest, kind: str) -> list[Record]:
    found: list[Record] = call(emulator, "GET", f"/table/{kind}?integration_id={INTEGRATION}")["results"]
    return found


@pytest.mark.parametrize(("path", "kind"), LISTS.items())
def test_lists_show_the_resources_of_their_kind(emulator: EmulatorUnderTest, path: str, kind: str) -> None:
    listed = call(emulator, "GET", path)["results"]
    assert {one["entity_type"] for one in listed} == {kind}
    by_type = {"operator": "exact", "field": "type", "value": kind}
    found = {one["id"]: one for one in catalogue(emulator, filter=by_type)}
    assert found == {one["id"]: one for one in listed}
    for one in listed:
        assert call(emulator, "GET", f"/resource/all/{one['id']}") == one


@pytest.mark.parametrize(("path", "kind"), MADE.items())
def test_what_is_made_is_of_the_kind_of_its_path(emulator: EmulatorUnderTest, path: str, kind: str) -> None:
    body = {
        "title": " New ",
        "entity_type": "glossary",
        "integration": INTEGRATION.upper(),
        "parent": None,
        "owners": [ADA],
        "definition": "",
        "pii": "yes",
    }
    made = call(emulator, "POST", f"{path}/", json=body)
    assert (made["title"], made["entity_type"], made["integration"]) == ("New", kind, INTEGRATION)
    assert (made["owners"], made["definition"], made["pii"], made["teams"]) == ([ADA], "", True, [GENERAL])
    assert call(emulator, "GET", f"/resource/all/{made['id']}/") == made


@pytest.mark.parametrize("path", sorted({*LISTS, "/dashboard/charts", "/resource/all"}))
def test_one_is_changed_and_deleted(emulator: EmulatorUnderTest, path: str) -> None:
    collection = "/resource/catalog" if path == "/resource/all" else path
    made = call(emulator, "POST", collection, json={"title": "New"})
    changed = call(emulator, "PATCH", f"{path}/{made['id']}", json={"description": "Said.", "id": UNKNOWN})
    assert changed == {**made, "description": "Said.", "updated_at": changed["updated_at"]}
    assert call(emulator, "DELETE", f"{path}/{made['id']}") is None
    assert emulator.call("secoda", "GET", f"/resource/all/{made['id']}").status_code == 404
    assert emulator.call("secoda", "PATCH", f"{path}/{made['id']}", json={}).status_code == 404


def test_one_of_another_kind_is_not_found(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("secoda", "GET", f"/table/tables/{ID}").json() == {"detail": "Not found."}
    assert call(emulator, "GET", f"/table/columns/{ID.upper()}")["title"] == "id"


def test_a_viewer_reads_and_does_not_write(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("secoda", "GET", "/resource/catalog", rights="read").status_code == 200
    for path in (*MADE, "/resource/all/bulk_update"):
        assert emulator.call("secoda", "POST", path, rights="read", json=[]).status_code == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("/table/tables?title=orders", ["orders", "orders"]),
        (f"/table/tables?title=orders&integration_id={INTEGRATION.upper()}", ["orders"]),
        ("/table/tables?database=snowflake&schema=sales", ["orders"]),
        ("/table/tables?schema=nothing", []),
        ("/table/tables?parent_id=df2c0597-13d9-4159-bb6d-00b3f54235dc", ["Sample Table"]),
        (f"/table/columns?parent_id={ORDERS}", ["amount", "id"]),
        ("/table/columns?table_title=orders", ["amount", "id"]),
        (f"/table/columns?table_title=orders&parent_id={TABLE}", []),
        ("/table/columns?title=id", ["id"]),
        ("/database/databases?title=Sample Database", ["Sample Database"]),
    ],
)
def test_parameters_of_lists(emulator: EmulatorUnderTest, query: str, found: list[str]) -> None:
    assert sorted(titles(call(emulator, "GET", query)["results"])) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"operator": "exact", "field": "id", "value": ID}, ["id"]),
        ({"operator": "exact", "field": "parent_id", "value": ORDERS, "operands": []}, ["amount", "id"]),
        (
            {"operator": "contains", "field": "title", "value": "ORDER"},
            ["Orders a week", "orders", "orders", "stg_orders"],
        ),
        ({"operator": "in", "field": "title", "value": ["id", "amount"]}, ["amount", "id"]),
        ({"operator": "in", "field": "owners", "value": [ADA]}, ["Sample Table"]),
        ({"operator": "exact", "field": "pii", "value": True}, ["Sample Table"]),
        ({"operator": "contains", "field": "owners_groups", "value": ANALYSTS}, ["Sample Table"]),
        ({"operator": "is_set", "field": "description"}, ["Sample Table", "orders"]),
        (
            {
                "operator": "and",
                "operands": [
                    {"operator": "exact", "field": "integration_id", "value": INTEGRATION},
                    {"operator": "not", "operands": [{"operator": "exact", "field": "type", "value": "column"}]},
                    {
                        "operator": "or",
                        "operands": [
                            {"operator": "is_set", "field": "group", "value": True},
                            {"operator": "is_set", "field": "group", "value": False},
                        ],
                    },
                ],
            },
            ["Weekly sales", "orders"],
        ),
    ],
)
def test_filters_of_the_catalogue(emulator: EmulatorUnderTest, wanted: Record, found: list[str]) -> None:
    made = ("table", "column", "database", "schema", "dashboard", "chart")
    wanted = {"operator": "and", "operands": [{"operator": "in", "field": "type", "value": made}, wanted]}
    assert sorted(titles(catalogue(emulator, filter=wanted))) == found


@pytest.mark.parametrize(
    ("parameter", "text", "message"),
    [
        ("filter", "type=table", "Not a JSON object."),
        ("filter", "[]", "Not a JSON object."),
        ("filter", "[" * 5000, "Not a JSON object."),
        (
            "filter",
            '{"operator": "like", "field": "title"}',
            "Unknown operator 'like'. Known operators: exact, contains, in, is_set, and, or, not.",
        ),
        ("filter", '{"operator": "and", "operands": [7]}', "Not a JSON object."),
        ("filter", '{"operator":"not","operands":[' * 25 + "{}" + "]}" * 25, "Its operands are nested too deep."),
        ("sort", '"title"', "Not a JSON object."),
    ],
)
def test_filters_that_cannot_be(emulator: EmulatorUnderTest, parameter: str, text: str, message: str) -> None:
    response = emulator.call("secoda", "GET", "/resource/catalog", params={parameter: text})
    assert (response.status_code, response.json()) == (400, {parameter: [message]})


def test_unknown_fields_of_a_filter_are_named(emulator: EmulatorUnderTest) -> None:
    for parameter, one in (
        ("filter", {"operator": "exact", "field": "titel", "value": "x"}),
        ("sort", {"field": "titel"}),
    ):
        response = emulator.call("secoda", "GET", "/resource/catalog", params={parameter: json.dumps(one)})
        assert response.json()[parameter][0].startswith("Unknown field 'titel'. Did you mean 'title'")


def test_the_catalogue_is_sorted(emulator: EmulatorUnderTest) -> None:
    assert titles(catalogue(emulator))[0] == "Sample Table"
    *by_title, last = catalogue(emulator, sort={"field": "title", "order": "asc"})
    assert titles(by_title) == sorted(titles(by_title), key=str.lower)
    assert last["title"] is None
    tied = {"field": "title", "order": "desc", "tie_breaker": {"field": "created_at", "order": "asc"}}
    orders = [one["created_at"] for one in catalogue(emulator, sort=tied) if one["title"] == "orders"]
    assert orders == sorted(orders)
    assert titles(catalogue(emulator, sort={"field": "sort_order", "order": "asc"}))[:2] == ["id", "amount"]


def test_the_catalogue_of_a_team_and_a_search(emulator: EmulatorUnderTest) -> None:
    call(emulator, "PATCH", f"/table/tables/{TABLE}", json={"teams": [FINANCE]})
    assert titles(catalogue(emulator, teams=FINANCE)) == ["Sample Table"]
    call(emulator, "DELETE", f"/auth/teams/{FINANCE}")
    assert call(emulator, "GET", f"/table/tables/{TABLE}")["teams"] == [GENERAL]
    assert titles(catalogue(emulator, search_term="WEEKLY")) == ["Weekly sales"]
    assert {one["entity_type"] for one in catalogue(emulator, entity_type="chart")} == {"chart"}


def test_what_is_below_a_deleted_resource_goes_too(emulator: EmulatorUnderTest) -> None:
    assert call(emulator, "GET", f"/table/tables/{ORDERS}")["children_count"] == 2
    call(emulator, "DELETE", f"/table/tables/{ORDERS}")
    assert uploaded(emulator, "columns") == []


def test_several_are_changed_or_none(emulator: EmulatorUnderTest) -> None:
    changes = [{"id": ID.upper(), "data": {"pii": True}}, {"id": AMOUNT, "data": {"verified": True, "created_at": "x"}}]
    changed = call(emulator, "POST", "/resource/all/bulk_update/", json=changes)
    assert [(one["title"], one["pii"], one["verified"]) for one in changed] == [
        ("id", True, False),
        ("amount", False, True),
    ]
    assert call(emulator, "GET", f"/table/columns/{AMOUNT}") == changed[1]
    more = [{"id": AMOUNT, "data": {"verified": False}}, {"id": UNKNOWN, "data": {}}]
    assert emulator.call("secoda", "POST", "/resource/all/bulk_update", json=more).status_code == 404
    assert call(emulator, "GET", f"/table/columns/{AMOUNT}") == changed[1]


def test_a_bulk_update_is_a_list(emulator: EmulatorUnderTest) -> None:
    message = {"non_field_errors": ['Expected a list of items but got type "dict".']}
    assert refused(emulator, "POST", "/resource/all/bulk_update", {}) == message
    assert emulator.call("secoda", "POST", "/resource/all/bulk_update").json() == message


def test_a_bulk_update_changes_what_the_contract_names() -> None:
    schema = json.loads((CONTRACTS / "secoda" / "schemas" / "resource-written.schema.json").read_bytes())
    assert set(WRITABLE) == set(schema["properties"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"parent": UNKNOWN}, {"parent": [f'Invalid pk "{UNKNOWN}" - object does not exist.']}),
        ({"integration": UNKNOWN}, {"integration": [f'Invalid pk "{UNKNOWN}" - object does not exist.']}),
        ({"owners": [SAMPLE, UNKNOWN]}, {"owners": [f'Invalid pk "{UNKNOWN}" - object does not exist.']}),
        ({"integration": "snowflake"}, {"integration": ["Must be a valid UUID."]}),
        ({"pii": "perhaps"}, {"pii": ["Must be a valid boolean."]}),
        ({"pii": None}, {"pii": ["This field may not be null."]}),
        ({"title": ["x"]}, {"title": ["Not a valid string."]}),
        ({"title": "a\0b"}, {"title": ["Null characters are not allowed."]}),
        ({"owners": ADA}, {"owners": ['Expected a list of items but got type "str".']}),
    ],
)
def test_resources_that_cannot_be(emulator: EmulatorUnderTest, body: Record, message: Record) -> None:
    before = emulator.records("secoda.catalog")
    assert refused(emulator, "POST", "/table/tables", body) == message
    assert refused(emulator, "PATCH", f"/resource/all/{TABLE}", body) == message
    assert refused(emulator, "POST", "/resource/all/bulk_update", [{"id": TABLE, "data": body}])
    assert emulator.records("secoda.catalog") == before


def test_numbers_are_texts(emulator: EmulatorUnderTest) -> None:
    assert call(emulator, "PATCH", f"/table/tables/{TABLE}", json={"title": 2024})["title"] == "2024"


def test_a_deleted_member_owns_nothing(emulator: EmulatorUnderTest) -> None:
    call(emulator, "DELETE", f"/user/{ADA}")
    call(emulator, "DELETE", f"/auth/group/{ANALYSTS}")
    table = call(emulator, "GET", f"/table/tables/{TABLE}")
    assert (ADA in table["owners"], table["owners_groups"]) == (False, [])


def test_an_upload_becomes_tables_and_columns(emulator: EmulatorUnderTest) -> None:
    upload(
        emulator,
        "wh,sales,refunds,Refunds,id,int,false\nwh,sales,refunds,Refunds,why,text,false\nwh,web,hits,,at,,true\n",
    )
    tables, columns = uploaded(emulator, "tables"), uploaded(emulator, "columns")
    assert sorted((one["title_full"], one["native_type"]) for one in tables) == [
        ("wh.sales.refunds", None),
        ("wh.web.hits", "view"),
    ]
    refunds = resource_id(INTEGRATION, "wh.sales.refunds")
    assert call(emulator, "GET", f"/table/tables/{refunds}")["description"] == "Refunds"
    assert sorted(one["title"] for one in columns if one["parent"] == refunds) == ["id", "why"]
    assert emulator.call("secoda", "GET", f"/table/tables/{ORDERS}").status_code == 404


def test_a_resource_keeps_its_id_and_what_was_said_of_it(emulator: EmulatorUnderTest) -> None:
    upload(emulator, "wh,sales,refunds,,id,int,false\n")
    (table,) = uploaded(emulator, "tables")
    call(emulator, "PATCH", f"/table/tables/{table['id']}", json={"description": "Said here.", "owners": [ADA]})
    upload(emulator, "wh,sales,refunds,,id,int,false\nwh,sales,refunds,,total,int,false\n")
    (after,) = uploaded(emulator, "tables")
    assert (after["id"], after["description"], after["owners"]) == (table["id"], "Said here.", [ADA])
    assert (after["created_at"], after["children_count"]) == (table["created_at"], 2)
    upload(emulator, "wh,sales,refunds,From the file,id,int,false\n")
    (last,) = uploaded(emulator, "tables")
    assert (last["description"], last["children_count"]) == ("From the file", 1)


def test_what_callers_made_stays_beside_an_upload(emulator: EmulatorUnderTest) -> None:
    made = call(emulator, "POST", "/table/tables", json={"title": "By hand", "integration": INTEGRATION})
    upload(emulator, "wh,sales,refunds,,id,int,false\n")
    assert titles(uploaded(emulator, "tables")).count("By hand") == 1
    call(emulator, "DELETE", f"/integration/integrations/{INTEGRATION}")
    assert emulator.call("secoda", "GET", f"/table/tables/{made['id']}").status_code == 404
    assert uploaded(emulator, "columns") == []


def test_what_callers_made_below_a_resource_goes_with_it(emulator: EmulatorUnderTest) -> None:
    upload(emulator, "wh,sales,refunds,,id,int,false\nwh,web,hits,,at,,false\n")
    refunds, hits = (resource_id(INTEGRATION, f"wh.{name}") for name in ("sales.refunds", "web.hits"))
    made = call(emulator, "POST", "/resource/catalog", json={"title": "By hand", "parent": refunds})["id"]
    below = call(emulator, "POST", "/resource/catalog", json={"title": "Below", "parent": made})["id"]
    call(emulator, "PATCH", f"/table/tables/{hits}", json={"parent": made, "description": "Kept"})
    upload(emulator, "wh,web,hits,,at,,false\n")
    hit = call(emulator, "GET", f"/table/tables/{hits}")
    assert (hit["description"], hit["parent"]) == ("Kept", None)
    for id in (refunds, made, below):
        assert emulator.call("secoda", "GET", f"/resource/all/{id}").status_code == 404
    known = {one["id"] for one in emulator.records("secoda.catalog")}
    assert [one for one in emulator.records("secoda.catalog") if one.get("parent") not in {None, *known}] == []


def test_column_without_its_table_keeps_no_parent(emulator: EmulatorUnderTest) -> None:
    column = {"entity_type": "column", "databuilder_id": "wh.a.b.c", "parent_databuilder_id": "wh.a.b", "title": "c"}
    table = {"entity_type": "table", "databuilder_id": "wh.a.b", "title": "b", "schema": "a", "database": "wh"}
    for lines in ([table, column], [column]):
        content = "\n".join(map(json.dumps, lines)).encode()
        path = f"/integration/integrations/{INTEGRATION}/import_jsonl_metadata"
        assert emulator.call("secoda", "POST", path, files={"resources_file": ("resources.jsonl", content)}).is_success
        found = call(emulator, "GET", f"/table/columns/{resource_id(INTEGRATION, 'wh.a.b.c')}")
        assert found["parent"] == (resource_id(INTEGRATION, "wh.a.b") if table in lines else None)


def test_of_a_large_upload_the_beginning_is_shown(emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.vendors.secoda.uploaded.MOST_SHOWN", 3)
    upload(emulator, "".join(f"wh,sales,refunds,,column_{number},int,false\n" for number in range(600)))
    assert len(uploaded(emulator, "tables")) == 1
    assert sorted(titles(uploaded(emulator, "columns"))) == ["column_0", "column_1"]
    assert len(emulator.records("secoda.resources")) == 601


def test_a_sync_that_never_ends_shows_nothing(emulator: EmulatorUnderTest) -> None:
    emulator.scenario("secoda/sync-stuck")
    upload(emulator, "wh,sales,refunds,,id,int,false\n")
    assert titles(uploaded(emulator, "tables")) == ["orders"]


def test_sandboxes_have_their_own_catalogue(emulator: EmulatorUnderTest) -> None:
    call(emulator, "DELETE", f"/table/tables/{TABLE}")
    httpx.post(f"{emulator.root}/_emulator/sandboxes", json={"name": "other"})
    try:
        elsewhere = {"X-Emulator-Sandbox": "other"}
        assert call(emulator, "GET", f"/table/tables/{TABLE}", headers=elsewhere)["title"] == "Sample Table"
    finally:
        httpx.delete(f"{emulator.root}/_emulator/sandboxes/other")
