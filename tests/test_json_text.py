"""JSON as each vendor's framework reads it; everything that is read can be written, stored and shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.catalogue import Catalogue
from emulator.errors import MalformedBody
from emulator.json_text import READINGS, read_stored, stored_text, write_json
from tests.conftest import EmulatorUnderTest
from tests.control import Control, controlled

LONG = b"1" * 5000
TOO_LONG = (
    "Exceeds the limit (4300 digits) for integer string conversion: value has 5000 digits; "
    "use sys.set_int_max_str_digits() to increase the limit"
)
BAD_UTF8 = "'utf-8' codec can't decode byte 0xe9 in position 7: invalid continuation byte"
MARK = b"\xef\xbb\xbf"

READ_BY_NODE: dict[bytes, bytes] = {
    b"9007199254740993": b"9007199254740992",
    b"999999999999999": b"999999999999999",
    b"12345678901234567890": b"12345678901234567000",
    b"123456789012345678901234567890": b"1.2345678901234568e+29",
    b"1.0": b"1",
    b"-0.0": b"0",
    b"1e5": b"100000",
    b"1E+2": b"100",
    b"1e20": b"100000000000000000000",
    b"1e21": b"1e+21",
    b"123456789.123456789123456789": b"123456789.12345679",
    b"0.1e-400": b"0",
    b"1e400": b"null",
    b"1e-5": b"0.00001",
    b"-1.5e-6": b"-0.0000015",
    b"1e-7": b"1e-7",
    b'[1e-7,1e20,1e-6,"\\ud800"]': b'[1e-7,100000000000000000000,0.000001,"\\ud800"]',
    b'{"10":1,"9":[],"b":{"1":{},"0":0},"01":2,"4294967295":3,"4294967294":4,"-1":5}': (
        b'{"9":[],"10":1,"4294967294":4,"b":{"0":0,"1":{}},"01":2,"4294967295":3,"-1":5}'
    ),
    b'{"line1":1.5,"line0":"1.0, e-6, \\"7\\":"}': b'{"line1":1.5,"line0":"1.0, e-6, \\"7\\":"}',
    b"-1e400": b"null",
    LONG: b"null",
    rb'"x\ud800y"': rb'"x\ud800y"',
    rb'"\u00e9\ud83d\ude00"': '"é😀"'.encode(),
    b'"caf\xe9"': '"caf\ufffd"'.encode(),
    b'"\xed\xa0\x80"': '"\ufffd\ufffd\ufffd"'.encode(),
    b'"version 1.0 of 1234567890123456789"': b'"version 1.0 of 1234567890123456789"',
}
"""By value: what Express 4 and hapi 21 answer when they send a body back."""

READ_BY_PYTHON: dict[bytes, bytes] = {
    b"9007199254740993": b"9007199254740993",
    b"123456789012345678901234567890": b"123456789012345678901234567890",
    b"-9223372036854775809": b"-9223372036854775809",
    b"1.0": b"1.0",
    b"1e5": b"100000.0",
    b"1e-5": b"1e-05",
    b"1e-7": b"1e-07",
    b"1e20": b"1e+20",
    b'{"10":1e-7,"9":"\\ud800"}': b'{"10":1e-07,"9":"\\ud800"}',
    rb'"x\ud800y"': rb'"x\ud800y"',
}


def read_and_written(framework: str, value: bytes) -> bytes:
    reading = READINGS[framework]
    return reading.write(reading.read(b'{"a":%s}' % value))


@pytest.mark.parametrize("framework", ["express", "hapi"])
@pytest.mark.parametrize("value", READ_BY_NODE, ids=lambda value: repr(value[:30]))
def test_node_reads_numbers_as_doubles_and_mends_text(framework: str, value: bytes) -> None:
    assert read_and_written(framework, value) == b'{"a":%s}' % READ_BY_NODE[value]


@pytest.mark.parametrize("value", READ_BY_PYTHON, ids=lambda value: repr(value[:30]))
def test_python_keeps_every_digit(value: bytes) -> None:
    assert read_and_written("django", value) == b'{"a":%s}' % READ_BY_PYTHON[value]


@pytest.mark.parametrize("framework", READINGS)
@pytest.mark.parametrize("body", [b'{"a":1,"a":2}', b' \n{"a":2}\t'])
def test_the_last_of_two_equal_keys_counts(framework: str, body: bytes) -> None:
    assert READINGS[framework].read(body) == {"a": 2}


@pytest.mark.parametrize(
    ("framework", "body", "words"),
    [
        *(
            (framework, b'{"a":%s}' % name.encode(), f"Out of range float values are not JSON compliant: '{name}'")
            for framework in READINGS
            for name in ("NaN", "Infinity", "-Infinity")
        ),
        ("django", b'{"a":%s}' % LONG, TOO_LONG),
        ("django", b'{"a":"b\xe9"}', BAD_UTF8),
        ("django", MARK + b"{}", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"),
        ("hapi", MARK + b"{}", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"),
        ("express", MARK + MARK + b"{}", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"),
        ("hapi", b'{"a":[{"__proto__":1}]}', "the key __proto__ is not allowed"),
        ("hapi", rb'{"\u005f_proto__":1}', "the key __proto__ is not allowed"),
        *((framework, b"[" * 100_000, "nested too deep") for framework in READINGS),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_a_framework_refuses_is_malformed(framework: str, body: bytes, words: str) -> None:
    with pytest.raises(MalformedBody) as refused:
        READINGS[framework].read(body)
    assert str(refused.value) == words


@pytest.mark.parametrize("charset", ["latin1", "utf8", "utf-7", "x"])
def test_express_takes_unicode_only(emulator: EmulatorUnderTest, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    response = emulator.call("celigo", "POST", "/integrations", content=b'{"name":"a"}', headers=headers)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf-16", "utf-16le"])
def test_express_reads_unicode_as_its_charset_says(emulator: EmulatorUnderTest, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    content = '{"name":"é"}'.encode(charset.strip('"'))
    response = emulator.call("celigo", "POST", "/integrations", content=content, headers=headers)
    assert (response.status_code, response.json()["name"]) == (201, "é")


@pytest.mark.parametrize("charset", ["latin-1", "ISO-8859-1", "utf-16", "cp1252", "utf8"])
def test_django_reads_as_the_charset_says(emulator: EmulatorUnderTest, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    content = '{"name":"é"}'.encode(charset)
    response = emulator.call("secoda", "POST", "/integration/integrations", content=content, headers=headers)
    assert (response.status_code, response.json()["name"]) == (201, "é")


@pytest.mark.parametrize("charset", ["bogus", "unicode_escape", "zip", "punycode"])
def test_django_reads_utf_8_without_a_charset(emulator: EmulatorUnderTest, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    response = emulator.call(
        "secoda", "POST", "/integration/integrations", content='{"name":"é"}'.encode(), headers=headers
    )
    assert (response.status_code, response.json()["name"]) == (201, "é")


@pytest.mark.parametrize("charset", ["latin1", "x"])
def test_hapi_reads_utf_8_whatever_the_charset_says(emulator: EmulatorUnderTest, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    content = '{"tags":[{"name":"é"}]}'.encode()
    response = emulator.call("immuta", "POST", "/tag", content=content, headers=headers)
    assert (response.status_code, response.json()[0]["name"]) == (200, "é")


def test_express_skips_a_byte_order_mark_and_keeps_the_key_that_hapi_refuses() -> None:
    assert READINGS["express"].read(MARK + b'{"__proto__":{"x":1}}') == {"__proto__": {"x": 1}}


def test_what_orjson_cannot_write_is_written() -> None:
    document = {"b": 10**30, "a\ud800": ["\udfff", float("inf"), float("nan"), "é"], "n": None}
    assert write_json(document) == rb'{"b":%d,"a\ud800":["\udfff",null,null,"%s"],"n":null}' % (10**30, "é".encode())
    assert write_json({"b": 1, "a": 10**30}, sort_keys=True) == b'{"a":%d,"b":1}' % 10**30


@pytest.mark.parametrize("value", [10**30, -(10**30), 2**64 - 1, 1.5, "a\ud800", "é", {"k\udc00": []}, None])
def test_what_is_stored_is_read_as_it_was(value: Any) -> None:
    assert read_stored(stored_text({"a": value})) == {"a": value}


SETTINGS = b'{"name":"Numbers","settings":{"a":%s}}'
"""An integration of Celigo, whose settings may be any JSON."""


def created(emulator: EmulatorUnderTest, body: bytes) -> bytes:
    """Create a record by a POST of that body; return Celigo's response to a GET of it."""
    response = emulator.call("celigo", "POST", "/integrations", content=body)
    assert response.status_code == 201, response.text
    return emulator.call("celigo", "GET", f"/integrations/{response.json()['_id']}").content


@pytest.mark.parametrize("value", READ_BY_NODE, ids=lambda value: repr(value[:30]))
def test_celigo_keeps_settings_as_node_does(emulator: EmulatorUnderTest, value: bytes) -> None:
    assert b'"settings":{"a":%s}' % READ_BY_NODE[value] in created(emulator, SETTINGS % value)


def test_celigo_takes_a_byte_order_mark(emulator: EmulatorUnderTest) -> None:
    assert b'"settings":{"a":2}' in created(emulator, MARK + SETTINGS % b"2")


@pytest.mark.parametrize("body", [b'{"name":"a\xe9"}', MARK + b'{"name":"a"}', b'{"name":NaN}', b'{"name":%s}' % LONG])
def test_secoda_replies_in_the_parser_s_words(emulator: EmulatorUnderTest, body: bytes) -> None:
    words = {
        b"\xe9": "'utf-8' codec can't decode byte 0xe9 in position 10: invalid continuation byte",
        MARK: "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)",
        b"NaN": "Out of range float values are not JSON compliant: 'NaN'",
        LONG: TOO_LONG,
    }
    headers = {"Content-Type": "application/json"}
    response = emulator.call("secoda", "POST", "/integration/integrations", content=body, headers=headers)
    expected = next(text for part, text in words.items() if part in body)
    assert (response.status_code, response.json()) == (400, {"detail": f"JSON parse error - {expected}"})


def test_secoda_keeps_every_digit_of_credentials(emulator: EmulatorUnderTest) -> None:
    emulator.switch("secoda.credentials_in_replies", "shown")
    body = b'{"name":"a","credentials":{"n":%d}}' % 10**30
    headers = {"Content-Type": "application/json"}
    response = emulator.call("secoda", "POST", "/integration/integrations", content=body, headers=headers)
    assert (response.status_code, response.json()["credentials"]) == (201, {"n": 10**30})
    again = emulator.call("secoda", "GET", f"/integration/integrations/{response.json()['id']}")
    assert again.json()["credentials"] == {"n": 10**30}


@pytest.mark.parametrize("body", [MARK + b"{}", b'{"__proto__":1}', b'{"metadata":[{"__proto__":1}]}'])
def test_immuta_refuses_what_hapi_does(emulator: EmulatorUnderTest, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = emulator.call("immuta", "POST", "/dictionary/1", content=body, headers=headers)
    assert (response.status_code, response.json()["message"]) == (
        400,
        "Bad request: Invalid request payload JSON format",
    )


def test_a_number_of_5000_digits_is_paradime_s_400(emulator: EmulatorUnderTest) -> None:
    body = b'{"query":"{__typename}","variables":{"a":%s}}' % LONG
    headers = {"Content-Type": "application/json"}
    assert emulator.call("paradime", "POST", content=body, headers=headers).status_code == 400


@pytest.fixture(scope="module")
def control(catalogue: Catalogue) -> Iterator[Control]:
    with controlled(catalogue) as (_, control):
        yield control


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (12345678901234567890.0, "12345678901234567000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (-1.25e-9, "-1.25e-9"),
        (5e-324, "5e-324"),
        (1e-6, "0.000001"),
        (float("nan"), "null"),
    ],
)
@pytest.mark.parametrize("around", ["%s", "[%s]", '{"a":%s,"b":[]}'])
def test_a_number_that_no_client_sent_leaves_as_javascript_writes_it(value: float, text: str, around: str) -> None:
    document = json.loads(around % "null")
    filled = {**document, "a": value} if isinstance(document, dict) else [value] if document else value
    assert READINGS["hapi"].write(filled) == (around % text).encode()


def test_settings_are_returned_as_node_writes_them(emulator: EmulatorUnderTest) -> None:
    content = rb'{"name":"n","settings":{"10":1e-7,"9":1e20,"e":"\ud800"}}'
    made = emulator.call("celigo", "POST", "/integrations", content=content, headers=JSON)
    assert rb'"settings":{"9":100000000000000000000,"10":1e-7,"e":"\ud800"}' in made.content
    patch = b'[{"op":"add","path":"/settings/3","value":1e-6}]'
    assert (
        emulator.call("celigo", "PATCH", f"/integrations/{made.json()['_id']}", content=patch, headers=JSON).status_code
        == 204
    )
    read = emulator.call("celigo", "GET", f"/integrations/{made.json()['_id']}")
    assert rb'"settings":{"3":0.000001,"9":100000000000000000000,"10":1e-7,"e":"\ud800"}' in read.content
    assert read.headers["etag"].startswith(f'W/"{len(read.content):x}-')


ODD = rb'{"_id":"odd","name":"a\ud800","n":123456789012345678901234567890}'
"""A record that orjson neither reads nor writes."""


def test_a_number_of_5000_digits_is_the_control_api_s_400(control: Control) -> None:
    status, detail = control.refused("POST", "/sandboxes", content=b'{"name":%s}' % LONG, headers=JSON)
    assert (status, detail) == (400, f"The body does not parse: {TOO_LONG}.")


def test_every_record_survives_state_and_snapshots(control: Control) -> None:
    at = "/sandboxes/odd/state/celigo.scripts/odd?force=true"
    control.sandbox(name="odd")
    control.done("PUT", at, content=ODD, headers=JSON)
    control.done("POST", "/sandboxes/odd/snapshots", json={"name": "before"})
    control.done("DELETE", at.partition("?")[0])
    control.done("POST", "/sandboxes/odd/snapshots/before/restore")
    assert json.loads(control.ask("GET", at.partition("?")[0]).content) == json.loads(ODD)
    records = json.loads(control.ask("GET", "/sandboxes/odd/state/celigo.scripts").content)["records"]
    assert json.loads(ODD) in records


def test_an_exchange_with_a_lone_surrogate_is_journalled_and_shown(control: Control) -> None:
    control.sandbox(name="told")
    headers = {"Authorization": "Bearer celigo-token", **JSON}
    body = rb'{"name":"a\ud800","odd\udfff":"\udc00","settings":{"a":1e400}}'
    response = control.client.post(f"{control.url}/~told/celigo/v1/integrations", headers=headers, content=body)
    assert (response.status_code, response.json()["name"]) == (201, "a\ud800")
    [exchange] = control.done("GET", "/sandboxes/told/journal")["exchanges"]
    assert json.loads(exchange["call"]["body"]) == json.loads(body)
    [violation] = exchange["violations"]
    assert violation["pointer"] == "/odd?"
    [entry] = control.done("GET", "/sandboxes/told/journal.har")["log"]["entries"]
    assert json.loads(entry["request"]["postData"]["text"]) == json.loads(body)
    wanted = {"operation": "createIntegration", "where": {"body": {"/name": "b\ud800"}}}
    report = control.done("POST", "/sandboxes/told/journal/verify", content=json.dumps(wanted), headers=JSON)
    assert not report["passed"]


def test_records_are_found_by_a_lone_surrogate(emulator: EmulatorUnderTest) -> None:
    emulator.switch("paradime.duplicate_names", "refused")
    text = "mutation ($name: String!) { addCustomIntegration(name: $name, nodeTypes: []) { ok } }"

    def is_added(name: str) -> bool:
        body = json.dumps({"query": text, "variables": {"name": name}})
        return "errors" not in emulator.call("paradime", "POST", content=body, headers=JSON).json()

    assert [is_added(name) for name in ("a\ud800", "a\ud801", "a\ud800")] == [True, True, False]
