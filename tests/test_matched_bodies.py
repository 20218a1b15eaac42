"""A fault, before the call, and the journal, after it, read the same in a body."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.faults.subject import CallSubject
from emulator.journal.subject import JournalledSubject
from emulator.matching.where import Subject, Unreadable
from tests.test_journal import call, exchange, part

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def both(body: bytes, kind: str = JSON, **more: Any) -> list[Any]:
    """Return the documents that a body is, before and after; of an unreadable one the reason."""
    sent = call("POST", headers=[("Content-Type", kind)] if kind else [], body=body, **more)
    subjects: list[Subject] = [CallSubject(sent, "", "default", "o"), JournalledSubject(exchange(given=sent), "o")]
    found: list[Any] = []
    for subject in subjects:
        try:
            found.append(subject.document("body"))
        except Unreadable as problem:
            found.append(f"{problem} {problem.is_empty}")
    return found


@pytest.mark.parametrize(
    ("kind", "body", "document"),
    [
        (JSON, b'{"a": [1, null]}', {"a": [1, None]}),
        ("", b'{"a": 1}', {"a": 1}),
        ("text/plain", b"[1]", [1]),
        (JSON, b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (f"{JSON}; charset=latin-1", b'{"a": "\xe9"}', {"a": "\u00e9"}),
        (JSON, b'{"a": "\xe9"}', {"a": "\ufffd"}),
        (JSON, b'{"a": 123456789012345678901}', {"a": 123456789012345678901}),
        (JSON, b'{"a": NaN}', "invalid JSON False"),
        (JSON, b"{", "invalid JSON False"),
        (JSON, b"[" * 10_000, "invalid JSON False"),
        (JSON, b"", "there is no body True"),
        (f"{FORM}; charset=utf-8", b"a=1&b=&a=2", {"a": "2", "b": ""}),
        ("Application/X-WWW-Form-Urlencoded", b"a=%zz&b=%e9", {"a": "%zz", "b": "\ufffd"}),
    ],
)
def test_a_body_is_read_in_one_way(kind: str, body: bytes, document: Any) -> None:
    assert both(body, kind) == [document, document]


def test_parts_are_read_in_one_way() -> None:
    parts = {"note": part("note", b"two\xe9"), "file": part("file", b"B", "names.csv")}
    assert both(b"", "multipart/form-data; boundary=x", parts=parts) == [{"note": "two\ufffd", "file": "names.csv"}] * 2


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda some: st.lists(some)))
def test_any_json_is_read_in_one_way(document: Any) -> None:
    before, after = both(json.dumps({"a": document}).encode())
    # What looks like a credential is masked in the journal.
    assert before == {"a": document}
    assert after == before or "***" in json.dumps(after)


def test_binary_bodies_are_not_stored() -> None:
    assert both(json.dumps({"a": 1}).encode("utf-16"), f"{JSON}; charset=utf-16") == [
        {"a": 1},
        "it is not text, so the journal does not store it False",
    ]
