"""Immuta's dictionaries: what is stored, what changes, and the switches."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import EmulatorUnderTest

COLUMN = {"name": "a", "dataType": "text", "remoteType": "varchar(255)"}
WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def metadata(*columns: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": list(columns)}


def test_read_only_user_reads_dictionaries(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("immuta", "GET", "/dictionary/1", rights="read").status_code == 200
    assert emulator.call("immuta", "GET", "/dictionary/types", rights="read").status_code == 200


def test_an_unsubscribed_user_can_read_but_not_write(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("immuta", "GET", "/dataSource/3", rights="read").json()["subscriptionStatus"] == (
        "not_subscribed"
    )
    emulator.call("immuta", "POST", "/dictionary/3", json=metadata(COLUMN))
    assert emulator.call("immuta", "GET", "/dictionary/3", rights="read").status_code == 200
    assert emulator.call("immuta", "DELETE", "/dictionary/3", rights="read").status_code == 403


@pytest.mark.parametrize("data_source", [1, 2])
@pytest.mark.parametrize("token", ["immuta-token", "dea464c07bd07300095caa8"])
def test_owner_and_expert_may_change(emulator: EmulatorUnderTest, token: str, data_source: int) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    status = emulator.call("immuta", "GET", f"/dataSource/{data_source}", headers=headers).json()["subscriptionStatus"]
    assert status in ("owner", "expert")
    path = f"/dictionary/{data_source}"
    assert emulator.call("immuta", "PUT", path, json=metadata(COLUMN), headers=headers).status_code == 200


def test_types_are_those_of_the_data_not_the_remote_ones_in_order_of_first_appearance(
    emulator: EmulatorUnderTest,
) -> None:
    columns = [{**COLUMN, "dataType": name} for name in ("text", "date", "text", "int", "date")]
    reply = emulator.call("immuta", "PUT", "/dictionary/1", json=metadata(*columns))
    assert reply.json()["types"] == ["text", "date", "int"]


def test_update_keeps_id_and_creation_time_and_moves_the_update_time(emulator: EmulatorUnderTest) -> None:
    before = emulator.call("immuta", "GET", "/dictionary/2").json()
    after = emulator.call("immuta", "PUT", "/dictionary/2", json=metadata(COLUMN)).json()
    assert (after["id"], after["createdAt"]) == (before["id"], before["createdAt"])
    assert after["updatedAt"] > before["updatedAt"]
    assert WRITTEN.fullmatch(after["updatedAt"])


def test_an_update_is_stored(emulator: EmulatorUnderTest) -> None:
    updated = emulator.call("immuta", "PUT", "/dictionary/1", json=metadata(COLUMN)).json()
    assert emulator.call("immuta", "GET", "/dictionary/1").json() == updated


def test_empty_metadata_has_no_types(emulator: EmulatorUnderTest) -> None:
    reply = emulator.call("immuta", "PUT", "/dictionary/1", json=metadata()).json()
    assert (reply["metadata"], reply["types"]) == ([], [])


def test_read_only_keys_in_the_body_are_ignored(emulator: EmulatorUnderTest) -> None:
    before = emulator.call("immuta", "GET", "/dictionary/1").json()
    lies = {"id": 77, "dataSource": 2, "createdAt": "never", "updatedAt": 0, "types": None}
    after = emulator.call("immuta", "PUT", "/dictionary/1", json={**before, **lies}).json()
    assert {**after, "updatedAt": before["updatedAt"]} == before
    assert emulator.exchanges()[-1].violations == ()


def test_a_dictionary_is_accepted_without_content_type(emulator: EmulatorUnderTest) -> None:
    before = emulator.call("immuta", "GET", "/dictionary/2")
    after = emulator.call("immuta", "PUT", "/dictionary/2", content=before.content)
    assert "content-type" not in after.request.headers
    assert after.json()["metadata"] == before.json()["metadata"]
    assert emulator.exchanges()[-1].violations == ()


def test_every_column_of_dictionary_2_has_what_clients_expect(emulator: EmulatorUnderTest) -> None:
    columns = emulator.call("immuta", "GET", "/dictionary/2").json()["metadata"]
    assert all(isinstance(column["nullable"], bool) for column in columns)


def test_unknown_keys_of_a_column_are_returned_as_sent(emulator: EmulatorUnderTest) -> None:
    column = {**COLUMN, "nullable": True, "description": None, "Nested": {"x": [1, 2.5, "é"]}, "deleted": "False"}
    created = emulator.call("immuta", "POST", "/dictionary/3", json=metadata(column)).json()
    assert created["metadata"] == [column]
    assert emulator.exchanges()[-1].violations == ()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("9007199254740993", "9007199254740992"),
        ("1.0", "1"),
        ("-0", "0"),
        ("1e400", "null"),
        ("1E5", "100000"),
        ("1.10", "1.1"),
        ("123456789012345678901234567890", "1.2345678901234568e+29"),
        ("100000000000000000000", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("1e-7", "1e-7"),
        ("5e-324", "5e-324"),
        (r'"\ud800"', r'"\ud800"'),
        (r'"\udc00\ud800"', r'"\udc00\ud800"'),
        (r'"\ud83d\ude00"', '"😀"'),
        ('"\\u0000"', '"\\u0000"'),
        ('{"a":1,"a":2}', '{"a":2}'),
        ('{"constructor":{"prototype":{}}}', '{"constructor":{"prototype":{}}}'),
        ('"__proto__"', '"__proto__"'),
    ],
)
def test_json_of_a_column_is_returned_as_node_writes_it(emulator: EmulatorUnderTest, sent: str, kept: str) -> None:
    column = '{"name":"a","dataType":"text","remoteType":"text","nullable":true,"x":%s}'
    body = f'{{"metadata":[{column % sent}]}}'.encode()
    for reply in (
        emulator.call("immuta", "PUT", "/dictionary/1", content=body),
        emulator.call("immuta", "GET", "/dictionary/1"),
    ):
        assert f'"metadata":[{column % kept}]' in reply.content.decode()


def test_invalid_utf_8_is_replaced(emulator: EmulatorUnderTest) -> None:
    body = b'{"metadata":[{"name":"a\xff","dataType":"text","remoteType":"text"}]}'
    assert emulator.call("immuta", "PUT", "/dictionary/1", content=body).json()["metadata"][0]["name"] == "a\ufffd"


@pytest.mark.parametrize(
    "text",
    [
        '{"metadata":[],"__proto__":1}',
        '{"metadata":[{"name":"a","dataType":"a","remoteType":"a","x":{"__proto__":{}}}]}',
        r'{"metadata":[],"\u005f_prot\u006f__":1}',
        '\ufeff{"metadata":[]}',
        '{"metadata":[NaN]}',
        '{"metadata":[],}',
        " ",
    ],
)
def test_json_that_hapi_does_not_parse_is_malformed(emulator: EmulatorUnderTest, text: str) -> None:
    reply = emulator.call("immuta", "PUT", "/dictionary/1", content=text.encode())
    assert reply.status_code == 400
    assert reply.json()["message"] == "Bad request: Invalid request payload JSON format"


def test_unknown_key_beside_metadata_is_tolerated_and_recorded(emulator: EmulatorUnderTest) -> None:
    reply = emulator.call("immuta", "PUT", "/dictionary/1", json={**metadata(COLUMN), "extra": 1})
    assert reply.status_code == 200
    assert "extra" not in reply.json()
    assert [found.pointer for found in emulator.exchanges()[-1].violations] == ["/extra"]


def test_column_without_tags_gets_none(emulator: EmulatorUnderTest) -> None:
    assert "tags" not in emulator.call("immuta", "PUT", "/dictionary/1", json=metadata(COLUMN)).json()["metadata"][0]


def test_tag_without_source_is_dropped_without_a_word(emulator: EmulatorUnderTest) -> None:
    kept = {"name": "phi.ssn", "source": "curated", "deleted": "False"}
    reply = emulator.call("immuta", "PUT", "/dictionary/1", json=metadata({**COLUMN, "tags": [{"name": "x"}, kept]}))
    assert reply.json()["metadata"][0]["tags"] == [kept]


def test_deleted_dictionary_is_gone_and_its_types_with_it(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("immuta", "DELETE", "/dictionary/2").json() == {}
    assert emulator.call("immuta", "GET", "/dictionary/2").status_code == 404
    assert emulator.call("immuta", "DELETE", "/dictionary/2").status_code == 404
    assert "money" not in emulator.call("immuta", "GET", "/dictionary/types").json()


def test_id_of_a_deleted_dictionary_is_not_given_again(emulator: EmulatorUnderTest) -> None:
    emulator.scenario("immuta/no-dictionary")
    first = emulator.call("immuta", "POST", "/dictionary/3", json=metadata(COLUMN)).json()["id"]
    emulator.call("immuta", "DELETE", "/dictionary/3")
    assert emulator.call("immuta", "POST", "/dictionary/3", json=metadata(COLUMN)).json()["id"] > first


def test_types_of_a_new_dictionary_are_listed_first(emulator: EmulatorUnderTest) -> None:
    emulator.call("immuta", "POST", "/dictionary/3", json=metadata({**COLUMN, "dataType": "variant"}))
    types = emulator.call("immuta", "GET", "/dictionary/types").json()
    assert (types[0], len(types)) == ("variant", 17)


@pytest.mark.parametrize(
    ("rule", "query", "expected"),
    [
        ("contains_ignoring_case", "VARCHAR", ["varchar(400)", "varchar"]),
        ("contains_ignoring_case", "", None),
        ("contains_ignoring_case", "no such type", []),
        ("contains", "VARCHAR", []),
        ("contains", "time", ["timestamp with time zone", "timestamptz", "timestamp"]),
        ("starts_with", "in", ["int", "integer"]),
    ],
)
def test_query_keeps_the_types_that_match(
    emulator: EmulatorUnderTest, rule: str, query: str, expected: list[str] | None
) -> None:
    emulator.switch("immuta.types_query_match", rule)
    found = emulator.call("immuta", "GET", "/dictionary/types", params={"query": query}).json()
    assert found == (emulator.call("immuta", "GET", "/dictionary/types").json() if expected is None else expected)


def test_post_onto_a_dictionary_is_refused_where_the_switch_says_so(emulator: EmulatorUnderTest) -> None:
    emulator.scenario("immuta/no-dictionary")
    emulator.switch("immuta.existing_dictionary_post", "refuse")
    before = emulator.call("immuta", "GET", "/dictionary/1").json()
    reply = emulator.call("immuta", "POST", "/dictionary/1", json=metadata(COLUMN))
    assert reply.json() == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "Bad request: Data source already has a dictionary",
    }
    assert emulator.call("immuta", "GET", "/dictionary/1").json() == before
    assert emulator.call("immuta", "POST", "/dictionary/3", json=metadata(COLUMN)).status_code == 200


def test_put_without_a_dictionary_is_not_found_unless_the_switch_lets_it_create(emulator: EmulatorUnderTest) -> None:
    emulator.scenario("immuta/no-dictionary")
    assert emulator.call("immuta", "PUT", "/dictionary/3", json=metadata(COLUMN)).status_code == 404
    emulator.switch("immuta.missing_dictionary_put", "create")
    assert emulator.call("immuta", "PUT", "/dictionary/3", json=metadata(COLUMN)).json()["id"] == 3


def test_nullable_is_added_to_columns_that_lack_it(emulator: EmulatorUnderTest) -> None:
    columns: list[dict[str, Any]] = [COLUMN, {**COLUMN, "nullable": False}]
    created = emulator.call("immuta", "POST", "/dictionary/3", json=metadata(*columns)).json()
    assert created["metadata"] == [{**COLUMN, "nullable": True}, {**COLUMN, "nullable": False}]
    assert emulator.call("immuta", "GET", "/dictionary/3").json() == created


def test_nullable_is_as_it_was_stored_where_the_switch_says_so(emulator: EmulatorUnderTest) -> None:
    emulator.switch("immuta.column_nullable", "as_stored")
    columns: list[dict[str, Any]] = [COLUMN, {**COLUMN, "nullable": False}]
    created = emulator.call("immuta", "POST", "/dictionary/3", json=metadata(*columns)).json()
    assert created["metadata"] == columns
    assert emulator.call("immuta", "GET", "/dictionary/3").json() == created


def test_the_switch_controls_the_bad_request_prefix(emulator: EmulatorUnderTest) -> None:
    emulator.switch("immuta.bad_request_prefix", False)
    reply = emulator.call("immuta", "POST", "/dictionary/1", json={})
    assert reply.json()["message"] == '"metadata" is required'
