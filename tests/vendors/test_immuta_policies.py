"""Immuta's global policies, and which of them apply to a data source."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import EmulatorUnderTest
from tests.immuta_calls import call, refused

CIRCUMSTANCE = {"operator": "or", "type": "columnTags", "columnTag": {"name": "PII.phone", "hasLeafNodes": False}}
PAYLOAD: dict[str, Any] = {
    "name": "Mask phones",
    "type": "data",
    "actions": [{"type": "masking", "rules": []}],
    "circumstances": [CIRCUMSTANCE],
}


def applied(emulator: EmulatorUnderTest, id: int) -> list[str]:
    return [policy["name"] for policy in call(emulator, "GET", f"/dataSource/{id}")["globalPolicies"]]


def test_created_policy_has_the_printed_fields(emulator: EmulatorUnderTest) -> None:
    printed = call(emulator, "GET", "/policy/global/1")
    created = call(emulator, "POST", "/policy/global", json=PAYLOAD)
    assert list(created) == list(printed)
    made = {name: created[name] for name in ("id", "policyKey", "createdBy", "createdByName", "template", "staged")}
    assert made == {
        "id": 3,
        "policyKey": "Mask phones",
        "createdBy": 2,
        "createdByName": "Jane Doe",
        "template": False,
        "staged": False,
    }
    assert call(emulator, "GET", "/policy/global/3") == created
    assert [one["id"] for one in call(emulator, "GET", "/policy/global")] == [1, 2, 3]


def test_reply_leaves_out_what_the_documented_one_does(emulator: EmulatorUnderTest) -> None:
    tag = {"name": "PII", "displayName": "PII", "hasLeafNodes": True, "source": "curated"}
    rule = {"type": "masking", "exceptions": None, "config": {"fields": [tag]}}
    payload = {
        **PAYLOAD,
        "actions": [{"type": "masking", "rules": [rule], "description": ""}],
        "circumstances": [{"operator": "or", "type": "columnTags", "columnTag": tag}],
    }
    created = call(emulator, "POST", "/policy/global", json=payload)
    assert created["actions"] == [
        {
            "type": "masking",
            "rules": [
                {
                    "type": "masking",
                    "exceptions": None,
                    "config": {"fields": [{"name": "PII", "hasLeafNodes": True, "source": "curated"}]},
                }
            ],
            "description": None,
        }
    ]
    assert created["circumstances"][0]["columnTag"] == {"name": "PII", "hasLeafNodes": True}


def test_taken_name_is_the_422_that_fh_immuta_utils_reads(emulator: EmulatorUnderTest) -> None:
    reply = emulator.call("immuta", "POST", "/policy/global", json={**PAYLOAD, "name": "Mask PII"})
    assert reply.status_code == 422
    assert reply.json()["validation"][0]["code"] == "unique"
    call(emulator, "POST", "/policy/global", json=PAYLOAD)
    taken = (422, "A policy with this name already exists")
    assert refused(emulator, "PUT", "/policy/global/3", json={**PAYLOAD, "name": "Mask PII"}) == taken


def test_replaced_policy_keeps_what_the_server_set(emulator: EmulatorUnderTest) -> None:
    before = call(emulator, "GET", "/policy/global/1")
    after = call(emulator, "PUT", "/policy/global/1", json={**PAYLOAD, "id": 1})
    kept = ("id", "policyKey", "createdBy", "createdAt", "createdByName")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert (after["name"], after["certification"], after["circumstances"]) == ("Mask phones", None, [CIRCUMSTANCE])
    assert after["updatedAt"] > before["updatedAt"]


def test_deleted_policy_is_gone(emulator: EmulatorUnderTest) -> None:
    # The command line of fh-immuta-utils sends the id twice; the path's counts.
    assert call(emulator, "DELETE", "/policy/global/1", params={"policyId": 2}) == {}
    assert emulator.exchanges()[-1].violations == ()
    assert refused(emulator, "GET", "/policy/global/1") == (404, "Policy not found")
    assert refused(emulator, "PUT", "/policy/global/1", json=PAYLOAD) == (404, "Policy not found")
    assert refused(emulator, "DELETE", "/policy/global/1") == (404, "Policy not found")
    assert applied(emulator, 2) == []


@pytest.mark.parametrize(("text", "ids"), [("pii", [1]), ("PERSONAL", [2]), ("", [1, 2]), ("nothing", [])])
def test_search_finds_a_part_of_the_name(emulator: EmulatorUnderTest, text: str, ids: list[int]) -> None:
    found = call(emulator, "GET", "/policy/global", params={"searchText": text, "nameOnly": "False"})
    assert [policy["id"] for policy in found] == ids
    assert emulator.exchanges()[-1].violations == ()


@pytest.mark.parametrize(
    ("body", "message", "keys"),
    [
        ({"type": "data", "actions": []}, '"name" is required', ["name"]),
        ({**PAYLOAD, "name": ""}, '"name" is not allowed to be empty', ["name"]),
        ({**PAYLOAD, "type": "both"}, '"type" must be one of [data, subscription]', ["type"]),
        ({**PAYLOAD, "actions": [{}]}, '"actions[0].type" is required', ["actions.0.type"]),
        ([], '"value" must be of type object', [""]),
    ],
)
def test_invalid_policy_is_refused_in_joi_s_words(
    emulator: EmulatorUnderTest, body: Any, message: str, keys: list[str]
) -> None:
    reply = emulator.call("immuta", "POST", "/policy/global", json=body)
    expected = {"statusCode": 400, "error": "Bad Request", "message": message}
    assert reply.json() == {**expected, "validation": {"source": "payload", "keys": keys}}


def test_reader_may_change_no_policy(emulator: EmulatorUnderTest) -> None:
    forbidden = (403, "Insufficient scope")
    assert refused(emulator, "POST", "/policy/global", json=PAYLOAD, rights="read") == forbidden
    assert refused(emulator, "PUT", "/policy/global/1", json=PAYLOAD, rights="read") == forbidden
    assert refused(emulator, "DELETE", "/policy/global/1", rights="read") == forbidden
    assert len(call(emulator, "GET", "/policy/global", rights="read")) == 2


@pytest.mark.parametrize(
    ("circumstances", "ids"),
    [
        ([CIRCUMSTANCE], [2]),
        ([{**CIRCUMSTANCE, "columnTag": {"name": "PII", "hasLeafNodes": True}}], [2]),
        ([{**CIRCUMSTANCE, "columnTag": {"name": "PI", "hasLeafNodes": True}}], []),
        ([{"type": "tags", "operator": "or", "tag": {"name": "PII"}}], [2]),
        ([{"type": "tags", "operator": "or", "tag": {"name": "PII.phone"}}], []),
        ([{"type": "tags", "operator": "and", "tag": {"name": "PII.phone"}}, {**CIRCUMSTANCE, "operator": "and"}], []),
        ([{"type": "tags", "operator": "or", "tag": {"name": "PII.phone"}}, CIRCUMSTANCE], [2]),
        ([{"type": "domains", "operator": "or"}], []),
        ([], []),
        (None, []),
    ],
)
def test_policy_applies_where_its_tags_are(emulator: EmulatorUnderTest, circumstances: Any, ids: list[int]) -> None:
    call(emulator, "POST", "/policy/global", json={**PAYLOAD, "circumstances": circumstances})
    assert [id for id in (1, 2, 3) if "Mask phones" in applied(emulator, id)] == ids


def test_policy_follows_the_tags_and_is_inactive_while_staged(emulator: EmulatorUnderTest) -> None:
    assert (applied(emulator, 1), applied(emulator, 2)) == ([], ["Mask PII"])
    call(emulator, "POST", "/tag/column/1_id", json=[{"name": "PII"}])
    assert applied(emulator, 1) == ["Mask PII"]
    policy = call(emulator, "GET", "/policy/global/1")
    call(emulator, "PUT", "/policy/global/1", json={**policy, "staged": True})
    assert applied(emulator, 1) == []


def test_data_source_names_a_policy_by_what_immuta_mcp_reads(emulator: EmulatorUnderTest) -> None:
    action = {"type": "subscription", "subscriptionType": "policy", "accessGrant": "READ"}
    circumstances = [{"type": "tags", "operator": "or", "tag": {"name": "PII"}}]
    payload = {"name": "Readers", "type": "subscription", "actions": [action], "circumstances": circumstances}
    call(emulator, "POST", "/policy/global", json=payload)
    assert call(emulator, "GET", "/dataSource/2")["globalPolicies"] == [
        {"id": 1, "name": "Mask PII", "type": "data", "disabled": False, "accessGrant": None},
        {"id": 3, "name": "Readers", "type": "subscription", "disabled": False, "accessGrant": "READ"},
    ]


def test_policy_handler_has_the_actions_of_the_data_policies(emulator: EmulatorUnderTest) -> None:
    handler = call(emulator, "GET", "/policy/handler/2")
    assert handler["jsonPolicies"] == call(emulator, "GET", "/policy/global/1")["actions"]
    assert (handler["dataSourceId"], handler["rules"]) == (2, None)
    assert refused(emulator, "GET", "/policy/handler/1") == (404, "Policy handler not found")
    assert refused(emulator, "GET", "/policy/handler/99") == (404, "Data source not found")
