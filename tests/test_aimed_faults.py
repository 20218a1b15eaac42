"""Faults that are aimed: at calls with these values, and at calls that follow another vendor's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from emulator.errors import ConfigurationError
from tests.conftest import EmulatorUnderTest

NOT_FOUND = {"reply": {"status": 404}}
BROKEN = {"reply": {"status": 500}}
INTEGRATIONS = "/integration/integrations"


def send(emulator: EmulatorUnderTest, vendor: str, method: str, path: str, **options: Any) -> httpx.Response:
    headers = {**emulator.headers(vendor), **options.pop("headers", {})}
    return emulator.call(vendor, method, path, headers=headers, **options)


def celigo_name(emulator: EmulatorUnderTest, name: str, **options: Any) -> int:
    return send(emulator, "celigo", "POST", "/integrations", json={"name": name}, **options).status_code


def test_one_record_is_not_found_and_the_others_are(emulator: EmulatorUnderTest) -> None:
    first, second, *_ = [one["id"] for one in send(emulator, "secoda", "GET", INTEGRATIONS).json()["results"]]
    emulator.fault(
        {"vendor": "secoda", "operation": "getIntegration", "where": {"path": {"integration_id": first}}, **NOT_FOUND}
    )
    assert send(emulator, "secoda", "GET", f"{INTEGRATIONS}/{first}").status_code == 404
    assert send(emulator, "secoda", "GET", f"{INTEGRATIONS}/{second}").status_code == 200


def test_the_second_page_is_throttled(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "secoda", "where": {"query": {"page": 2}}, "reply": {"status": 429}})
    pages = [send(emulator, "secoda", "GET", INTEGRATIONS, params={"page": page}).status_code for page in (1, 2, 1)]
    assert pages == [200, 429, 200]


@pytest.mark.parametrize("condition", ["Broken", {"glob": "Bro*"}, {"regex": "^B"}, {"schema": {"maxLength": 6}}])
def test_a_name_in_the_body_fails_and_only_such_calls_are_counted(emulator: EmulatorUnderTest, condition: Any) -> None:
    where = {"body": {"name": condition}}
    emulator.fault({"vendor": "celigo", "where": where, "when": {"nth": 2}, "reply": {"status": 500}, "force": True})
    names = ("Broken", "A longer name", "Broken", "Broken")
    assert [celigo_name(emulator, name) for name in names] == [201, 201, 500, 201]


def test_a_header_that_is_absent(emulator: EmulatorUnderTest) -> None:
    emulator.fault(
        {"vendor": "celigo", "where": {"headers": {"X-Request-Id": {"absent": True}}}, **BROKEN, "force": True}
    )
    assert celigo_name(emulator, "a") == 500
    assert celigo_name(emulator, "a", headers={"x-request-id": "1"}) == 201


@pytest.mark.parametrize("token", ["secoda-viewer-token", "secoda-expired-token", "unknown"])
def test_one_credential_whether_it_is_valid_or_not(emulator: EmulatorUnderTest, token: str) -> None:
    emulator.fault({"vendor": "secoda", "where": {"credential": token}, "reply": {"status": 503}, "force": True})
    sent = {"headers": {"Authorization": f"Bearer {token}"}}
    assert send(emulator, "secoda", "GET", INTEGRATIONS, **sent).status_code == 503
    assert send(emulator, "secoda", "GET", INTEGRATIONS).status_code == 200


def test_a_fault_sees_the_credential_which_the_journal_masks(emulator: EmulatorUnderTest) -> None:
    where = {"headers": {"Authorization": {"glob": "Bearer *"}}}
    emulator.fault({"vendor": "secoda", "where": where, "reply": {"status": 503}, "force": True})
    follows = {"vendor": "secoda", "where": where}
    emulator.fault({"vendor": "celigo", "when": {"follows": follows}, **BROKEN, "force": True})
    assert send(emulator, "secoda", "GET", INTEGRATIONS).status_code == 503
    assert celigo_name(emulator, "a") == 201


ADD = """mutation($n: String!) {
  addCustomIntegration(name: $n, nodeTypes: [{nodeType: "T", iconName: "i", color: GREEN}]) { ok }
}"""


@pytest.mark.parametrize("where", [{"arguments": {"name": "mine"}}, {"variables": {"n": {"glob": "m*"}}}])
def test_an_argument_of_a_root_field(emulator: EmulatorUnderTest, where: Mapping[str, Any]) -> None:
    fault = {"vendor": "paradime", "operation": "addCustomIntegration", "where": where}
    emulator.fault({**fault, "graphql": {"errors": [{"message": "aimed"}]}})

    def add(name: str) -> list[str]:
        document = {"query": ADD, "variables": {"n": name}}
        return [
            error["message"] for error in send(emulator, "paradime", "POST", "", json=document).json().get("errors", [])
        ]

    assert (add("mine"), add("yours")) == (["aimed"], [])


TWO = """mutation {
  a: addCustomIntegration(name: "A", nodeTypes: [{nodeType: "T", iconName: "i", color: GREEN}]) { ok }
  b: addCustomIntegration(name: "B", nodeTypes: [{nodeType: "T", iconName: "i", color: GREEN}]) { ok }
}"""


@pytest.mark.parametrize(("names", "failed"), [("A", "a"), ("B", "b"), ("BA", "ba"), ("C", ""), ("*", "ab")])
def test_only_the_aliases_whose_arguments_match_fail(emulator: EmulatorUnderTest, names: str, failed: str) -> None:
    for name in names:
        where = {"arguments": {"name": {"glob": name}}}
        graphql = {"errors": [{"message": f"aimed at {name}"}]}
        emulator.fault({"vendor": "paradime", "operation": "addCustomIntegration", "where": where, "graphql": graphql})
    result = send(emulator, "paradime", "POST", "", json={"query": TWO}).json()
    errors = {error["path"][0]: error["message"] for error in result.get("errors", [])}
    aimed = names if len(names) == len(failed) else names * len(failed)
    assert errors == {key: f"aimed at {name}" for key, name in zip(failed, aimed, strict=False)}
    assert [key for key in "ab" if result["data"][key] is None] == sorted(failed)


def test_a_fault_follows_another_vendors_call(emulator: EmulatorUnderTest) -> None:
    follows = {"vendor": "celigo", "operation": "createIntegration", "count": 2}
    emulator.fault({"vendor": "secoda", "when": {"follows": follows, "times": 1}, **BROKEN, "force": True})
    seen = []
    for name in ("a", "b"):
        seen.append(send(emulator, "secoda", "GET", INTEGRATIONS).status_code)
        send(emulator, "celigo", "GET", "/integrations")
        celigo_name(emulator, name)
    seen += [send(emulator, "secoda", "GET", INTEGRATIONS).status_code for _ in "ab"]
    assert seen == [200, 200, 500, 200]


@pytest.mark.parametrize("where", [{"body": {"name": "b"}}, {"headers": {"X-Run": "b"}}, {"credential": "celigo"}])
def test_a_fault_follows_calls_with_these_values(emulator: EmulatorUnderTest, where: dict[str, Any]) -> None:
    if "credential" in where:
        where = {"credential": emulator.credential("celigo", "full")["id"]}
    follows = {"vendor": "celigo", "where": {**where, "status": {"schema": {"maximum": 299}}}}
    emulator.fault({"vendor": "secoda", "when": {"follows": follows}, **BROKEN, "force": True})
    seen = []
    for name in ("a", "b"):
        emulator.call("celigo", "POST", "/integrations", json={"name": name}, rights="read")
        seen.append(send(emulator, "secoda", "GET", INTEGRATIONS).status_code)
    celigo_name(emulator, "b", headers={"X-Run": "b"})
    assert [*seen, send(emulator, "secoda", "GET", INTEGRATIONS).status_code] == [200, 200, 500]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"where": {"status": 200}}, "where: status cannot be used, because a fault applies before there is one"),
        (
            {"operation": "getIntegration", "where": {"path": {"integration": "x"}}},
            "where: path: unknown parameter 'integration'. Did you mean 'integration_id'?",
        ),
        ({"where": {"variables": {"a": 1}}}, "where: variables: secoda has no GraphQL operations"),
        (
            {"when": {"follows": {"vendor": "celigo", "where": {"arguments": {"a": 1}}}}},
            "follows: where: arguments: celigo",
        ),
        (
            {"when": {"follows": {"vendor": "paradime", "where": {"arguments": {"/nmae/0": 1}}}}},
            "follows: where: arguments: unknown argument 'nmae'. Did you mean 'name'",
        ),
        ({"where": {"body": {"a": {"regex": "("}}}}, "where: body a: invalid: "),
        ({"when": {"follows": {"vendor": "acne"}}}, "follows: unknown vendor 'acne'. "),
        ({"when": {"follows": {"vendor": "celigo", "operation": "x"}}}, "follows: unknown operation 'x' of celigo."),
        (
            {"when": {"follows": {"vendor": "celigo", "where": {"path": {"idd": "x"}}}}},
            "follows: where: path: unknown parameter 'idd'. ",
        ),
        (
            {"when": {"follows": {"vendor": "celigo", "where": {"body": {"a": {"glob": 1}}}}}},
            "follows: where: body a: glob: expected a string",
        ),
    ],
)
def test_a_fault_that_could_never_apply_is_refused(
    emulator: EmulatorUnderTest, fault: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        emulator.fault({"vendor": "secoda", **NOT_FOUND, **fault})
    assert str(caught.value).startswith(sentence)


def applied(emulator: EmulatorUnderTest) -> list[list[dict[str, Any]]]:
    """Return what the journal says of the faults of each exchange."""
    return [one.document().get("applied_faults", []) for one in emulator.sandbox.journal]


def test_an_exchange_says_which_fault_applied_and_why_also_when_it_is_disarmed(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "secoda", "operation": "list*", "when": {"after": 1, "nth": [2]}, **BROKEN})
    for _ in range(3):
        send(emulator, "secoda", "GET", INTEGRATIONS)
    for fault in list(emulator.sandbox.faults):
        emulator.sandbox.faults.remove(fault.id)
    sentence = "Call 2 of list* of secoda gets 500 after 1 that pass."
    assert applied(emulator) == [[], [], [{"id": "fault-1", "scenario": None, "call": 2, "sentence": sentence}]]


def test_a_fault_of_a_scenario_says_which(emulator: EmulatorUnderTest) -> None:
    send(emulator, "secoda", "GET", INTEGRATIONS, headers={"X-Emulator-Scenario": "rate-limited"})
    ((fault,),) = applied(emulator)
    assert (fault["id"], fault["scenario"], fault["call"]) == ("secoda/rate-limited#1", "secoda/rate-limited", 1)


def test_a_fault_that_applies_to_several_fields_of_a_call_is_said_once(emulator: EmulatorUnderTest) -> None:
    names = ["listCustomIntegrations", "listWorkspaces"]
    for number, name in enumerate((names, names[0])):
        graphql = {"errors": [{"message": f"{number}"}]}
        emulator.fault({"vendor": "paradime", "operation": name, "graphql": graphql})
    query = "{ listCustomIntegrations { integrations { uid } } listWorkspaces { workspaces { uid } } }"
    send(emulator, "paradime", "POST", "", json={"query": query})
    ((*faults,),) = applied(emulator)
    assert [(fault["id"], fault["call"]) for fault in faults] == [("fault-1", 1), ("fault-2", 1)]


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ({"headers": {"authorization": {"glob": "Bearer secoda*"}}}, {"headers": {"authorization": {"glob": "***"}}}),
        ({"credential": "secoda-token"}, {"credential": "***"}),
        ({"query": {"api_key": "s3cret-of-mine"}}, {"query": {"api_key": "***"}}),
        ({"headers": {"x-note": {"absent": True}}}, {"headers": {"x-note": {"absent": True}}}),
        ({"headers": {"x-copy": "s3cret-of-mine"}}, {"headers": {"x-copy": "***"}}),
    ],
)
def test_the_journal_masks_credentials_in_the_conditions_of_a_fault(
    emulator: EmulatorUnderTest, where: dict[str, Any], shown: dict[str, Any]
) -> None:
    emulator.fault({"vendor": "secoda", "where": where, "delay": 0})
    headers = {"x-copy": "s3cret-of-mine"} if "x-copy" in str(where) else {}
    send(emulator, "secoda", "GET", INTEGRATIONS, params={"api_key": "s3cret-of-mine"}, headers=headers)
    ((fault,),) = applied(emulator)
    conditions = " and ".join(f"{place} {json.dumps(value)}" for place, value in shown.items())
    assert fault["sentence"] == f"Every call of secoda with {conditions} waits 0 s."
