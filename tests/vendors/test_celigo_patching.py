"""Celigo's PATCH: a JSON Patch for the documented fields."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_integrations import PLAIN, SHOP, SHOPIFY, UNINSTALLING, errors, get

PRICES = "60f1a4a1c4d5e6f708192b33"


def patch(emulator: EmulatorUnderTest, id: str, *operations: dict[str, Any]) -> httpx.Response:
    return emulator.call("celigo", "PATCH", f"/integrations/{id}", json=list(operations))


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/settings", {"anything": [1, None, "x"]}),
        ("/settings", "a string"),
        ("/settings/shop", "another"),
        ("/version", "9.9.9"),
        ("/tag", "release"),
        ("/updateInProgress", True),
        ("/flowGroupings/1/settings", {"batchSize": 5}),
        ("/flowGroupings/0/settings/batchSize", 7),
        ("/aliases", []),
        ("/aliases", [{"alias": "prices", "description": "Prices", "_flowId": PRICES}]),
        ("/aliases/0/alias", "netsuite"),
    ],
)
def test_each_documented_field_can_be_replaced(emulator: EmulatorUnderTest, path: str, value: Any) -> None:
    response = patch(emulator, SHOP, replace(path, value))
    assert (response.status_code, response.content) == (204, b"")
    found: Any = get(emulator, SHOP)
    for step in path[1:].split("/"):
        found = found[int(step)] if isinstance(found, list) else found[step]
    assert found == value


def test_a_field_that_is_not_there_yet_can_be_replaced(emulator: EmulatorUnderTest) -> None:
    assert "aliases" not in get(emulator, PLAIN)
    assert patch(emulator, PLAIN, replace("/aliases", [])).status_code == 204
    assert patch(emulator, UNINSTALLING, replace("/settings", {"a": 1})).status_code == 204
    assert get(emulator, UNINSTALLING)["settings"] == {"a": 1}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/name",
        "/mode",
        "/_id",
        "/settingsForm",
        "/settings~1x",
        "/version/0",
        "/flowGroupings/0",
        "/flowGroupings/0/name",
        "/flowGroupings/-/settings",
        "/flowGroupings/00/settings",
        "/installSteps/0/completed",
        "settings",
    ],
)
def test_other_fields_cannot(emulator: EmulatorUnderTest, path: str) -> None:
    before = get(emulator, SHOP)
    response = patch(emulator, SHOP, replace("/version", "3"), replace(path, "x"))
    assert response.status_code == 422
    assert [error["code"] for error in errors(response)] == ["update_not_allowed"]
    assert get(emulator, SHOP) == before


def test_pointers_are_unescaped(emulator: EmulatorUnderTest) -> None:
    settings = {"a/b": 1, "m~n": 2, "~1": 3, "": 4}
    operations = [
        replace("/settings", settings),
        replace("/settings/a~1b", 10),
        replace("/settings/m~0n", 20),
        replace("/settings/~01", 30),
        replace("/settings/", 40),
    ]
    assert patch(emulator, SHOP, *operations).status_code == 204
    assert get(emulator, SHOP)["settings"] == {"a/b": 10, "m~n": 20, "~1": 30, "": 40}


@pytest.mark.parametrize(
    "operation",
    [
        replace("/settings/nowhere/deep", 1),
        replace("/settings/nowhere", 1),
        replace("/settings/shop/letter", 1),
        replace("/settings/currencies/2", "GBP"),
        replace("/settings/currencies/x", "GBP"),
        replace("/settings/~2", 1),
        replace("/flowGroupings/2/settings", {}),
        {"op": "add", "path": "/settings/currencies/3", "value": "GBP"},
        {"op": "add", "path": "/settings/shop/letter", "value": "x"},
        {"op": "remove", "path": "/settings/nowhere"},
        {"op": "remove", "path": "/settings/shop/letter"},
        {"op": "replace", "path": "/settings"},
        {"op": "move", "path": "/settings/x"},
        {"op": "move", "from": "/settings", "path": "/settings/inside"},
        {"op": "copy", "from": "/settings/nowhere", "path": "/settings/x"},
        {"op": "test", "path": "/version", "value": "0"},
    ],
)
def test_an_impossible_patch_operation_changes_nothing(emulator: EmulatorUnderTest, operation: dict[str, Any]) -> None:
    before = get(emulator, SHOP)
    response = patch(emulator, SHOP, replace("/version", "3"), operation)
    assert response.status_code == 422
    assert errors(response)[0]["message"].startswith("The patch cannot be applied: ")
    assert get(emulator, SHOP) == before


TO_NOWHERE = "Cannot perform an `add` operation at the desired path"
NOT_THERE = "Cannot perform the operation at a path that does not exist"


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ({"op": "add", "path": "/settings/key/x", "value": 1}, TO_NOWHERE),
        ({"op": "add", "path": "/settings/zz/y", "value": 1}, TO_NOWHERE),
        ({"op": "add", "path": f"/settings/list/{'9' * 5000}", "value": 1}, TO_NOWHERE),
        ({"op": "add", "path": "/settings/list/-/x", "value": 1}, TO_NOWHERE),
        ({"op": "add", "path": "/settings/number/x", "value": 1}, TO_NOWHERE),
        (replace("/settings/zz", 1), NOT_THERE),
        (replace("/settings/number/x", 1), NOT_THERE),
        ({"op": "remove", "path": "/settings/list/2"}, NOT_THERE),
        ({"op": "test", "path": "/settings/key", "value": "another"}, "Test operation failed"),
        ({"op": "test", "path": "/settings/zz/y", "value": 1}, "Test operation failed"),
        (
            {"op": "copy", "from": "/settings/zz", "path": "/settings/x"},
            "Cannot perform the operation from a path that does not exist",
        ),
        (
            {"op": "move", "from": "/settings/list/5", "path": "/settings/x"},
            "Cannot perform the operation from a path that does not exist",
        ),
        ({"op": "move", "from": "/settings", "path": "/settings/x"}, "Cannot perform operation at the desired path"),
        (
            {"op": "copy", "path": "/settings/x"},
            "Operation `from` property is not present (applicable in `move` and `copy` operations)",
        ),
        (
            {"op": "replace", "path": "/settings/key"},
            "Operation `value` property is not present (applicable in `add`, `replace` and `test` operations)",
        ),
    ],
)
def test_the_reason_is_in_a_node_library_s_words_and_quotes_no_setting(
    emulator: EmulatorUnderTest, operation: dict[str, Any], reason: str
) -> None:
    patch(emulator, PLAIN, replace("/settings", {"key": "SECRET", "list": [1], "number": 7}))
    response = patch(emulator, PLAIN, operation)
    assert response.status_code == 422
    assert errors(response) == [{"code": "invalid_field", "message": f"The patch cannot be applied: {reason}"}]


def test_all_operations_of_the_standard_are_carried_out(emulator: EmulatorUnderTest) -> None:
    operations = [
        {"op": "test", "path": "/version", "value": "2.1.0"},
        {"op": "add", "path": "/settings/currencies/-", "value": "GBP"},
        {"op": "add", "path": "/settings/currencies/0", "value": "SEK"},
        {"op": "remove", "path": "/settings/currencies/1"},
        {"op": "copy", "from": "/version", "path": "/tag"},
        {"op": "move", "from": "/settings/shop", "path": "/settings/store"},
        {"op": "remove", "path": "/updateInProgress"},
    ]
    assert patch(emulator, SHOP, *operations).status_code == 204
    after = get(emulator, SHOP)
    assert after["settings"] == {"currencies": ["SEK", "EUR", "GBP"], "store": "acme-outdoor"}
    assert after["tag"] == "2.1.0"
    assert "updateInProgress" not in after


def test_a_switch_allows_only_replace_in_patches(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.patch_operations", "replace_only")
    emulator.switch("celigo.patch_refused_status", 400)
    response = patch(emulator, SHOP, {"op": "add", "path": "/version", "value": "3"})
    assert response.status_code == 400
    assert errors(response) == [{"code": "update_not_allowed", "message": "The operation add is not allowed."}]
    assert patch(emulator, SHOP, replace("/version", "3")).status_code == 204


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("/version", 3, 'Cast to String failed for value "3" at path "version"'),
        ("/version", 1e-7, 'Cast to String failed for value "1e-7" at path "version"'),
        ("/updateInProgress", "yes", 'Cast to Boolean failed for value "yes" at path "updateInProgress"'),
        ("/aliases", {"alias": "a"}, 'Cast to Array failed for value "{"alias":"a"}" at path "aliases"'),
        ("/aliases", None, 'Cast to Array failed for value "null" at path "aliases"'),
        ("/aliases", ["a"], 'Cast to Object failed for value "a" at path "aliases"'),
        ("/aliases", [{"alias": 5, "_flowId": PRICES}], 'Cast to String failed for value "5" at path "alias"'),
        ("/aliases", [{"alias": "a"}], "The alias must reference a resource."),
        ("/flowGroupings", "x", 'Cast to Array failed for value "x" at path "flowGroupings"'),
        ("/apiGroupings", None, 'Cast to Array failed for value "null" at path "apiGroupings"'),
        ("/apiGroupings", ["x"], 'Cast to Object failed for value "x" at path "apiGroupings"'),
        ("/apiGroupings", [{"name": 5}], 'Cast to String failed for value "5" at path "name"'),
        ("/apiGroupings", [{}], "Path `apiGroupings.0.name` is required."),
        ("/apiGroupings", [{"name": ""}], "Path `apiGroupings.0.name` is required."),
        ("/flowGroupings", [{"name": "a", "_id": "x"}], 'Cast to ObjectId failed for value "x" at path "_id"'),
        (
            "/flowGroupings",
            [{"name": "a", "settingsForm": {"init": "x"}}],
            'Cast to Object failed for value "{"init":"x"}" at path "settingsForm"',
        ),
        (
            "/apiGroupings",
            [{"name": "a", "settingsForm": {"init": {"_scriptId": "x"}}}],
            'Cast to ObjectId failed for value "x" at path "_scriptId"',
        ),
    ],
)
def test_wrong_types_are_refused(emulator: EmulatorUnderTest, path: str, value: Any, message: str) -> None:
    response = patch(emulator, SHOP, replace(path, value))
    assert response.status_code == 422
    assert errors(response)[0]["message"] == message


def test_null_unsets_a_version(emulator: EmulatorUnderTest) -> None:
    assert patch(emulator, SHOP, replace("/version", None)).status_code == 204
    assert "version" not in get(emulator, SHOP)


def test_aliases_are_checked_against_the_connections(emulator: EmulatorUnderTest) -> None:
    alias = {"alias": "shop", "_connectionId": SHOPIFY}
    assert patch(emulator, PLAIN, replace("/aliases", [alias])).status_code == 422
    emulator.call("celigo", "PUT", f"/integrations/{PLAIN}/connections/{SHOPIFY}/register")
    assert patch(emulator, PLAIN, replace("/aliases", [{**alias, "unknown": 1}])).status_code == 204
    assert get(emulator, PLAIN)["aliases"] == [alias]


def test_the_body_must_be_an_array(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("celigo", "PATCH", f"/integrations/{SHOP}", json={"op": "replace"})
    assert response.status_code == 400
    assert errors(response)[0]["message"] == "The request body must be a JSON array."


@pytest.mark.parametrize("field", ["flowGroupings", "apiGroupings"])
def test_groups_are_replaced_as_a_whole_and_each_has_an_id(emulator: EmulatorUnderTest, field: str) -> None:
    given = {"name": "Kept", "_id": "60f1a2b3c4d5e6f708192a3b", "settings": {"a": 1}}
    value = [given, {"name": "New", "colour": "red"}]
    assert patch(emulator, SHOP, replace(f"/{field}", value)).status_code == 204
    kept, made = get(emulator, SHOP)[field]
    assert kept == given
    assert made == {"name": "New", "_id": made["_id"]}
    assert len(made["_id"]) == 24


def test_groups_and_settings_are_removed(emulator: EmulatorUnderTest) -> None:
    patch(emulator, SHOP, replace("/apiGroupings", [{"name": "A"}]))
    removals = [{"op": "remove", "path": f"/{name}"} for name in ("flowGroupings", "apiGroupings", "settings")]
    assert patch(emulator, SHOP, *removals).status_code == 204
    after = get(emulator, SHOP)
    assert after["flowGroupings"] == []
    assert not after.keys() & {"apiGroupings", "settings"}
    flows = emulator.call("celigo", "GET", f"/integrations/{SHOP}/flows").json()
    assert not [flow for flow in flows if "_flowGroupingId" in flow]


@pytest.mark.parametrize("times", [23, 28, 1000])
def test_copies_that_double_are_refused_while_they_are_made(emulator: EmulatorUnderTest, times: int) -> None:
    before = get(emulator, PLAIN)
    copies = [{"op": "copy", "from": "/settings/a", "path": "/settings/a/-"}] * (times - 1)
    response = patch(emulator, PLAIN, replace("/settings", {"a": [1, 2]}), *copies)
    message = "The patch cannot be applied: it copies more than 131072 bytes of JSON"
    assert (response.status_code, errors(response)[0]["message"]) == (422, message)
    assert get(emulator, PLAIN) == before


def test_copies_within_the_bound_are_made(emulator: EmulatorUnderTest) -> None:
    copies = [{"op": "copy", "from": "/settings/a", "path": f"/settings/{number}"} for number in range(12)]
    response = patch(emulator, PLAIN, replace("/settings", {"a": "x" * 10_000}), *copies)
    assert response.status_code == 204
    assert len(get(emulator, PLAIN)["settings"]) == 13


@pytest.mark.parametrize("levels", [150, 190, 250, 900])
def test_a_patch_nests_in_steps_as_deep_as_a_body_may_at_most(emulator: EmulatorUnderTest, levels: int) -> None:
    steps = [{"op": "add", "path": "/settings" + level * "/a", "value": {}} for level in range(1, levels + 1)]
    response = patch(emulator, PLAIN, replace("/settings", {}), *steps)
    after: Any = get(emulator, PLAIN)["settings"]
    if levels <= 190:
        assert response.status_code == 204
        assert json.dumps(after) == '{"a": ' * levels + "{}" + "}" * levels
    else:
        assert response.status_code == 422
        assert errors(response)[0]["message"] == "The patch cannot be applied: it would nest deeper than 200 levels"
        assert "a" not in after


def test_a_patch_of_very_many_operations_is_refused(emulator: EmulatorUnderTest) -> None:
    response = patch(emulator, PLAIN, *[replace("/version", "1")] * 1001)
    assert response.status_code == 422
    assert errors(response)[0]["message"] == "The patch has 1001 operations; at most 1000 are taken."


def test_the_log_keeps_no_value_of_a_great_length(emulator: EmulatorUnderTest) -> None:
    for text in ("long", "x" * 20_000, "y" * 20_000, "short"):
        assert patch(emulator, PLAIN, replace("/settings", {"text": text})).status_code == 204
    entries = emulator.call("celigo", "GET", f"/integrations/{PLAIN}/audit?limit=3").json()
    changes = [entry["fieldChanges"][0] for entry in entries]
    assert changes == [
        {"fieldPath": "settings.text", "newValue": "short"},
        {"fieldPath": "settings.text"},
        {"oldValue": "long", "fieldPath": "settings.text"},
    ]


def test_an_empty_patch_is_carried_out(emulator: EmulatorUnderTest) -> None:
    assert patch(emulator, SHOP).status_code == 204
