"""The sentences for what a schema refuses, in a time that does not depend on what they would quote."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from emulator.contract.explaining import Explaining
from emulator.contract.schemas import Check, Schemas

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"name": {"type": ["string", "null"], "maxLength": 10}, "tags": {"type": "array"}},
}


@pytest.fixture
def check() -> Check:
    return Schemas({"file:///made-up.json": SCHEMA}).check("file:///made-up.json")


class Unquotable(list[Any]):
    """An array that nobody may write out."""

    def __repr__(self) -> str:
        raise AssertionError("it was quoted")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"name": 1}, "1 is not of type 'string', 'null'"),
        ({"name": [1, {"a": "b"}]}, "[1, {'a': 'b'}] is not of type 'string', 'null'"),
        ({"name": Unquotable(range(1001))}, "a large array is not of type 'string', 'null'"),
        ({"name": {"within": Unquotable(range(1001))}}, "a large object is not of type 'string', 'null'"),
        (Unquotable([{}] * 2000), "a large array is not of type 'object'"),
    ],
)
def test_a_value_of_a_wrong_type_is_quoted_unless_it_is_large(check: Check, document: Any, sentence: str) -> None:
    assert [found.sentence for found in check.violations(document, "body")] == [sentence]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2026-01-01T00:00:00Z",
            "2026-01-01t00:00:00.123456789z",
            "2024-02-29T00:00:00+23:59",
            "9999-12-31T23:59:59-00:00",
        ),
        *(
            "2023-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01",
        ),
        *(
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00Z\n",
            "20260101T000000Z",
        ),
        *("2026-W01-1T00:00:00Z", "٢026-01-01T00:00:00Z", "2026-01-01T00:00:00+0100", ""),
    ],
)
def test_both_libraries_agree_on_times(text: str) -> None:
    schema = {"type": "string", "format": "date-time"}
    check = Schemas({"file:///time.json": schema}).check("file:///time.json")
    is_valid = jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(text)
    assert (Explaining({"file:///time.json": schema}).violations("file:///time.json", text, "body") == []) is is_valid
    assert (check.violations(text, "body") == []) is is_valid


@pytest.mark.parametrize(
    "text", ["a@b.example", "a.b+c@d-e", "a", "a@", "@b", "a@b c", "ä@b.example", "a@b.", "a@-b", "", "a@b\n"]
)
def test_what_is_an_address_here_is_one_for_stricter_readers(text: str) -> None:
    schema = {"type": "string", "format": "email"}
    check = Schemas({"file:///email.json": schema}).check("file:///email.json")
    accepts = check.violations(text, "body") == []
    assert (Explaining({"file:///email.json": schema}).violations("file:///email.json", text, "body") == []) is accepts
    assert not accepts or jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(text)
    assert accepts is (text in ("a@b.example", "a.b+c@d-e"))


def test_a_long_text_is_quoted_up_to_a_length(check: Check) -> None:
    (found,) = check.violations({"name": "x" * 100_000}, "body")
    assert found.rule == "maxLength"
    assert found.sentence == f"'{'x' * 3999}"


def test_of_many_unknown_names_the_first_hundred_are_reported_in_order(check: Check) -> None:
    found = check.violations({f"k{number:06}": 1 for number in reversed(range(5000))}, "body")
    assert [one.pointer for one in found] == [f"/k{number:06}" for number in range(100)]
    assert found[0].sentence == "'k000000' is not one of the properties of the contract"


@pytest.mark.parametrize(
    ("document", "sentences"),
    [
        (0, ["0 is less than the minimum of 1"]),
        ([], ["[] should be non-empty"]),
        ([1, "x"], ["'x' is not of type 'integer'"]),
        ("x", ["'x' is not of type 'integer', 'array'"]),
    ],
)
def test_of_alternatives_the_one_of_the_type_says_what_is_wrong(document: Any, sentences: list[str]) -> None:
    numbers = {"type": "array", "minItems": 1, "maxItems": 9, "items": {"type": "integer"}}
    schema = {"anyOf": [{"type": "integer", "minimum": 1}, numbers]}
    check = Schemas({"file:///made-up.json": schema}).check("file:///made-up.json")
    assert [found.sentence for found in check.violations(document, "body")] == sentences
