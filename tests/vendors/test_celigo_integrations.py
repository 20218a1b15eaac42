"""Celigo's integrations: reading, listing, creating, replacing, deleting."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.vendors.celigo.collections import FLOWS
from tests.conftest import EmulatorUnderTest

PLAIN = "5fc5e0e66cfe5b44bb95de70"
SHOP = "60f1a2b3c4d5e6f708192a30"
INSTALLING = "57974ed227a82a3475cecb15"
UNINSTALLING = "5ee0b8a1d2f34b5c6d7e8f90"
EMPTY = "554155c853bb53af2900000b"
NETSUITE = "5fc5de876cfe5b44bb95dd01"
SHOPIFY = "5fc5de876cfe5b44bb95dd03"
SCRIPT = "5fd0a1b2c3d4e5f60718293a"


def get(emulator: EmulatorUnderTest, id: str) -> dict[str, Any]:
    read: dict[str, Any] = emulator.call("celigo", "GET", f"/integrations/{id}").json()
    return read


def create(emulator: EmulatorUnderTest, **fields: Any) -> dict[str, Any]:
    response = emulator.call("celigo", "POST", "/integrations", json={"name": "New", **fields})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def errors(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.json()["errors"]
    return found


def test_fields_have_the_order_of_the_live_service(emulator: EmulatorUnderTest) -> None:
    captured = [
        "_id",
        "lastModified",
        "name",
        "description",
        "readme",
        "install",
        "sandbox",
        "_registeredConnectionIds",
        "installSteps",
        "uninstallSteps",
        "flowGroupings",
        "createdAt",
    ]
    assert [name for name in get(emulator, PLAIN) if name in captured] == captured


def test_a_created_integration_has_empty_lists_and_no_mode(emulator: EmulatorUnderTest) -> None:
    made = create(emulator)
    assert list(made) == [
        "_id",
        "lastModified",
        "name",
        "install",
        "sandbox",
        "_registeredConnectionIds",
        "installSteps",
        "uninstallSteps",
        "flowGroupings",
        "createdAt",
        "lastModifiedBy",
    ]
    assert made["lastModifiedBy"] == "5f7c3a2b9d1e4c0012a4b6c1"
    assert made["createdAt"] == made["lastModified"]
    assert get(emulator, made["_id"]) == made


def test_ids_are_read_in_either_case(emulator: EmulatorUnderTest) -> None:
    assert get(emulator, PLAIN.upper())["_id"] == PLAIN


def test_the_slash_at_the_end_is_accepted(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("celigo", "GET", "/integrations/").status_code == 200
    assert emulator.call("celigo", "POST", "/integrations/", json={"name": "New"}).status_code == 201


def test_unknown_and_read_only_fields_are_dropped(emulator: EmulatorUnderTest) -> None:
    made = create(emulator, colour="red", _id="0" * 24, mode="settings", numFlows=7, createdAt="1999")
    assert "colour" not in made
    assert "mode" not in made
    assert "numFlows" not in made
    assert made["_id"] != "0" * 24
    assert emulator.exchanges()[-1].call_violations[0].pointer == "/colour"


def test_groups_are_given_ids_and_keep_those_that_they_have(emulator: EmulatorUnderTest) -> None:
    made = create(emulator, flowGroupings=[{"name": "A"}, {"name": "B", "settings": {"x": 1}}])
    groups = made["flowGroupings"]
    assert [list(group) for group in groups] == [["name", "_id"], ["name", "_id", "settings"]]
    body = {"name": "New", "flowGroupings": [groups[1], {"name": "C"}]}
    after = emulator.call("celigo", "PUT", f"/integrations/{made['_id']}", json=body).json()["flowGroupings"]
    assert after[0] == groups[1]
    assert after[1]["_id"] not in {group["_id"] for group in groups}


def test_deleting_a_group_ungroups_its_flows(emulator: EmulatorUnderTest) -> None:
    kept = get(emulator, SHOP)["flowGroupings"][0]
    body = {**get(emulator, SHOP), "flowGroupings": [kept]}
    assert emulator.call("celigo", "PUT", f"/integrations/{SHOP}", json=body).status_code == 200
    flows = emulator.call("celigo", "GET", f"/integrations/{SHOP}/flows").json()
    assert [flow.get("_flowGroupingId") for flow in flows] == [kept["_id"], kept["_id"], None]


def test_put_erases_what_is_left_out_and_keeps_what_is_read_only(emulator: EmulatorUnderTest) -> None:
    before = get(emulator, INSTALLING)
    response = emulator.call("celigo", "PUT", f"/integrations/{INSTALLING}", json={"name": "Bare"})
    assert response.status_code == 200
    after = response.json()
    assert after["installSteps"] == after["uninstallSteps"] == []
    assert "settings" not in after
    assert "version" not in after
    for name in ("_id", "_connectorId", "mode", "sandbox", "createdAt"):
        assert after[name] == before[name]
    assert after["lastModified"] > before["lastModified"]
    assert get(emulator, INSTALLING) == after


def test_put_keeps_the_registered_connections(emulator: EmulatorUnderTest) -> None:
    before = get(emulator, SHOP)["_registeredConnectionIds"]
    for body in ({"name": "Bare"}, {"name": "Bare", "_registeredConnectionIds": []}):
        response = emulator.call("celigo", "PUT", f"/integrations/{SHOP}", json=body)
        assert (response.status_code, response.json()["_registeredConnectionIds"]) == (200, before)


@pytest.mark.parametrize("field", ["flowGroupings", "apiGroupings"])
def test_the_vendors_cli_adds_a_group_and_reads_its_id(emulator: EmulatorUnderTest, field: str) -> None:
    integration = get(emulator, PLAIN)
    body = {**integration, field: [*integration.get(field, []), {"name": "Public endpoints"}]}
    made = emulator.call("celigo", "PUT", f"/integrations/{PLAIN}", json=body).json()[field][-1]
    assert made == {"name": "Public endpoints", "_id": made["_id"]}
    assert len(made["_id"]) == 24
    assert get(emulator, PLAIN)[field][-1] == made


KNOWN = {
    "syncs": True,
    "celigoAgentAutoRunMode": False,
    "resolvedAt": "2026-08-06T10:00:00.000Z",
    "childDisplayName": "West region store",
    "iLMIgnore": {"exports": ["mockOutput"]},
    "readme": "x" * 51_200,
}
"""Fields of the vendor's own command-line client."""


def test_the_fields_of_the_vendors_cli_are_stored(emulator: EmulatorUnderTest) -> None:
    made = create(emulator, **KNOWN)
    assert {name: made[name] for name in KNOWN} == KNOWN
    assert not emulator.exchanges()[-1].call_violations
    again = emulator.call("celigo", "PUT", f"/integrations/{made['_id']}", json={**made, "syncs": False}).json()
    assert {name: again[name] for name in KNOWN} == KNOWN


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"syncs": "yes"}, 'Cast to Boolean failed for value "yes" at path "syncs"'),
        ({"resolvedAt": "soon"}, 'Cast to date failed for value "soon" at path "resolvedAt"'),
        ({"iLMIgnore": []}, 'Cast to Object failed for value "[]" at path "iLMIgnore"'),
        ({"apiGroupings": [{}]}, "Path `apiGroupings.0.name` is required."),
        (
            {"readme": "x" * 51_201},
            f"Path `readme` (`{'x' * 51_201}`) is longer than the maximum allowed length (51200).",
        ),
    ],
)
def test_the_fields_of_the_vendors_cli_are_checked(
    emulator: EmulatorUnderTest, fields: dict[str, Any], message: str
) -> None:
    response = emulator.call("celigo", "POST", "/integrations", json={"name": "New", **fields})
    assert (response.status_code, [error["message"] for error in errors(response)]) == (422, [message])


def test_an_alias_references_a_lookup_cache(emulator: EmulatorUnderTest) -> None:
    alias = {"alias": "prices", "description": "Prices", "_lookupCacheId": "a" * 24}
    assert create(emulator, aliases=[alias])["aliases"] == [alias]
    assert not emulator.exchanges()[-1].call_violations


def test_a_refusal_names_the_first_hundred_errors(emulator: EmulatorUnderTest) -> None:
    aliases = [{"alias": f"a{number}"} for number in range(20_000)]
    response = emulator.call("celigo", "POST", "/integrations", json={"name": "New", "aliases": aliases})
    assert (response.status_code, len(errors(response))) == (422, 100)
    assert errors(response)[99]["field"] == "aliases.99"


def test_put_of_what_was_read_changes_nothing_but_the_date(emulator: EmulatorUnderTest) -> None:
    for listed in emulator.call("celigo", "GET", "/integrations").json():
        before = get(emulator, listed["_id"])
        response = emulator.call("celigo", "PUT", f"/integrations/{listed['_id']}", json=listed)
        assert response.status_code == 200, response.text
        moved = {"lastModified": "", "lastModifiedBy": ""}
        assert {**response.json(), **moved} == {**before, **moved}


def test_connections_are_registered_once_each_on_creation(emulator: EmulatorUnderTest) -> None:
    made = create(emulator, _registeredConnectionIds=[NETSUITE, SHOPIFY, NETSUITE])
    assert made["_registeredConnectionIds"] == [NETSUITE, SHOPIFY]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"aliases": [{"alias": "a"}]},
            {
                "code": "missing_required_field",
                "message": "The alias must reference a resource.",
                "field": "aliases.0",
            },
        ),
        (
            {"aliases": [{"alias": "a", "_connectionId": NETSUITE}]},
            {
                "code": "update_not_allowed",
                "message": "The target resource must be attached to a connection that is registered"
                " to the same integration.",
                "field": "aliases",
            },
        ),
        (
            {"aliases": [{"alias": "a", "_flowId": "5fc5e1346cfe5b44bb95df11"}]},
            {
                "code": "update_not_allowed",
                "message": "The target flow must be attached to the same integration.",
                "field": "aliases",
            },
        ),
        (
            {"aliases": [{"alias": "a", "_exportId": "#$#$#$"}]},
            {
                "code": "invalid_field",
                "message": 'Cast to ObjectId failed for value "#$#$#$" at path "_exportId"',
                "field": "aliases.0._exportId",
            },
        ),
        (
            {"aliases": [{"alias": "5fc5e1346cfe5b44bb95df11", "_scriptId": SCRIPT}]},
            {
                "code": "invalid_field",
                "message": "An alias must not look like an id.",
                "field": "aliases.0.alias",
            },
        ),
        (
            {"install": [{"url": "http://ok"}, {"url": "not a url"}]},
            {"field": "install[1].url", "message": "Install step is invalid: invalid url."},
        ),
        (
            {"settingsForm": {"init": {"_scriptId": "0" * 24}}},
            {
                "code": "invalid_ref",
                "message": "Only a script owned by the user or a script shared by the Integration App"
                " can be used at settingsForm.init._scriptId.",
                "field": "settingsForm.init._scriptId",
            },
        ),
        (
            {"flowGroupings": [{"name": "A", "settingsForm": {"init": {"_scriptId": "x"}}}]},
            {
                "code": "invalid_field",
                "message": 'Cast to ObjectId failed for value "x" at path "_scriptId"',
                "field": "flowGroupings.0.settingsForm.init._scriptId",
            },
        ),
        (
            {"aliases": [{"alias": "", "_scriptId": SCRIPT}]},
            {
                "code": "missing_required_field",
                "message": "Path `aliases.0.alias` is required.",
                "field": "aliases.0.alias",
            },
        ),
        (
            {"_registeredConnectionIds": ["f" * 24]},
            {
                "code": "invalid_ref",
                "message": "Please provide a valid _connectionId.",
                "field": "_registeredConnectionIds",
            },
        ),
    ],
)
def test_references_and_aliases_are_checked(
    emulator: EmulatorUnderTest, fields: dict[str, Any], expected: dict[str, str]
) -> None:
    response = emulator.call("celigo", "POST", "/integrations", json={"name": "New", **fields})
    assert response.status_code == 422
    assert errors(response) == [expected]


def test_an_id_of_24_characters_that_are_not_hexadecimal_may_be_an_alias(emulator: EmulatorUnderTest) -> None:
    aliases = [{"alias": "z" * 24, "_scriptId": SCRIPT}]
    assert create(emulator, aliases=aliases)["aliases"] == aliases


def test_all_faults_come_at_once(emulator: EmulatorUnderTest) -> None:
    body = {"name": "New", "aliases": [{"alias": "a"}, {"alias": "a", "_scriptId": "x"}], "install": [{"url": "x"}]}
    fields = [error["field"] for error in errors(emulator.call("celigo", "POST", "/integrations", json=body))]
    expected = ["install[0].url", "aliases.0.alias", "aliases.0", "aliases.1.alias", "aliases.1._scriptId"]
    assert fields == expected
    wrong = {"name": 5, "description": "x" * 5121}
    found = errors(emulator.call("celigo", "POST", "/integrations", json=wrong))
    assert [error["field"] for error in found] == ["description", "name"]
    assert {error["code"] for error in found} == {"invalid_field"}


def test_a_name_has_a_hundred_characters_at_most(emulator: EmulatorUnderTest) -> None:
    assert create(emulator, name="x" * 100)["name"] == "x" * 100
    response = emulator.call("celigo", "POST", "/integrations", json={"name": "x" * 101})
    assert response.status_code == 422
    assert "longer than the maximum allowed length (100)" in errors(response)[0]["message"]


def test_lists_have_figures(emulator: EmulatorUnderTest) -> None:
    listed = {one["_id"]: one for one in emulator.call("celigo", "GET", "/integrations").json()}
    names = ("numFlows", "numError", "numRegisteredConnections", "numOfflineConnections", "lastErrorAt")
    assert [listed[PLAIN].get(name) for name in names] == [3, 2, 2, 0, "2024-02-06T03:15:20.000Z"]
    assert [listed[SHOP].get(name) for name in names] == [3, 4, 3, 1, "2024-01-30T07:12:21.000Z"]
    assert [listed[EMPTY].get(name) for name in names] == [0, 0, 0, 0, None]
    assert "numFlows" not in get(emulator, PLAIN)


@pytest.mark.parametrize(("sandbox", "count"), [("true", 1), ("false", 4)])
def test_the_sandbox_is_listed_by_itself(emulator: EmulatorUnderTest, sandbox: str, count: int) -> None:
    assert len(emulator.call("celigo", "GET", f"/integrations?sandbox={sandbox}").json()) == count


def test_pages_are_linked(emulator: EmulatorUnderTest) -> None:
    base = f"{emulator.url('celigo')}/integrations"
    page = emulator.call("celigo", "GET", "/integrations?include=name&skip=2&limit=2")
    assert page.headers["link"] == (
        f'<{base}?include=name&skip=4&limit=2>; rel="next", <{base}?include=name&skip=0&limit=2>; rel="prev"'
    )
    assert "link" not in emulator.call("celigo", "GET", "/integrations?limit=5").headers
    beyond = emulator.call("celigo", "GET", "/integrations?limit=5&skip=5")
    assert beyond.json() == []
    assert beyond.headers["link"] == f'<{base}?skip=0&limit=5>; rel="prev"'


def test_the_default_page_size_is_a_switch(emulator: EmulatorUnderTest) -> None:
    for number in range(100):
        create(emulator, name=f"Number {number}")
    assert len(emulator.call("celigo", "GET", "/integrations").json()) == 100
    assert len(emulator.call("celigo", "GET", "/integrations?limit=5000").json()) == 105
    emulator.switch("celigo.default_page_size", 1000)
    assert len(emulator.call("celigo", "GET", "/integrations").json()) == 105


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("include=version", {"_id", "name", "version"}),
        ("include=name,nonsense", {"_id", "name"}),
        ("include=settings.warehouse,numFlows", {"_id", "name", "settings", "numFlows"}),
    ],
)
def test_lists_include_what_is_asked_for(emulator: EmulatorUnderTest, query: str, fields: set[str]) -> None:
    first = emulator.call("celigo", "GET", f"/integrations?{query}").json()[0]
    assert set(first) == fields
    if "settings" in fields:
        assert first["settings"] == {"warehouse": "LAX-1"}


def test_lists_exclude_what_is_not_wanted(emulator: EmulatorUnderTest) -> None:
    whole = emulator.call("celigo", "GET", "/integrations").json()[0]
    less = emulator.call("celigo", "GET", "/integrations?exclude=readme,settings.warehouse,_id,name").json()[0]
    assert set(whole) - set(less) == {"readme"}
    assert less["settings"] == {"notifyOnShort": True}


def test_exclusion_reaches_into_lists(emulator: EmulatorUnderTest) -> None:
    path = f"/integrations/{PLAIN}/flows?exclude=pageGenerators._exportId,name.first"
    first = emulator.call("celigo", "GET", path).json()[0]
    assert first["pageGenerators"] == [{"skipRetries": False}]
    assert first["name"] == "Orders to 3PL Central"


def test_empty_include_and_exclude_are_ignored(emulator: EmulatorUnderTest) -> None:
    whole = emulator.call("celigo", "GET", "/integrations").json()
    assert emulator.call("celigo", "GET", "/integrations?include=&exclude=").json() == whole
    assert emulator.call("celigo", "GET", "/integrations?include").json() == whole


def test_include_and_exclude_are_refused_together(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("celigo", "GET", "/integrations?include=name&exclude=readme")
    assert response.status_code == 400
    sentence = "Please provide either include or exclude param in the request query and not both."
    assert errors(response) == [{"code": "invalid_query_params", "message": sentence}]


@pytest.mark.parametrize("query", ["include=a*b", "exclude=a-b", "limit=0", "limit=many", "skip=-1", "sandbox=maybe"])
def test_queries_that_are_not_valid_are_refused(emulator: EmulatorUnderTest, query: str) -> None:
    response = emulator.call("celigo", "GET", f"/integrations?{query}")
    assert response.status_code == 400
    assert errors(response)[0]["code"] == "invalid_query_params"


def test_exports_always_say_their_adaptor(emulator: EmulatorUnderTest) -> None:
    first = emulator.call("celigo", "GET", f"/integrations/{PLAIN}/exports?include=apiIdentifier").json()[0]
    assert set(first) == {"_id", "name", "adaptorType", "apiIdentifier"}


def test_projection_of_one_integration_is_ignored(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("celigo", "GET", f"/integrations/{PLAIN}?include=name").json() == get(emulator, PLAIN)


def test_an_empty_list_is_204_by_a_switch(emulator: EmulatorUnderTest) -> None:
    for path in ("flows", "connections", "exports", "imports", "audit"):
        response = emulator.call("celigo", "GET", f"/integrations/{EMPTY}/{path}")
        assert (response.status_code, response.json()) == (200, [])
    emulator.switch("celigo.empty_list_status", 204)
    for path in ("flows", "connections", "exports", "imports", "audit"):
        response = emulator.call("celigo", "GET", f"/integrations/{EMPTY}/{path}")
        assert (response.status_code, response.content) == (204, b"")
    assert emulator.call("celigo", "GET", f"/integrations/{PLAIN}/flows").status_code == 200


def test_what_has_not_changed_is_304(emulator: EmulatorUnderTest) -> None:
    path = f"/integrations/{PLAIN}"
    tag = emulator.call("celigo", "GET", path).headers["etag"]
    assert tag.startswith('W/"')
    again = emulator.call("celigo", "GET", path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    emulator.call("celigo", "PATCH", path, json=[{"op": "replace", "path": "/tag", "value": "x"}])
    assert emulator.call("celigo", "GET", path, headers={"If-None-Match": tag}).status_code == 200


def test_head_has_the_tag_of_get_and_is_304(emulator: EmulatorUnderTest) -> None:
    path = f"/integrations/{PLAIN}"
    got, head = (emulator.call("celigo", method, path) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-length", "content-type"):
        assert head.headers[name] == got.headers[name]
    again = emulator.call("celigo", "HEAD", path, headers={"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.headers["etag"]) == (304, got.headers["etag"])
    assert "content-type" not in again.headers


@pytest.mark.parametrize(
    ("cache_control", "status"),
    [("no-cache", 200), ("max-age=0, no-cache", 200), ("max-age=0", 304), ("no-cache-please", 304)],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_cache_asks_for_what_has_not_changed(
    emulator: EmulatorUnderTest, method: str, cache_control: str, status: int
) -> None:
    path = f"/integrations/{PLAIN}"
    tag = emulator.call("celigo", "GET", path).headers["etag"]
    headers = {"If-None-Match": tag, "Cache-Control": cache_control}
    assert emulator.call("celigo", method, path, headers=headers).status_code == status


def test_every_response_with_a_body_has_a_tag_and_only_reads_are_304(emulator: EmulatorUnderTest) -> None:
    made = emulator.call("celigo", "POST", "/integrations", json={"name": "New"}, headers={"If-None-Match": "*"})
    missing = emulator.call("celigo", "GET", f"/integrations/{'0' * 24}", headers={"If-None-Match": "*"})
    steps = emulator.call("celigo", "GET", f"/integrations/{INSTALLING}/installSteps", headers={"If-None-Match": "*"})
    assert [response.status_code for response in (made, missing, steps)] == [201, 404, 304]
    assert all(response.headers["etag"].startswith('W/"') for response in (made, missing, steps))
    assert "etag" not in emulator.call("celigo", "DELETE", f"/integrations/{EMPTY}").headers


def test_a_deleted_integration_takes_its_flows_along(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("celigo", "DELETE", f"/integrations/{PLAIN}").status_code == 204
    assert emulator.call("celigo", "GET", f"/integrations/{PLAIN}").status_code == 404
    assert emulator.call("celigo", "GET", f"/integrations/{PLAIN}/flows").status_code == 404
    assert {flow["_integrationId"] for flow in emulator.records("celigo.flows")} == {SHOP, UNINSTALLING}
    assert len(emulator.records("celigo.exports")) == 8


def test_however_many_flows_an_integration_has_they_go_along(emulator: EmulatorUnderTest) -> None:
    flow = next(flow for flow in emulator.records("celigo.flows") if flow["_integrationId"] == PLAIN)
    more = [{**flow, "_id": f"{number:024x}"} for number in range(2100)]
    emulator.run(lambda: emulator.sandbox.run("celigo", lambda world: world[FLOWS].insert_many(more)))
    assert emulator.call("celigo", "DELETE", f"/integrations/{PLAIN}").status_code == 204
    assert PLAIN not in {flow["_integrationId"] for flow in emulator.records("celigo.flows")}
    deleted = [entry["_resourceId"] for entry in emulator.records("celigo.audit") if entry["event"] == "delete"]
    assert {flow["_id"] for flow in more} < set(deleted)


def test_deleting_an_integration_with_flows_is_refused_by_a_switch(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.delete_with_flows", "refused")
    response = emulator.call("celigo", "DELETE", f"/integrations/{PLAIN}")
    assert response.status_code == 409
    assert errors(response)[0]["code"] == "in_use"
    assert emulator.call("celigo", "DELETE", f"/integrations/{EMPTY}").status_code == 204
    assert get(emulator, PLAIN)["_id"] == PLAIN


def test_the_status_of_ids_is_a_switch(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.unknown_id_status", 422)
    assert emulator.call("celigo", "GET", f"/integrations/{'0' * 24}").status_code == 422
    emulator.switch("celigo.malformed_id_status", 404)
    assert emulator.call("celigo", "GET", "/integrations/123abc").status_code == 404
