"""Paradime's integrations: create, update, list, by the operation texts of the vendor's SDK."""

from __future__ import annotations

import base64
from typing import Any

import aiohttp
import pytest
import requests

from tests.conftest import EmulatorUnderTest

# The SDK's operation texts: the same from 0.1.0 to 6.9.0.
CREATE = """
mutation addCustomIntegration($logoUrl: String, $name: String!, $nodeTypes: [IntegrationNodeTypeInfo!]!) {
  addCustomIntegration(logoUrl: $logoUrl, name: $name, nodeTypes: $nodeTypes) { ok integrationUid } }
"""
UPDATE = """
mutation updateCustomIntegration($integrationUid: String!, $name: String, $logoUrl: String,
                                 $nodeTypes: [IntegrationNodeTypeInfo!], $active: Boolean) {
  updateCustomIntegration(integrationUid: $integrationUid, name: $name, logoUrl: $logoUrl,
                          nodeTypes: $nodeTypes, active: $active) { ok } }
"""
LIST = """
query listCustomIntegrations {
  listCustomIntegrations { ok integrations { uid name isActive nodeTypes { nodeType iconName color } } } }
"""
LOGO = "{ listCustomIntegrations { integrations { uid logoBase64 } } }"
CHART = {"nodeType": "Chart", "iconName": "chart", "color": "TEAL"}
UNSET = {"name": None, "logoUrl": None, "nodeTypes": None, "active": None}
ACTIVE, INACTIVE = "abc123", "def456"


class Client:
    """Calls as the vendor's SDK does: always both keys, `query` and `variables`."""

    def __init__(self, emulator: EmulatorUnderTest) -> None:
        self.emulator = emulator

    def post(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        response = self.emulator.call("paradime", "POST", json={"query": query, "variables": variables or {}})
        assert response.status_code == 200
        result: dict[str, Any] = response.json()
        return result

    def data(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        result = self.post(query, variables)
        assert list(result) == ["data"], "a success has no key `errors`: the SDK raises where it sees one"
        data: dict[str, Any] = result["data"]
        return data

    def create(self, name: str = "New", **given: Any) -> str:
        payload = self.data(CREATE, {"logoUrl": None, "name": name, "nodeTypes": [], **given})["addCustomIntegration"]
        assert payload["ok"] is True
        uid: str = payload["integrationUid"]
        return uid

    def update(self, uid: str, **given: Any) -> None:
        assert self.data(UPDATE, {"integrationUid": uid, **UNSET, **given}) == {"updateCustomIntegration": {"ok": True}}

    def error(self, query: str, variables: dict[str, Any]) -> str:
        result = self.post(query, variables)
        assert result["data"] is not None
        assert list(result["data"].values()) == [None]
        message: str = result["errors"][0]["message"]
        return message

    def list(self) -> dict[str, Any]:
        """Return the integrations by uid."""
        payload = self.data(LIST)["listCustomIntegrations"]
        assert payload["ok"] is True
        return {integration["uid"]: integration for integration in payload["integrations"]}

    def logo(self, uid: str) -> str | None:
        integrations = self.data(LOGO)["listCustomIntegrations"]["integrations"]
        logo: str | None = next(each["logoBase64"] for each in integrations if each["uid"] == uid)
        return logo


@pytest.fixture
def paradime(emulator: EmulatorUnderTest) -> Client:
    return Client(emulator)


def test_created_integration_is_active_and_listed_last_at_once(paradime: Client) -> None:
    uid = paradime.create("New", nodeTypes=[CHART])
    assert list(paradime.list())[3:] == [uid]
    assert paradime.list()[uid] == {"uid": uid, "name": "New", "isActive": True, "nodeTypes": [CHART]}


def test_each_created_integration_has_its_own_uid(paradime: Client) -> None:
    assert paradime.create() != paradime.create()


def test_icon_and_colour_that_are_null_or_not_given_have_defaults(paradime: Client) -> None:
    uid = paradime.create(nodeTypes=[{"nodeType": "A", "iconName": None, "color": None}, {"nodeType": "B"}])
    assert paradime.list()[uid]["nodeTypes"] == [
        {"nodeType": name, "iconName": "intersection", "color": "ORANGE"} for name in ("A", "B")
    ]


@pytest.mark.parametrize("color", ["LEAF", "CYAN", "CORAL", "VIOLET", "ORANGE", "MANDY", "TEAL", "GREEN"])
def test_every_colour_of_the_sdk_is_returned(paradime: Client, color: str) -> None:
    uid = paradime.create(nodeTypes=[{"nodeType": "A", "iconName": None, "color": color}])
    assert paradime.list()[uid]["nodeTypes"][0]["color"] == color


def test_logo_is_a_png_whatever_its_url(paradime: Client) -> None:
    uid = paradime.create(logoUrl="https://example.com/logo.png")
    assert base64.b64decode(paradime.logo(uid) or "", validate=True).startswith(b"\x89PNG\r\n")


def test_integration_without_a_logo_url_has_the_default_logo(paradime: Client) -> None:
    assert paradime.logo(paradime.create()) is None


def test_update_gives_a_logo(paradime: Client) -> None:
    uid = paradime.create()
    paradime.update(uid, logoUrl="https://example.com/logo.png")
    assert paradime.logo(uid)


def test_update_with_nothing_but_nulls_changes_nothing(paradime: Client) -> None:
    before = paradime.list(), paradime.logo(ACTIVE)
    paradime.update(ACTIVE)
    assert (paradime.list(), paradime.logo(ACTIVE)) == before


def test_update_with_nothing_given_changes_nothing(paradime: Client) -> None:
    before = paradime.list()
    paradime.data('mutation { updateCustomIntegration(integrationUid: "abc123") { ok } }')
    assert paradime.list() == before


def test_update_renames(paradime: Client) -> None:
    before = paradime.list()
    paradime.update(ACTIVE, name="Renamed")
    assert paradime.list() == {**before, ACTIVE: {**before[ACTIVE], "name": "Renamed"}}


def test_updated_node_types_replace_the_former_ones(paradime: Client) -> None:
    paradime.update(ACTIVE, nodeTypes=[CHART])
    assert paradime.list()[ACTIVE]["nodeTypes"] == [CHART]


def test_update_with_an_empty_list_removes_all_node_types(paradime: Client) -> None:
    paradime.update(ACTIVE, nodeTypes=[])
    assert paradime.list()[ACTIVE]["nodeTypes"] == []


def test_deactivated_integration_stays_listed(paradime: Client) -> None:
    paradime.update(ACTIVE, active=False)
    assert paradime.list()[ACTIVE]["isActive"] is False


def test_inactive_integration_can_be_activated(paradime: Client) -> None:
    paradime.update(INACTIVE, active=True)
    assert paradime.list()[INACTIVE]["isActive"] is True


def test_update_of_an_unknown_integration_is_a_graphql_error(paradime: Client) -> None:
    message = paradime.error(UPDATE, {"integrationUid": "unknown", **UNSET})
    assert message == "CustomIntegrationNotFoundException: there is no custom integration with the uid 'unknown'"


def test_names_may_be_used_twice(paradime: Client) -> None:
    twins = [paradime.create("Sample Integration 1"), paradime.create("Sample Integration 1")]
    assert [paradime.list()[uid]["name"] for uid in twins] == ["Sample Integration 1"] * 2


class TestWhereDuplicateNamesAreRefused:
    """The switch duplicate_names: refused."""

    @pytest.fixture(autouse=True)
    def _refused(self, emulator: EmulatorUnderTest) -> None:
        emulator.switch("paradime.duplicate_names", "refused")

    def test_the_name_of_an_active_integration_cannot_be_created(self, paradime: Client) -> None:
        message = paradime.error(CREATE, {"logoUrl": None, "name": "Sample Integration 1", "nodeTypes": []})
        assert message.startswith("CustomIntegrationAlreadyExistsException: ")
        assert len(paradime.list()) == 3

    def test_the_name_of_an_active_integration_cannot_be_reused(self, paradime: Client) -> None:
        variables = {"integrationUid": paradime.create("Other"), **UNSET, "name": "Sample Integration 1"}
        assert paradime.error(UPDATE, variables).startswith("CustomIntegrationAlreadyExistsException: ")

    def test_the_name_of_an_inactive_integration_can_be_created(self, paradime: Client) -> None:
        paradime.create("Sample Integration 2")

    def test_an_inactive_namesake_cannot_be_activated(self, paradime: Client) -> None:
        paradime.create("Sample Integration 2")
        message = paradime.error(UPDATE, {"integrationUid": INACTIVE, **UNSET, "active": True})
        assert message.startswith("CustomIntegrationAlreadyExistsException: ")

    def test_an_inactive_integration_may_be_called_alike(self, paradime: Client) -> None:
        paradime.update(INACTIVE, name="Sample Integration 1")

    def test_an_integration_keeps_its_own_name(self, paradime: Client) -> None:
        paradime.update(ACTIVE, name="Sample Integration 1", active=True)


def upsert(paradime: Client, name: str) -> str:
    """Do what the SDK's upsert() does; return the uid."""
    active = {each["name"]: uid for uid, each in reversed(paradime.list().items()) if each["isActive"]}
    if name in active:
        paradime.update(active[name], name=name, nodeTypes=[CHART], active=True)
        return active[name]
    uid = paradime.create(name, nodeTypes=[CHART])
    assert paradime.list()[uid]["isActive"]
    return uid


def test_a_repeated_upsert_creates_one_integration(paradime: Client) -> None:
    assert upsert(paradime, "Streamlit") == upsert(paradime, "Streamlit")
    assert len(paradime.list()) == 4


def test_upsert_after_deactivation_makes_another(paradime: Client) -> None:
    former = upsert(paradime, "Streamlit")
    paradime.update(former, active=False)
    assert upsert(paradime, "Streamlit") != former


def test_journey_with_requests(emulator: EmulatorUnderTest) -> None:
    with requests.Session() as session:
        session.headers.update(emulator.headers("paradime"))
        created = session.post(
            emulator.url("paradime"),
            json={"query": CREATE, "variables": {"name": "Requests", "nodeTypes": [CHART]}},
            timeout=60,
        ).json()
        listed = session.post(emulator.url("paradime"), json={"query": LIST, "variables": {}}, timeout=60).json()
    uid = created["data"]["addCustomIntegration"]["integrationUid"]
    assert listed["data"]["listCustomIntegrations"]["integrations"][-1]["uid"] == uid


async def test_journey_with_aiohttp(emulator: EmulatorUnderTest) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer prdm_wsp_emulator"}) as session:
        created = {"query": CREATE, "variables": {"name": "aiohttp", "nodeTypes": [CHART]}}
        async with session.post(emulator.url("paradime"), json=created) as response:
            uid = (await response.json())["data"]["addCustomIntegration"]["integrationUid"]
        async with session.post(emulator.url("paradime"), json={"query": LIST}) as response:
            listed = await response.json()
    assert listed["data"]["listCustomIntegrations"]["integrations"][-1]["uid"] == uid
