"""GraphQL is as strict as REST: what the schema does not allow is unmatched or a violation, and strict refuses it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulator.journal.entry import Exchange
from tests.conftest import EmulatorUnderTest

LIST = "{ listCustomIntegrations { ok } }"
UPDATE = "mutation ($uid: String!, $active: Boolean) { updateCustomIntegration(integrationUid: $uid, active: $active) { ok } }"  # fmt: skip  # noqa: E501


@pytest.fixture(params=[False, True], ids=["tolerant", "strict"])
def strict(request: pytest.FixtureRequest, emulator: EmulatorUnderTest) -> bool:
    emulator.strict(request.param)
    return bool(request.param)


def ask(emulator: EmulatorUnderTest, body: Any, **options: Any) -> tuple[int, Any, Exchange]:
    response = emulator.call("paradime", "POST", json=body, **options)
    return response.status_code, response.json(), emulator.exchanges()[-1]


@dataclass(frozen=True)
class Invalid:
    """A request that is not executed: its names in the journal, and what is wrong, the first sentence first."""

    body: dict[str, Any]
    operations: tuple[str, ...]
    violation: tuple[str, str]
    message: str
    place: str = ""


INVALID = {
    "unknown field below a root field": Invalid(
        {"query": "{ listCustomIntegrations { workspaces } }"},
        ("listCustomIntegrations",),
        ("/query", "validation"),
        "Cannot query field 'workspaces' on type 'ListCustomIntegrations'.",
        " (line 1, column 28)",
    ),
    "unknown argument": Invalid(
        {"query": "{ listCustomIntegrations(page: 1) { ok } }"},
        ("listCustomIntegrations",),
        ("/query", "validation"),
        "Unknown argument 'page' on field 'Query.listCustomIntegrations'.",
        " (line 1, column 26)",
    ),
    "unknown root field beside a known one": Invalid(
        {"query": "{ listCustomIntegrations { ok } kittens { ok } }"},
        ("listCustomIntegrations",),
        ("/query", "validation"),
        "Cannot query field 'kittens' on type 'Query'.",
        " (line 1, column 33)",
    ),
    "syntax": Invalid(
        {"query": "{ listCustomIntegrations {"},
        ("executeGraphql",),
        ("/query", "syntax"),
        "Syntax Error: Expected Name, found <EOF>.",
        " (line 1, column 27)",
    ),
    "nothing selected": Invalid(
        {"query": "{ listCustomIntegrations {} }"},
        ("executeGraphql",),
        ("/query", "syntax"),
        "Syntax Error: Expected Name, found '}'.",
        " (line 1, column 27)",
    ),
    "unknown operation name": Invalid(
        {"query": "query A { listCustomIntegrations { ok } }", "operationName": "B"},
        ("executeGraphql",),
        ("/operationName", "operationName"),
        "Unknown operation named 'B'.",
    ),
    "several operations, none named": Invalid(
        {"query": f"query A {LIST} query B {LIST}"},
        ("executeGraphql",),
        ("/operationName", "operationName"),
        "Must provide operation name if query contains multiple operations.",
    ),
    "variable of a wrong type": Invalid(
        {"query": UPDATE, "variables": {"uid": "abc123", "active": "no"}},
        ("updateCustomIntegration",),
        ("/variables/active", "variables"),
        "Variable '$active' has invalid value: Boolean cannot represent a non boolean value: 'no'",
        " (line 1, column 26)",
    ),
    "missing variable": Invalid(
        {"query": UPDATE},
        ("updateCustomIntegration",),
        ("/variables/uid", "variables"),
        "Variable '$uid' has invalid value: Expected a value of non-null type 'String!' to be provided.",
        " (line 1, column 11)",
    ),
    "integer of 5,000 digits": Invalid(
        {"query": f"mutation {{ addCustomIntegrationNodes(snapshotId: {'1' * 5000}) {{ ok }} }}"},
        ("addCustomIntegrationNodes",),
        ("/query", "validation"),
        "Expected value of type 'Int', but encountered error 'Exceeds the limit (4300 digits) for integer string"
        f" conversion: value has 5000 digits; use sys.set_int_max_str_digits() to increase the limit'; found: {'1' * 5000}.",  # noqa: E501
    ),
    "defer": Invalid(
        {"query": "{ ... @defer { listCustomIntegrations { ok } } }"},
        ("listCustomIntegrations",),
        ("/query", "validation"),
        "Unknown directive '@defer'.",
        " (line 1, column 7)",
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_a_request_that_never_runs_is_a_violation_and_strict_refuses_it(
    emulator: EmulatorUnderTest, strict: bool, case: str
) -> None:
    invalid = INVALID[case]
    status, document, exchange = ask(emulator, invalid.body)
    assert status == (400 if strict else 200)
    assert document["errors"][0]["message"] == invalid.message
    assert not document.get("data")
    assert exchange.operations == invalid.operations
    first = exchange.call_violations[0]
    assert (first.place, (first.pointer, first.rule)) == ("body", invalid.violation)
    assert first.sentence.startswith((invalid.message + invalid.place)[:1000])
    assert exchange.near_misses == ()


@dataclass(frozen=True)
class Unmatched:
    """A request that selects nothing of the schema, and the nearest operation with what differs."""

    query: str
    nearest: str
    sentence: str


UNMATCHED = {
    "another part of the vendor's API": Unmatched(
        "{ listIntegrations { workspaces { uid } } }",
        "listCustomIntegrations",
        "did you mean the query listCustomIntegrations? ('listIntegrations' → 'listCustomIntegrations')",
    ),
    "mistyped": Unmatched(
        "{ listCustomIntegration { ok } }",
        "listCustomIntegrations",
        "did you mean the query listCustomIntegrations? ('listCustomIntegration' → 'listCustomIntegrations')",
    ),
    "mistyped mutation": Unmatched(
        'mutation { updateIntegration(integrationUid: "abc123") { ok } }',
        "updateCustomIntegration",
        "did you mean the mutation updateCustomIntegration? ('updateIntegration' → 'updateCustomIntegration')",
    ),
    "mutation in a query": Unmatched(
        'query { updateCustomIntegration(integrationUid: "abc123") { ok } }',
        "updateCustomIntegration",
        "did you mean the mutation updateCustomIntegration? (query → mutation)",
    ),
    "subscription": Unmatched(
        "subscription { listCustomIntegrations { ok } }",
        "listCustomIntegrations",
        "did you mean the query listCustomIntegrations? (subscription → query)",
    ),
    "in a fragment": Unmatched(
        "{ ...F } fragment F on Query { listIntegrations { ok } }",
        "listCustomIntegrations",
        "did you mean the query listCustomIntegrations? ('listIntegrations' → 'listCustomIntegrations')",
    ),
}


@pytest.mark.parametrize("case", UNMATCHED)
def test_unknown_root_fields_are_unmatched_and_the_nearest_are_named(
    emulator: EmulatorUnderTest, strict: bool, case: str
) -> None:
    unmatched = UNMATCHED[case]
    status, document, exchange = ask(emulator, {"query": unmatched.query})
    assert status == (400 if strict else 200)
    assert document["errors"]
    assert exchange.operations == ()
    assert exchange.call_violations[0].rule == "validation"
    assert (exchange.near_misses[0].operation, exchange.near_misses[0].sentence) == (
        unmatched.nearest,
        unmatched.sentence,
    )
    assert exchange.near_misses[0].path == "/api/v1/{company_token}/graphql"
    assert len(exchange.near_misses) == 3


def test_an_unknown_root_field_without_a_credential_is_a_401_and_unmatched(emulator: EmulatorUnderTest) -> None:
    status, document, exchange = ask(emulator, {"query": "{ listIntegrations { ok } }"}, rights=None)
    assert (status, document) == (401, {"message": "Missing API credentials"})
    assert exchange.operations == ()
    assert exchange.near_misses[0].operation == "listCustomIntegrations"
    assert exchange.call_violations == ()


def test_an_outage_fails_unmatched_calls_of_the_endpoint_too(emulator: EmulatorUnderTest) -> None:
    emulator.scenario("paradime/outage")
    status, _, exchange = ask(emulator, {"query": "{ listIntegrations { ok } }"})
    assert (status, exchange.operations) == (503, ())
    assert exchange.faults


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ __schema { queryType { name } } }", {}),
        ("{ __typename }", {}),
        ("{ listCustomIntegrations @skip(if: true) { ok } __typename }", {}),
        ("query ($no: Boolean!) { ... @include(if: $no) { listCustomIntegrations { ok } } }", {"no": False}),
        ("query ($no: Boolean! = false) { ...F @include(if: $no) } fragment F on Query { listCustomIntegrations { ok } }", {}),  # noqa: E501
    ],
)  # fmt: skip
def test_a_request_that_runs_no_operation_is_journalled_under_the_endpoint(
    emulator: EmulatorUnderTest, strict: bool, query: str, variables: dict[str, Any]
) -> None:
    status, document, exchange = ask(emulator, {"query": query, "variables": variables})
    assert (status, "errors" in document) == (200, False)
    assert exchange.operations == ("executeGraphql",)
    assert exchange.call_violations == ()


def test_a_fault_of_a_skipped_root_field_does_not_apply(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "paradime", "operation": "listCustomIntegrations", "reply": {"status": 503}})
    status, document, _ = ask(emulator, {"query": "{ __typename listCustomIntegrations @skip(if: true) { ok } }"})
    assert (status, document) == (200, {"data": {"__typename": "Query"}})


TOKEN = 'mutation ($apiToken: Int) { addCustomIntegrationNodes(integrationUid: "abc123", snapshotHasMoreNodes: true, snapshotId: $apiToken, chartLikeNodes: [], dashboardLikeNodes: [], datasourceLikeNodes: []) { ok } }'  # noqa: E501


@pytest.mark.parametrize(
    "body",
    [
        {"query": TOKEN, "variables": {"apiToken": "hushhush"}},
        {"query": TOKEN, "variables": {"apiToken": ["hushhush"]}},
        {"query": 'mutation { addCustomIntegrationNodes(snapshotId: {token: "hushhush"}) { ok } }'},
        {"query": '{ listCustomIntegrations(apiToken: "hushhush") { ok } }'},
        {"query": '{ listCustomIntegrations(apiToken: "hushhush"'},
        {"query": '{ listCustomIntegrations(apiToken: "hushhush'},
    ],
)
def test_a_credential_in_an_invalid_request_is_not_journalled(
    emulator: EmulatorUnderTest, body: dict[str, Any]
) -> None:
    _, _, exchange = ask(emulator, body)
    assert exchange.call_violations
    assert "hushhush" not in json.dumps(exchange.document())


@pytest.mark.parametrize(
    "path", ["/paradime/hushhush7/graphql", "/paradime/api/v2/hushhush7/graphql", "/paradime/graphql/hushhush7"]
)
def test_a_company_token_in_a_mistyped_path_is_not_repeated_by_near_misses(
    emulator: EmulatorUnderTest, path: str
) -> None:
    url = urlsplit(emulator.root)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    connection.request("POST", path, "{}", {**emulator.headers("paradime"), "Content-Type": "application/json"})
    assert connection.getresponse().status == 404
    connection.close()
    exchange = emulator.exchanges()[-1]
    assert exchange.near_misses[0].operation == "executeGraphql"
    assert "hushhush7" not in json.dumps(exchange.document())


LONG = LIST + " " * 70_000


def test_a_long_document_is_journalled_under_its_root_fields(emulator: EmulatorUnderTest, strict: bool) -> None:
    status, document, exchange = ask(emulator, {"query": LONG})
    assert (status, document) == (200, {"data": {"listCustomIntegrations": {"ok": True}}})
    assert exchange.operations == ("listCustomIntegrations",)


def test_a_long_document_without_a_credential_is_journalled_under_the_endpoint(emulator: EmulatorUnderTest) -> None:
    for query in (LONG, "{ nope }" + " " * 70_000, "{" + " " * 70_000):
        status, _, exchange = ask(emulator, {"query": query}, rights=None)
        assert (status, exchange.operations) == (401, ("executeGraphql",))
        assert (exchange.call_violations, exchange.near_misses) == ((), ())


@pytest.mark.parametrize(("rights", "status"), [("full", 503), (None, 401)])
def test_a_fault_applies_to_a_long_document_of_a_client_with_a_credential(
    emulator: EmulatorUnderTest, rights: str | None, status: int
) -> None:
    emulator.fault({"vendor": "paradime", "operation": "listCustomIntegrations", "reply": {"status": 503}})
    assert ask(emulator, {"query": LONG}, rights=rights)[0] == status
    assert ask(emulator, {"query": LIST}, rights=rights)[0] == 503


def test_a_long_document_that_is_invalid_is_a_violation(emulator: EmulatorUnderTest, strict: bool) -> None:
    status, _, exchange = ask(emulator, {"query": "{ nope }" + " " * 70_000})
    assert status == (400 if strict else 200)
    assert (exchange.operations, len(exchange.near_misses) > 0) == ((), True)
    assert exchange.call_violations[0].sentence == "Cannot query field 'nope' on type 'Query'. (line 1, column 3)"


@pytest.mark.parametrize("key", ["id", "extra"])
def test_what_is_wrong_below_graphql_comes_first_in_a_long_call_too(emulator: EmulatorUnderTest, key: str) -> None:
    emulator.strict(True)
    status, _, exchange = ask(emulator, {"query": LONG, key: 1})
    assert (status, exchange.operations) == (400, ("executeGraphql",))
    assert [found.pointer for found in exchange.call_violations] == [f"/{key}"]


def test_many_variables_are_executed_like_few(emulator: EmulatorUnderTest) -> None:
    query = 'mutation ($types: [IntegrationNodeTypeInfo!]!) { addCustomIntegration(name: "Many", nodeTypes: $types) { ok } }'  # noqa: E501
    variables = {"types": [{"nodeType": f"T{number}"} for number in range(5000)]}
    status, document, exchange = ask(emulator, {"query": query, "variables": variables})
    assert (status, document) == (200, {"data": {"addCustomIntegration": {"ok": True}}})
    assert exchange.operations == ("addCustomIntegration",)
    assert len(emulator.records("paradime.integrations")[-1]["nodeTypes"]) == 5000


def test_the_first_fifty_wrong_variables_are_reported(emulator: EmulatorUnderTest) -> None:
    query = 'mutation ($types: [IntegrationNodeTypeInfo!]!) { addCustomIntegration(name: "Many", nodeTypes: $types) { ok } }'  # noqa: E501
    _, document, exchange = ask(emulator, {"query": query, "variables": {"types": [1] * 500}})
    assert len(document["errors"]) == 51
    assert len(exchange.call_violations) == 51


def test_a_failing_field_is_not_a_violation(emulator: EmulatorUnderTest, strict: bool) -> None:
    query = 'mutation { updateCustomIntegration(integrationUid: "unknown") { ok } }'
    status, document, exchange = ask(emulator, {"query": query})
    assert (status, document["data"]) == (200, {"updateCustomIntegration": None})
    assert exchange.operations == ("updateCustomIntegration",)
    assert exchange.call_violations == ()


@pytest.mark.parametrize(
    ("body", "pointer", "rule", "message"),
    [
        ([{"query": LIST}], "", "type", "Batch GraphQL requests are not enabled."),
        ([], "", "type", "Batch GraphQL requests are not enabled."),
        ({"query": ""}, "/query", "minLength", "Must provide query string."),
        ({"query": 1}, "/query", "type", "Must provide query string."),
        ({"query": [LIST]}, "/query", "type", "Must provide query string."),
        ({"variables": {}}, "/query", "required", "Must provide query string."),
        (
            {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "ab"}}},
            "/query",
            "required",
            "Must provide query string.",
        ),
        ({"query": LIST, "variables": "{}"}, "/variables", "type", "Variables are invalid JSON."),
        ({"query": LIST, "variables": []}, "/variables", "type", "Variables are invalid JSON."),
    ],
)
def test_an_invalid_graphql_request_is_a_400_and_a_violation_of_the_endpoint(
    emulator: EmulatorUnderTest, strict: bool, body: Any, pointer: str, rule: str, message: str
) -> None:
    status, document, exchange = ask(emulator, body)
    assert (status, document) == (400, {"errors": [{"message": message}]})
    assert [(found.pointer, found.rule) for found in exchange.call_violations] == [(pointer, rule)]
    known = isinstance(body, dict) and body.get("query") == LIST
    assert exchange.operations == (("listCustomIntegrations",) if known else ("executeGraphql",))


def test_strict_refuses_an_unknown_key(emulator: EmulatorUnderTest, strict: bool) -> None:
    status, document, exchange = ask(emulator, {"query": LIST, "id": "persisted"})
    assert status == (400 if strict else 200)
    assert [found.pointer for found in exchange.call_violations] == ["/id"]
    assert ("errors" in document) is strict


def test_violations_are_found_in_the_journal_and_counted(emulator: EmulatorUnderTest) -> None:
    ask(emulator, {"query": "{ listCustomIntegrations { nope } }"})
    ask(emulator, {"query": "{ nope }"})
    journal = emulator.sandbox.journal
    assert [exchange.number for exchange in journal.select(violations=True)] == [1, 2]
    assert [exchange.number for exchange in journal.select(unmatched=True)] == [2]


HASHED = """
from emulator.contract.execution import Executable
from emulator.contract.graphql import GraphQLLimits
from emulator.files.package_data import CONTRACTS
limits = GraphQLLimits(25, 100, 2000, 1000, 1000)
executable = Executable((CONTRACTS / "paradime" / "schema.graphql").read_text(), {}, {})
query = '''query ($a: Nope, $b: Nope) { listCustomIntegration { a b c } nope(a: 1, b: 2)
    listCustomIntegrations(z: 1, y: 2) { nop integrations { uuid nam ...F ...G } } }
    fragment F on Nope { a } fragment H on Query { x } fragment I on Query { x }'''
for found in executable.validate(executable.parse(query, frozenset(), limits), limits).refusal.violations:
    print(found.sentence)
"""


def test_the_order_of_errors_does_not_depend_on_the_hash_seed() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", HASHED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
    assert len(told.pop().splitlines()) > 10
