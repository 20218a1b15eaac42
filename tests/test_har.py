"""Exchanges as HAR 1.2: valid by the rules of the format, and readable by the developer tools of browsers."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from emulator.exchange import Reply
from emulator.journal.har import har
from tests.test_journal import TIME, URL, call, exchange, part


def an_object(**properties: Any) -> dict[str, Any]:
    """An object of these properties; those that end in "_" are optional, any that begin with it are ours."""
    required = [name for name in properties if not name.endswith("_")]
    return {
        "type": "object",
        "required": required,
        "properties": {name.removesuffix("_"): schema for name, schema in properties.items()},
        "patternProperties": {"^_": True},
        "additionalProperties": False,
    }


TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
TIMING = {"type": "number", "minimum": -1}
PAIRS = {"type": "array", "items": an_object(name=TEXT, value=TEXT, comment_=TEXT)}
COOKIES = {"type": "array", "items": an_object(name=TEXT, value=TEXT)}
HAR = an_object(
    log=an_object(
        version={"const": "1.2"},
        creator=an_object(name=TEXT, version=TEXT, comment_=TEXT),
        entries={
            "type": "array",
            "items": an_object(
                startedDateTime={
                    "type": "string",
                    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$",
                },
                time={"type": "number", "minimum": 0},
                request=an_object(
                    method=TEXT,
                    url={"type": "string", "pattern": "^https?://"},
                    httpVersion=TEXT,
                    cookies=COOKIES,
                    headers=PAIRS,
                    queryString=PAIRS,
                    postData_=an_object(
                        mimeType=TEXT,
                        params={
                            "type": "array",
                            "items": an_object(name=TEXT, value_=TEXT, fileName_=TEXT, contentType_=TEXT),
                        },
                        text=TEXT,
                        comment_=TEXT,
                    ),
                    headersSize=WHOLE,
                    bodySize=WHOLE,
                ),
                response=an_object(
                    status=WHOLE,
                    statusText=TEXT,
                    httpVersion=TEXT,
                    cookies=COOKIES,
                    headers=PAIRS,
                    content=an_object(size=WHOLE, mimeType=TEXT, text_=TEXT, encoding_=TEXT, comment_=TEXT),
                    redirectURL=TEXT,
                    headersSize=WHOLE,
                    bodySize=WHOLE,
                ),
                cache=an_object(),
                timings=an_object(send=TIMING, wait=TIMING, receive=TIMING),
            ),
        },
    )
)


def archive(*exchanges: Any) -> list[Any]:
    """Return the entries, as they are read from the file, of an archive that keeps to the format."""
    document = json.loads(orjson.dumps(har(exchanges, "1.2.3")))
    Draft202012Validator(HAR).validate(document)
    assert document["log"]["creator"] == {"name": "integration-emulator", "version": "1.2.3"}
    entries: list[Any] = document["log"]["entries"]
    return entries


def test_an_empty_journal_is_an_archive() -> None:
    assert archive() == []


def test_an_exchange_is_an_entry() -> None:
    sent = call(
        "POST",
        query=[("page", "2"), ("token", "abc")],
        headers=[("Content-Type", "application/json"), ("Authorization", "Bearer abc"), ("Cookie", "a=b")],
        body=b'{"name": "B"}',
    )
    made = exchange(
        3,
        given=sent,
        reply=Reply(201, headers={"Location": "/things/b", "Content-Type": "application/json"}),
        content=b'{"id":"b"}',
        operations=("createThing",),
        faults=("fault-1",),
    )
    [entry] = archive(made)
    assert entry == {
        "startedDateTime": "2024-05-06T07:08:09.123Z",
        "time": 250,
        "request": {
            "method": "POST",
            "url": f"{URL}/things?page=2&token=***",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [
                {"name": "Content-Type", "value": "application/json"},
                {"name": "Authorization", "value": "Bearer ***"},
                {"name": "Cookie", "value": "***"},
            ],
            "queryString": [{"name": "page", "value": "2"}, {"name": "token", "value": "***"}],
            "postData": {"mimeType": "application/json", "params": [], "text": '{"name": "B"}'},
            "headersSize": -1,
            "bodySize": 13,
        },
        "response": {
            "status": 201,
            "statusText": "Created",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [
                {"name": "Location", "value": "/things/b"},
                {"name": "Content-Type", "value": "application/json"},
            ],
            "content": {"size": 10, "mimeType": "application/json", "text": '{"id":"b"}'},
            "redirectURL": "/things/b",
            "headersSize": -1,
            "bodySize": 10,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 250, "receive": 0},
        "_id": 3,
        "_sandbox": "default",
        "_vendor": "acme",
        "_operations": ["createThing"],
        "_faults": ["fault-1"],
    }


def test_a_broken_connection_has_status_0() -> None:
    [entry] = archive(exchange(broken_off=True))
    assert (entry["response"]["status"], entry["response"]["bodySize"]) == (0, -1)
    assert entry["_error"] == "the connection broke"


def test_a_call_without_a_body_has_no_post_data() -> None:
    [entry] = archive(exchange())
    assert "postData" not in entry["request"]


def test_parts_are_params() -> None:
    parts = {"note": part("note", b"two"), "file": part("file", b"B\nC\n", "names.csv", "text/csv")}
    sent = call("POST", headers=[("Content-Type", "multipart/form-data; boundary=b")], parts=parts)
    [entry] = archive(exchange(given=sent))
    assert entry["request"]["bodySize"] == 7
    assert entry["request"]["postData"]["params"] == [
        {"name": "note", "contentType": "text/plain", "value": "two"},
        {"name": "file", "contentType": "text/csv", "fileName": "names.csv"},
    ]


def test_a_body_that_is_cut_says_so() -> None:
    [entry] = archive(exchange(given=call(body=b"x" * 99), content=b"y" * 100, body_limit=10))
    content = entry["response"]["content"]
    assert (content["size"], content["text"]) == (100, "y" * 10)
    assert content["comment"] == "The journal stores the first 10 of 100 bytes."
    assert entry["request"]["postData"]["comment"] == "The journal stores the first 10 of 99 bytes."


@pytest.mark.parametrize(("status", "phrase"), [(404, "Not Found"), (299, "")])
def test_a_status_has_its_phrase_if_there_is_one(status: int, phrase: str) -> None:
    [entry] = archive(exchange(reply=Reply(status)))
    assert entry["response"]["statusText"] == phrase


ANY_TEXT = st.text(max_size=6)


@given(ANY_TEXT, ANY_TEXT, st.binary(max_size=30), st.integers(1, 20), st.integers(100, 999), st.floats(0, 1e6))
def test_any_exchange_is_valid(name: str, value: str, body: bytes, limit: int, status: int, seconds: float) -> None:
    sent = call(
        query=[(name, value)],
        headers=[(name, value), ("Content-Type", value)],
        body=body,
        parts={name: part(name, body), value: part(value, body, name, value)},
    )
    reply = Reply(status, headers={name: value}, content_type=value)
    made = exchange(given=sent, reply=reply, content=body, body_limit=limit, seconds=seconds, time=TIME)
    [entry] = archive(made)
    assert datetime.fromisoformat(entry["startedDateTime"]) == TIME.replace(microsecond=123000)
