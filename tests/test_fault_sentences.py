"""What a fault does, in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.faults.rule import fault_of
from emulator.faults.sentences import LONGEST_VALUE, sentence_of
from tests.conftest import EmulatorUnderTest

SENTENCES: dict[str, dict[str, Any]] = {
    "Every call of acme gets 503.": {},
    "Every call of listTasks or get* of acme gets 503.": {"operation": ["listTasks", "get*"]},
    "Every call of acme that writes gets 503.": {"only": "writes"},
    'Every call of acme with query {"page": "2"} and body {"/a": 1} gets 503.': {
        "where": {"query": {"page": "2"}, "body": {"/a": 1}}
    },
    "Call 1 and 3 of acme gets 503.": {"when": {"nth": [1, 3]}},
    "Every third call of acme gets 503.": {"when": {"every": 3}},
    "The first call of acme gets 503.": {"when": {"times": 1}},
    "Each of the next 2 calls of acme gets 503 after 4 that pass.": {"when": {"times": 2, "after": 4}},
    "Every call of acme gets 503 with a chance of 12.5 %.": {"when": {"probability": 0.125}},
    "Every call of acme gets 503 beyond 3 in 60 s.": {"when": {"over": {"calls": 3, "seconds": 60}}},
    "Every call of acme gets 503 beyond 3, which come back at 0.5 a second.": {
        "when": {"over": {"calls": 3, "per_second": 0.5}}
    },
    "Every call of acme gets 503 from 2030-01-01T00:00:00+00:00 to 2030-01-02T00:00:00+00:00.": {
        "when": {"between": ["2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z"]}
    },
    "Every call of acme gets 503 once other has had 2 of create* counted for each operation.": {
        "when": {"follows": {"vendor": "other", "operation": "create*", "count": 2}, "per": "operation"}
    },
    "Every call of acme gets 503 once other has had 1 of any call.": {"when": {"follows": {"vendor": "other"}}},
    "Every call of acme waits 0.2 s.": {"reply": None, "delay": 0.2},
    "Every call of acme waits 30 s on the clock.": {"reply": None, "delay": {"clock": 30}},
    "Every call of acme waits 1 to 2 s, then gets 503.": {"delay": {"uniform": [1, 2]}},
    "Every call of acme waits about 1 s, sometimes much longer, then gets 503.": {
        "delay": {"lognormal": {"median": 1, "sigma": 0.5}}
    },
    "Every call of acme is executed and its write kept, then gets 503 with a body of its own.": {
        "commit": "after",
        "reply": {"status": 503, "body": None},
    },
    "Every call of acme gets a TCP reset.": {"reply": None, "connection": "reset"},
    "Every call of acme gets only 5 bytes of the body.": {
        "reply": None,
        "connection": {"truncate": {"after_bytes": 5}},
    },
    "Every call of acme gets 5 bytes of the body a second.": {
        "reply": None,
        "connection": {"drip": {"bytes_per_second": 5}},
    },
    "Every call of acme gets 1 GraphQL error, its data null.": {
        "reply": None,
        "graphql": {"errors": [{"message": ""}]},
    },
}


@pytest.mark.parametrize("expected", SENTENCES)
def test_each_field_is_said(expected: str) -> None:
    document = {"vendor": "acme", "reply": {"status": 503}, **SENTENCES[expected]}
    fault = fault_of({name: value for name, value in document.items() if value is not None}, "fault-1")
    assert sentence_of(fault) == expected


def test_a_long_condition_is_cut() -> None:
    where = {"query": {"text": "x" * 1000}}
    said = sentence_of(fault_of({"vendor": "acme", "delay": 1, "where": where}, "fault-1"))
    assert len(said) < LONGEST_VALUE + 60


def test_each_fault_of_a_scenario_has_a_sentence(emulator: EmulatorUnderTest) -> None:
    faults = [fault for scenario in emulator.scenarios.values() for fault in scenario.faults]
    assert faults
    assert {sentence_of(fault).split()[0] for fault in faults} <= {"Every", "The", "Each", "Call"}
