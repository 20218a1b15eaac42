"""The one sentence for every unknown name."""

from __future__ import annotations

import pytest

from emulator.errors import explained, sentence, unknown
from emulator.exchange import Violation

MANY = [f"scenario-{number}" for number in range(20)]


def test_few_names_are_all_listed_with_the_nearest() -> None:
    said = unknown("vendor", "secodda", ["celigo", "secoda"])
    assert said == "unknown vendor 'secodda'. Did you mean 'secoda'? Known vendors: celigo, secoda"


def test_no_name_is_near_one_that_looks_like_none() -> None:
    assert unknown("switch", "x", ["a", "b"], "of secoda", plural="switches") == (
        "unknown switch 'x' of secoda. Known switches: a, b"
    )


def test_of_many_names_three_are_given_and_what_lists_them() -> None:
    said = unknown("scenario", "scenario-77", MANY, listed_by="`emulator scenarios`")
    near = "'scenario-7', 'scenario-17' or 'scenario-9'"
    assert said == f"unknown scenario 'scenario-77'. Did you mean {near}? `emulator scenarios` lists all scenarios"


def test_of_many_names_that_nothing_lists_the_first_are_given() -> None:
    said = unknown("file", "x", MANY)
    assert said == f"unknown file 'x'. Known files: {', '.join(MANY[:12])} and 8 more"


def test_the_message_says_when_there_are_no_alternatives() -> None:
    assert unknown("snapshot", "x", []) == "unknown snapshot 'x'. There are no snapshots"


def test_a_long_name_is_cut() -> None:
    assert unknown("vendor", "x" * 5000, ["celigo"]) == f"unknown vendor '{'x' * 100}'…. Known vendors: celigo"


@pytest.mark.parametrize(("text", "said"), [("a b", "A b."), ("a b.", "A b."), ("a b?", "A b?"), ("", ".")])
def test_a_sentence_has_a_capital_letter_and_an_end(text: str, said: str) -> None:
    assert sentence(text) == said


def test_an_unknown_field_of_a_document_is_explained_by_those_known() -> None:
    found = Violation("body", "/when/ti~1me", "additionalProperties", False, 2, "…", {"ti/mes": {}, "nth": {}})
    assert explained(found) == "unknown field 'ti/me'. Did you mean 'ti/mes'? Known fields: ti/mes, nth"
