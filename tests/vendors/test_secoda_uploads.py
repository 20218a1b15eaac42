"""What becomes of uploaded CSV and JSONL files."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.conftest import EmulatorUnderTest

CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"
CSV = f"/integration/integrations/{CUSTOM}/import_metadata"
JSONL = f"/integration/integrations/{CUSTOM}/import_jsonl_metadata"
HEADER = "col_name,col_description,col_type,sort_order,database,schema,name,description,is_view,last_updated_time"
DOCUMENTED = f"""{HEADER}
Id,The key,integer,1,snowflake,sales,orders,One row an order,false,1700000000
Amount,"In cents, net",integer,0,snowflake,sales,orders,One row an order,false,1700000000
email,,,,snowflake,crm,people,,true,None
"""


def upload_csv(emulator: EmulatorUnderTest, text: str | bytes, **options: Any) -> httpx.Response:
    content = text.encode() if isinstance(text, str) else text
    return emulator.call("secoda", "POST", CSV, files={"file": ("metadata.csv", content)}, **options)


def upload_jsonl(emulator: EmulatorUnderTest, resources: list[Any], lineage: list[Any] | None = None) -> httpx.Response:
    files = {"resources_file": ("resources.jsonl", lines(resources))}
    if lineage is not None:
        files["lineages_file"] = ("lineage.jsonl", lines(lineage))
    return emulator.call("secoda", "POST", JSONL, files=files)


def lines(documents: list[Any]) -> bytes:
    """Return one line each; bytes are not encoded."""
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in documents)


def resources(emulator: EmulatorUnderTest) -> list[dict[str, Any]]:
    """Return what the custom integration has, without internal fields."""
    return [
        {name: value for name, value in record.items() if name != "key"}
        for record in emulator.records("secoda.resources")
    ]


def last_sync(emulator: EmulatorUnderTest) -> dict[str, Any]:
    return emulator.records("secoda.syncs")[-1]


def found(entries: list[dict[str, Any]]) -> list[tuple[Any, Any, str]]:
    return [(entry["line"], entry["column"], entry["message"]) for entry in entries]


def test_a_csv_becomes_tables_and_columns(emulator: EmulatorUnderTest) -> None:
    reply = upload_csv(emulator, DOCUMENTED)
    assert (reply.status_code, reply.content) == (200, b"")
    orders = {"database": "snowflake", "schema": "sales"}
    assert resources(emulator) == [
        {
            "entity_type": "table",
            "databuilder_id": "snowflake.sales.orders",
            "title": "orders",
            "description": "One row an order",
            **orders,
            "is_view": False,
            "external_updated_at": "2023-11-14T22:13:20Z",
            "line": 2,
        },
        {
            "entity_type": "column",
            "databuilder_id": "snowflake.sales.orders.id",
            "parent_databuilder_id": "snowflake.sales.orders",
            "title": "id",
            "description": "The key",
            "native_type": "integer",
            "sort_order": 1,
            "line": 2,
        },
        {
            "entity_type": "column",
            "databuilder_id": "snowflake.sales.orders.amount",
            "parent_databuilder_id": "snowflake.sales.orders",
            "title": "amount",
            "description": "In cents, net",
            "native_type": "integer",
            "sort_order": 0,
            "line": 3,
        },
        {
            "entity_type": "table",
            "databuilder_id": "snowflake.crm.people",
            "title": "people",
            "database": "snowflake",
            "schema": "crm",
            "is_view": True,
            "line": 4,
        },
        {
            "entity_type": "column",
            "databuilder_id": "snowflake.crm.people.email",
            "parent_databuilder_id": "snowflake.crm.people",
            "title": "email",
            "line": 4,
        },
    ]


def test_an_upload_is_one_sync_that_is_in_force(emulator: EmulatorUnderTest) -> None:
    upload_csv(emulator, DOCUMENTED)
    sync = last_sync(emulator)
    assert (sync["kind"], sync["status"], sync["current"]) == ("csv", "succeeded", True)
    assert (sync["resources"], sync["lineage"], sync["errors"], sync["warnings"]) == (5, 0, [], [])
    assert sync["files"] == {"file": "metadata.csv"}
    assert sync["rows"] == "in force"
    keys = [record["key"] for record in emulator.records("secoda.resources")]
    assert keys == [f"{sync['tag']}:{resource['databuilder_id']}" for resource in resources(emulator)]


def test_an_upload_replaces_what_it_does_not_repeat(emulator: EmulatorUnderTest) -> None:
    upload_csv(emulator, DOCUMENTED)
    upload_csv(emulator, f"{HEADER}\nid,,,,snowflake,sales,orders,,,\n")
    assert [resource["databuilder_id"] for resource in resources(emulator)] == [
        "snowflake.sales.orders",
        "snowflake.sales.orders.id",
    ]
    assert emulator.records("secoda.lineage") == []
    in_force = [sync for sync in emulator.records("secoda.syncs") if sync["current"]]
    assert len(in_force) == 1


def test_uploads_to_one_integration_leave_others_alone(emulator: EmulatorUnderTest) -> None:
    other = emulator.call("secoda", "POST", "/integration/integrations", json={}).json()["id"]
    upload_csv(emulator, DOCUMENTED)
    path = f"/integration/integrations/{other}/import_metadata"
    emulator.call("secoda", "POST", path, files={"file": DOCUMENTED.encode()})
    emulator.call("secoda", "POST", path, files={"file": HEADER.encode()})
    assert len(resources(emulator)) == 5


@pytest.mark.parametrize("column", ["sort_order", "col_sort_order"])
def test_both_names_of_the_sort_order_are_read(emulator: EmulatorUnderTest, column: str) -> None:
    upload_csv(emulator, f"col_name,{column},database,schema,name\nid,7,d,s,t\n")
    assert resources(emulator)[1]["sort_order"] == 7
    assert last_sync(emulator)["warnings"] == []


def test_a_csv_of_excel_is_read(emulator: EmulatorUnderTest) -> None:
    """It has a byte order mark, CR LF at the end of lines, and line breaks in cells."""
    text = '\ufeffcol_name,database,schema,name,col_description\r\nid,d,s,t,"two\r\nlines"\r\n\r\nno,d,s,t,\r\n'
    upload_csv(emulator, text)
    assert [(found["title"], found.get("description"), found["line"]) for found in resources(emulator)] == [
        ("t", None, 2),
        ("id", "two\r\nlines", 2),
        ("no", None, 5),
    ]


BAD_ROWS = [
    ("Id,,,,,s,t,,,", "database", "This field may not be blank."),
    ("Id,,,,d.b,s,t,,,", "database", "No period is allowed here."),
    ("a.b,,,,d,s,t,,,", "col_name", "No period is allowed here."),
    ("Id,,,first,d,s,t,,,", "sort_order", "A valid integer is required."),
    ("Id,,,,d,s,t,,maybe,", "is_view", "Must be true or false."),
    ("Id,,,,d,s,t,,,yesterday", "last_updated_time", "A valid integer is required."),
    ("Id,,,,d", "schema", "This field is required."),
    ("Id,,,,d,s,t,,,,more", None, "The row has 11 fields, the header 10."),
    (f"Id,{'x' * 140_000},,,d,s,t,,,", None, "Field larger than field limit (131072)."),
]


@pytest.mark.parametrize(("row", "column", "message"), BAD_ROWS, ids=lambda value: str(value)[:20])
def test_a_bad_row_is_left_out_and_recorded_with_its_place(
    emulator: EmulatorUnderTest, row: str, column: str | None, message: str
) -> None:
    assert upload_csv(emulator, f"{HEADER}\ngood,,,,d,s,t,,,\n{row}\nfine,,,,d,s,t,,,\n").status_code == 200
    sync = last_sync(emulator)
    assert (sync["status"], sync["current"]) == ("succeeded", True)
    assert (3, column, message) in found(sync["errors"])
    assert sync["errors"][0]["file"] == "metadata.csv"
    assert [resource["title"] for resource in resources(emulator)] == ["t", "good", "fine"]


@pytest.mark.parametrize(("row", "column", "message"), BAD_ROWS, ids=lambda value: str(value)[:20])
def test_a_bad_row_refuses_the_upload_if_the_switch_says_so(
    emulator: EmulatorUnderTest, row: str, column: str | None, message: str
) -> None:
    before = emulator.records("secoda.resources"), emulator.records("secoda.syncs")
    emulator.switch("secoda.bad_rows", "refused")
    reply = upload_csv(emulator, f"{HEADER}\ngood,,,,d,s,t,,,\n{row}\n")
    assert reply.status_code == 400
    place = f'metadata.csv, line 3, column "{column}"' if column else "metadata.csv, line 3"
    assert f"{place}: {message}" in reply.json()["file"]
    assert (emulator.records("secoda.resources"), emulator.records("secoda.syncs")) == before


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "col_name,schema,name\nid,s,t\n", "\n", f"{HEADER}\n,,,,,,,,,\n"])
def test_an_upload_of_which_nothing_is_usable_fails_and_changes_nothing(emulator: EmulatorUnderTest, text: str) -> None:
    before = emulator.records("secoda.resources")
    assert upload_csv(emulator, text).status_code == 200
    assert (last_sync(emulator)["status"], last_sync(emulator)["current"]) == ("failed", False)
    assert emulator.records("secoda.resources") == before
    assert "database" in [column for _, column, _ in found(last_sync(emulator)["errors"])]


def test_a_file_with_nothing_but_a_header_empties_the_integration(emulator: EmulatorUnderTest) -> None:
    upload_csv(emulator, HEADER)
    assert (last_sync(emulator)["status"], resources(emulator)) == ("succeeded", [])


def test_rows_that_disagree_about_their_table_are_warned_of_and_the_last_counts(emulator: EmulatorUnderTest) -> None:
    upload_csv(emulator, f"{HEADER}\na,,,,d,s,t,one,,\nb,,,,d,s,t,two,,\n")
    assert [resource.get("description") for resource in resources(emulator)] == ["two", None, None]
    assert found(last_sync(emulator)["warnings"]) == [
        (3, "databuilder_id", "d.s.t is there before, and differs; this one counts.")
    ]
    assert last_sync(emulator)["resources"] == 3


def test_a_repeated_column_gets_a_warning_and_the_last_one_counts(emulator: EmulatorUnderTest) -> None:
    upload_csv(emulator, f"{HEADER}\na,one,,,d,s,t,,,\nA,two,,,d,s,t,,,\n")
    assert [resource.get("description") for resource in resources(emulator)] == [None, "two"]
    assert found(last_sync(emulator)["warnings"]) == [
        (3, "databuilder_id", "d.s.t.a is there before, and differs; this one counts.")
    ]


def test_a_table_repeated_after_thousands_of_others_is_one_table(emulator: EmulatorUnderTest) -> None:
    rows = [f"c{turn},,,,d,s,t{table},same,,\n" for turn in range(2) for table in range(1100)]
    upload_csv(emulator, f"{HEADER}\n{''.join(rows)}")
    tables = [resource for resource in resources(emulator) if resource["entity_type"] == "table"]
    assert len(tables) == len({table["databuilder_id"] for table in tables}) == 1100
    assert last_sync(emulator)["warnings"] == []


def test_unknown_columns_and_other_encodings_are_warned_of(emulator: EmulatorUnderTest) -> None:
    upload_csv(emulator, b"col_name,database,schema,name,tags,col_description\nid,d,s,t,x,caf\xe9\n")
    assert found(last_sync(emulator)["warnings"]) == [(1, "tags", "Unknown column."), (2, 15, "Not UTF-8.")]
    assert resources(emulator)[1]["description"] == "caf\ufffd"


UNCLOSED = "The quote that is opened here is never closed: it holds the rest of the file."


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize(
    ("row", "line", "column"),
    [
        ('x,"never closed,,,d,s,t,,,', 3, "col_description"),
        ('"x,,,,d,s,t,,,', 3, "col_name"),
        ('x,"two\nlines","and a third,,d,s,t,,,', 4, "col_type"),
        ('x,,,,d,s,t,,,0,"more', 3, 11),
    ],
)
def test_a_quote_that_is_never_closed_is_warned_of(
    emulator: EmulatorUnderTest, row: str, line: int, column: str | int, end: str
) -> None:
    upload_csv(emulator, f"{HEADER}\ngood,,,,d,s,t,,,\n{row}\nlost,,,,d,s,t,,,{end}")
    sync = last_sync(emulator)
    assert found(sync["warnings"]) == [(line, column, UNCLOSED)]
    assert [resource["title"] for resource in resources(emulator)] == ["t", "good"]


def test_a_quote_that_is_never_closed_in_the_header_is_warned_of(emulator: EmulatorUnderTest) -> None:
    upload_csv(emulator, 'col_name,"database,schema,name\nid,d,s,t\n')
    assert found(last_sync(emulator)["warnings"])[0] == (1, 2, UNCLOSED)
    assert last_sync(emulator)["status"] == "failed"


def test_every_sync_keeps_to_its_schema(emulator: EmulatorUnderTest) -> None:
    upload_csv(emulator, f'{HEADER}\ngood,,,,d,s,t,,,\n,,,,d,s,t,,,\nx,"')
    upload_jsonl(emulator, [TABLE, {}])
    check = emulator.catalogue.contracts["secoda"].schema("sync.schema.json")
    assert [check.violations(sync, "body") for sync in emulator.records("secoda.syncs")] == [[]] * 4


def test_an_unclosed_quote_contains_everything_after_it(emulator: EmulatorUnderTest) -> None:
    upload_csv(emulator, 'database,schema,name,col_name,col_description\nd,s,t,a,"one\nb,c\n')
    assert resources(emulator)[1]["description"] == "one\nb,c\n"
    assert found(last_sync(emulator)["warnings"]) == [(2, "col_description", UNCLOSED)]


@pytest.mark.parametrize("text", ['id,"closed",,,d,s,t,,,', 'id,"with ""quotes""",,,d,s,t,,,', "id,5'' \",,,d,s,t,,,"])
def test_closed_quotes_and_no_quotes_give_no_warning(emulator: EmulatorUnderTest, text: str) -> None:
    upload_csv(emulator, f"{HEADER}\n{text}")
    assert (last_sync(emulator)["warnings"], len(resources(emulator))) == ([], 2)


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ("  ,,,,d,s,t,,,", "col_name", "This field may not be blank."),
        ("a\0,,,,d,s,t,,,", "col_name", "Null characters are not allowed."),
        ("a,\0,,,d,s,t,,,", "col_description", "Null characters are not allowed."),
    ],
)
def test_a_row_with_an_unstorable_cell_is_skipped(
    emulator: EmulatorUnderTest, row: str, column: str, message: str
) -> None:
    upload_csv(emulator, f"{HEADER}\ngood,,,,d,s,t,,,\n{row}\n")
    assert found(last_sync(emulator)["errors"]) == [(3, column, message)]


def test_white_space_around_the_names_of_a_row_is_left_out(emulator: EmulatorUnderTest) -> None:
    upload_csv(emulator, "col_name,database,schema,name,col_description\n Id , d , s , t ,  as it is  \n")
    assert [resource["databuilder_id"] for resource in resources(emulator)] == ["d.s.t", "d.s.t.id"]
    assert resources(emulator)[1]["description"] == "  as it is  "


def test_endless_errors_are_counted_and_the_first_hundred_kept(emulator: EmulatorUnderTest) -> None:
    upload_csv(emulator, f"{HEADER}\nid,,,,d,s,t,,,\n" + ",,,,d,s,t,,,\n" * 5000)
    assert (last_sync(emulator)["error_count"], len(last_sync(emulator)["errors"])) == (5000, 100)


def test_a_csv_upload_without_a_file_changes_nothing_if_the_switch_accepts_it(emulator: EmulatorUnderTest) -> None:
    emulator.switch("secoda.missing_csv_file", "accepted")
    before = emulator.records("secoda.syncs")
    assert emulator.call("secoda", "POST", CSV).status_code == 200
    assert emulator.records("secoda.syncs") == before


TABLE = {"entity_type": "table", "databuilder_id": "d.s.t", "title": "t", "schema": "s", "database": "d"}
INTERNAL = {"type": "internal_resource", "databuilder_id": "d.s.t"}
EXTERNAL = {"type": "external_table", "cluster": "c", "database": "d", "schema": "s", "table": "t"}


def test_jsonl_becomes_resources_and_lineage(emulator: EmulatorUnderTest) -> None:
    lineage = {"from_identifier": EXTERNAL, "to_identifier": INTERNAL}
    reply = upload_jsonl(emulator, [TABLE, {"entity_type": "chart", "databuilder_id": "c"}], [lineage])
    assert (reply.status_code, reply.content) == (200, b"")
    assert resources(emulator) == [
        {**TABLE, "line": 1},
        {"entity_type": "chart", "databuilder_id": "c", "line": 2},
    ]
    assert [{end: record[end] for end in lineage} for record in emulator.records("secoda.lineage")] == [lineage]
    assert (last_sync(emulator)["resources"], last_sync(emulator)["lineage"]) == (2, 1)


def test_a_line_written_by_the_vendors_sdk_is_accepted(emulator: EmulatorUnderTest) -> None:
    """It names every key, with nulls, keys that are not documented, and a blank last line."""
    line: dict[str, Any] = {
        **dict.fromkeys(("parent_databuilder_id", "title", "description", "definition", "external_updated_at")),
        **dict.fromkeys(("native_type", "owners", "sort_order", "type", "hidden", "schema", "database", "product")),
        "entity_type": "dashboard",
        "databuilder_id": "weekly",
        "group": "sales",
        "is_pk": False,
        "something_new": {"a": 1},
    }
    assert upload_jsonl(emulator, [line, b""]).status_code == 200
    assert resources(emulator) == [
        {"entity_type": "dashboard", "databuilder_id": "weekly", "group": "sales", "is_pk": False, "line": 1}
    ]
    assert (last_sync(emulator)["errors"], last_sync(emulator)["warnings"]) == ([], [])


def test_what_the_docs_require_and_their_sample_lacks_is_warned_of(emulator: EmulatorUnderTest) -> None:
    kinds = ["table", "column", "dashboard", "chart"]
    upload_jsonl(emulator, [{"entity_type": kind, "databuilder_id": kind} for kind in kinds])
    assert len(resources(emulator)) == 4
    warned = [(line, column) for line, column, _ in found(last_sync(emulator)["warnings"])]
    assert warned == [
        (1, "schema"),
        (1, "database"),
        (2, "parent_databuilder_id"),
        (3, "group"),
        (4, "product"),
        (4, "parent_databuilder_id"),
    ]


BAD_RESOURCES: list[tuple[Any, str | int | None, str]] = [
    (b"{", 2, "This is not JSON."),
    (b'{"entity_type" 1}', 16, "This is not JSON."),
    ([], None, "Invalid data. Expected a dictionary, but got list."),
    ({"entity_type": "table"}, "databuilder_id", "This field is required."),
    ({**TABLE, "entity_type": None}, "entity_type", "This field may not be null."),
    ({**TABLE, "databuilder_id": ""}, "databuilder_id", "This field may not be blank."),
    ({**TABLE, "databuilder_id": True}, "databuilder_id", "Not a valid string."),
    ({**TABLE, "title": []}, "title", "Not a valid string."),
    ({**TABLE, "sort_order": "1"}, "sort_order", "A valid integer is required."),
    ({**TABLE, "is_pk": "yes"}, "is_pk", "Must be a valid boolean."),
    ({**TABLE, "owners": "me"}, "owners", "Expected a list of strings."),
    (b'{"entity_type": "' + b"x" * 2**21 + b'"}', None, "The line is longer than 1048576 bytes."),
]


@pytest.mark.parametrize(("line", "column", "message"), BAD_RESOURCES, ids=lambda value: str(value)[:30])
def test_a_bad_line_is_left_out_and_recorded_with_its_place(
    emulator: EmulatorUnderTest, line: Any, column: str | int | None, message: str
) -> None:
    assert upload_jsonl(emulator, [TABLE, line, {**TABLE, "databuilder_id": "d.s.u"}]).status_code == 200
    assert found(last_sync(emulator)["errors"]) == [(2, column, message)]
    assert [resource["databuilder_id"] for resource in resources(emulator)] == ["d.s.t", "d.s.u"]


@pytest.mark.parametrize(("line", "column", "message"), BAD_RESOURCES, ids=lambda value: str(value)[:30])
def test_a_bad_line_refuses_the_upload_if_the_switch_says_so(
    emulator: EmulatorUnderTest, line: Any, column: str | int | None, message: str
) -> None:
    before = emulator.records("secoda.resources"), emulator.records("secoda.syncs")
    emulator.switch("secoda.bad_rows", "refused")
    reply = upload_jsonl(emulator, [TABLE, line])
    place = "" if column is None else f", column {json.dumps(column)}"
    assert (reply.status_code, reply.json()) == (
        400,
        {"resources_file": [f"resources.jsonl, line 2{place}: {message}"]},
    )
    assert (emulator.records("secoda.resources"), emulator.records("secoda.syncs")) == before


NO_NULL = "Null characters are not allowed."
NO_SURROGATE = "Surrogate characters are not allowed: U+D800."
BAD_TEXTS: list[tuple[Any, str | int | None, str]] = [
    ({**TABLE, "databuilder_id": " \t"}, "databuilder_id", "This field may not be blank."),
    ({**TABLE, "entity_type": "\u00a0"}, "entity_type", "This field may not be blank."),
    ({**TABLE, "databuilder_id": "a\0"}, "databuilder_id", NO_NULL),
    ({**TABLE, "description": "a\0b"}, "description", NO_NULL),
    ({**TABLE, "description": "a\ud800"}, "description", NO_SURROGATE),
    ({**TABLE, "owners": ["me", "\ud800"]}, "owners", NO_SURROGATE),
    (b'{"databuilder_id": "\xff"}', 21, "This is not JSON."),
    (
        b'{"sort_order": ' + b"9" * 4301 + b"}",
        None,
        "A whole number has more than 4300 digits, or this is nested too deep.",
    ),
    (b"[" * 500_000, None, "A whole number has more than 4300 digits, or this is nested too deep."),
]


@pytest.mark.parametrize(("line", "column", "message"), BAD_TEXTS, ids=lambda value: str(value)[:30])
def test_a_line_with_an_unstorable_text_is_skipped(
    emulator: EmulatorUnderTest, line: Any, column: str | int | None, message: str
) -> None:
    assert upload_jsonl(emulator, [TABLE, line]).status_code == 200
    assert found(last_sync(emulator)["errors"]) == [(2, column, message)]
    assert [resource["databuilder_id"] for resource in resources(emulator)] == ["d.s.t"]


def test_texts_of_lines_are_accepted_like_those_of_calls(emulator: EmulatorUnderTest) -> None:
    line = b'{"entity_type": " table ", "databuilder_id": 123456789012345678901234567890, "title": 1.50, "x": NaN}'
    end = {"type": "internal_resource", "databuilder_id": " d "}
    upload_jsonl(emulator, [line], [{"from_identifier": end, "to_identifier": {**EXTERNAL, "schema": 5}}])
    (resource,) = resources(emulator)
    assert (resource["entity_type"], resource["databuilder_id"]) == ("table", "123456789012345678901234567890")
    assert resource["title"] == "1.5"
    (lineage,) = emulator.records("secoda.lineage")
    assert lineage["from_identifier"] == {"type": "internal_resource", "databuilder_id": "d"}
    assert lineage["to_identifier"]["schema"] == "5"


BAD_LINEAGE = [
    ({"to_identifier": INTERNAL}, "from_identifier", "This field is required."),
    (
        {"from_identifier": "t", "to_identifier": INTERNAL},
        "from_identifier",
        'Expected a dictionary of items but got type "str".',
    ),
    ({"from_identifier": {}, "to_identifier": INTERNAL}, "from_identifier.type", "This field is required."),
    (
        {"from_identifier": INTERNAL, "to_identifier": {"type": "tables_from_query", "sql": "select 1"}},
        "to_identifier.type",
        '"tables_from_query" is not a valid choice.',
    ),
    (
        {"from_identifier": {"type": "external_column", "table": "t"}, "to_identifier": INTERNAL},
        "from_identifier.column",
        "This field is required.",
    ),
    (
        {"from_identifier": {**EXTERNAL, "schema": {}}, "to_identifier": INTERNAL},
        "from_identifier.schema",
        "Not a valid string.",
    ),
]


@pytest.mark.parametrize(("line", "column", "message"), BAD_LINEAGE)
def test_bad_lineage_is_left_out_and_recorded(
    emulator: EmulatorUnderTest, line: Any, column: str, message: str
) -> None:
    query = {"from_identifier": {"type": "tables_from_query", "sql": "select 1"}, "to_identifier": EXTERNAL}
    upload_jsonl(emulator, [TABLE], [line, query])
    assert found(last_sync(emulator)["errors"]) == [(1, column, message)]
    assert last_sync(emulator)["errors"][0]["file"] == "lineage.jsonl"
    assert [record["line"] for record in emulator.records("secoda.lineage")] == [2]


def test_the_reader_and_the_contract_agree_about_lines(emulator: EmulatorUnderTest) -> None:
    contract = emulator.catalogue.contracts["secoda"]
    documents = [TABLE, *(line for line, _, _ in BAD_RESOURCES if isinstance(line, dict | list))]
    check = contract.schema("resource-line.schema.json")
    assert [check.accepts(document) for document in documents] == [True] + [False] * (len(documents) - 1)
    check = contract.schema("lineage-line.schema.json")
    assert check.accepts({"from_identifier": EXTERNAL, "to_identifier": INTERNAL})
    assert not any(check.accepts(line) for line, _, _ in BAD_LINEAGE)
