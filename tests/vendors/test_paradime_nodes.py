"""Paradime's nodes: batches into snapshots, by the operation text of the vendor's SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from faker import Faker

from emulator.exchange import Record
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendors.paradime.collections import INTEGRATIONS, NODES, PENDING_NODES, SNAPSHOTS
from emulator.vendors.paradime.records import node_id
from tests.conftest import EmulatorUnderTest

# The SDK's operation text: the same from 0.1.0 to 6.9.0.
ADD = """
mutation addCustomIntegrationNodes($chartLikeNodes: [IntegrationNodeChartLike!]!,
        $dashboardLikeNodes: [IntegrationNodeDashboardLike!]!, $datasourceLikeNodes: [IntegrationNodeDatasourceLike!]!,
        $integrationUid: String!, $snapshotHasMoreNodes: Boolean!, $snapshotId: Int) {
  addCustomIntegrationNodes(chartLikeNodes: $chartLikeNodes, dashboardLikeNodes: $dashboardLikeNodes,
        datasourceLikeNodes: $datasourceLikeNodes, integrationUid: $integrationUid,
        snapshotHasMoreNodes: $snapshotHasMoreNodes, snapshotId: $snapshotId) { ok snapshotId } }
"""
UID, OTHER = "abc123", "3b1f8c52-6d0e-4a7b-9c41-5e2a7f90d8b6"
NOTHING: dict[str, list[Any]] = {
    "referencesToSqlTables": [],
    "referencesToNativeIntegrations": [],
    "referencesToCustomIntegrations": [],
}
LINEAGE = {
    "upstreamReferences": {
        "referencesToSqlTables": [{"database": "db", "schema": "s", "table": "t"}],
        "referencesToNativeIntegrations": [{"nodeType": "LookerLook", "nodeId": "7", "nodeName": ""}],
        "referencesToCustomIntegrations": [
            {"nodeType": "T", "integrationUid": "", "integrationName": "I", "nodeStableId": "", "nodeName": "N"}
        ],
    },
    "downstreamReferences": NOTHING,
}
FIELD = {"name": "f", "description": "", "type": "", "dataType": ""}
DASHBOARD = {
    "name": "n", "createdAt": 1704067200, "lastModifiedAt": 0, "url": "", "owner": "", "description": "", "tags": ["a"]
}  # fmt: skip
CHART = {**DASHBOARD, "fields": [FIELD]}
DATASOURCE = {
    "name": "n", "createdAt": 0, "description": "", "url": "", "database": "", "schema": "", "table": "",
    "fields": [FIELD],
}  # fmt: skip
NO_NODES: dict[str, list[Any]] = {"chartLikeNodes": [], "dashboardLikeNodes": [], "datasourceLikeNodes": []}


def node(name: str, attributes: dict[str, Any] = CHART, **given: Any) -> dict[str, Any]:
    return {"name": name, "nodeType": "T", "stableId": name, "lineage": LINEAGE, "attributes": attributes, **given}


def charts(count: int) -> list[dict[str, Any]]:
    return [node(f"chart {number}") for number in range(count)]


class Client:
    """Adds nodes as the vendor's SDK does, and looks at what the emulator has stored."""

    def __init__(self, emulator: EmulatorUnderTest) -> None:
        self.emulator = emulator

    def post(self, uid: str = UID, *, more: bool, id: int | None = None, **nodes: list[Any]) -> dict[str, Any]:
        variables = {**NO_NODES, **nodes, "integrationUid": uid, "snapshotHasMoreNodes": more, "snapshotId": id}
        response = self.emulator.call("paradime", "POST", json={"query": ADD, "variables": variables})
        assert response.status_code == 200
        result: dict[str, Any] = response.json()
        return result

    def add(self, uid: str = UID, *, more: bool, id: int | None = None, **nodes: list[Any]) -> int:
        result = self.post(uid, more=more, id=id, **nodes)
        assert list(result) == ["data"]
        payload = result["data"]["addCustomIntegrationNodes"]
        assert payload["ok"] is True
        assert type(payload["snapshotId"]) is int
        snapshot: int = payload["snapshotId"]
        return snapshot

    def error(self, uid: str = UID, *, more: bool = False, id: int | None = None, **nodes: list[Any]) -> str:
        result = self.post(uid, more=more, id=id, **nodes)
        assert result["data"] == {"addCustomIntegrationNodes": None}
        message: str = result["errors"][0]["message"]
        return message

    def inside(self, work: Callable[[World], list[Record]]) -> list[Record]:
        sandbox = self.emulator._emulator.sandboxes.default
        return self.emulator._server.run(lambda: sandbox.run("paradime", work))

    def kept(self, collection: Collection, **where: Any) -> list[Record]:
        return self.inside(lambda world: world[collection].all(where))

    def names(self, uid: str = UID) -> list[str]:
        return [each["name"] for each in self.kept(NODES, integrationUid=uid)]


@pytest.fixture
def paradime(emulator: EmulatorUnderTest) -> Client:
    return Client(emulator)


def test_all_three_kinds_of_node_are_stored_with_their_lineage(paradime: Client) -> None:
    chart, dashboard, datasource = node("a"), node("b", DASHBOARD), node("c", DATASOURCE)
    paradime.add(more=False, chartLikeNodes=[chart], dashboardLikeNodes=[dashboard], datasourceLikeNodes=[datasource])
    assert paradime.kept(NODES, integrationUid=UID) == [
        {"id": node_id(UID, kind, "T", sent["name"]), "integrationUid": UID, "kind": kind, **sent}
        for kind, sent in [("chartLike", chart), ("dashboardLike", dashboard), ("datasourceLike", datasource)]
    ]


def test_kept_nodes_keep_to_the_contract(paradime: Client) -> None:
    paradime.add(more=False, chartLikeNodes=[node("a")], dashboardLikeNodes=[node("b", DASHBOARD)])
    open_snapshot = paradime.add(more=True, datasourceLikeNodes=[node("c", DATASOURCE)])
    contract = paradime.emulator.catalogue.contracts["paradime"]
    for collection, schema in [(NODES, "node"), (PENDING_NODES, "pending-node"), (SNAPSHOTS, "snapshot")]:
        for record in paradime.kept(collection):
            assert contract.schema(f"{schema}.schema.json").violations(record, "body") == []
    assert [each["snapshotId"] for each in paradime.kept(PENDING_NODES)] == [open_snapshot]


def test_a_new_snapshot_has_the_next_id(paradime: Client) -> None:
    first = paradime.add(more=True)
    assert first > max(each["id"] for each in paradime.kept(SNAPSHOTS) if each["id"] != first)
    assert paradime.add(more=False) == first + 1


def test_further_batches_come_back_with_the_same_snapshot(paradime: Client) -> None:
    snapshot = paradime.add(more=True, chartLikeNodes=[node("a")])
    assert paradime.add(more=True, id=snapshot, chartLikeNodes=[node("b")]) == snapshot
    assert paradime.add(more=False, id=snapshot, chartLikeNodes=[node("c")]) == snapshot
    assert paradime.names() == ["a", "b", "c"]


def test_an_open_snapshot_is_not_visible(paradime: Client) -> None:
    before = paradime.names()
    paradime.add(more=True, chartLikeNodes=[node("a")])
    assert paradime.names() == before != []


def test_a_closed_snapshot_replaces_the_nodes_of_its_integration_only(paradime: Client) -> None:
    others = paradime.names(OTHER)
    paradime.add(more=False, chartLikeNodes=[node("a")])
    paradime.add(more=False, chartLikeNodes=[node("b")])
    assert paradime.names() == ["b"]
    assert paradime.names(OTHER) == others != []


def test_a_closed_snapshot_leaves_nothing_pending(paradime: Client) -> None:
    snapshot = paradime.add(more=True, chartLikeNodes=charts(10))
    paradime.add(more=False, id=snapshot)
    assert paradime.kept(PENDING_NODES) == []
    assert paradime.kept(SNAPSHOTS, id=snapshot) == [{"id": snapshot, "integrationUid": UID, "isOpen": False}]


def test_an_empty_snapshot_clears_the_integration(paradime: Client) -> None:
    paradime.add(more=False)
    assert paradime.names() == []


@pytest.mark.parametrize("count", [0, 9, 10, 11, 25])
def test_batches_of_ten_as_released_sdks_send_them(paradime: Client, count: int) -> None:
    """They make len // 10 + 1 requests, so that 0, 10, 20 … nodes end with an empty one."""
    nodes, snapshot = charts(count), None
    for start in range(0, count + 1, 10):
        more = start + 10 <= count
        snapshot = paradime.add(more=more, id=snapshot, chartLikeNodes=nodes[start : start + 10])
    assert paradime.names() == [each["name"] for each in nodes]
    assert len(paradime.emulator.exchanges()) == count // 10 + 1


@pytest.mark.parametrize("count", [0, 9, 10, 11, 25])
def test_batches_of_ten_as_the_coming_sdk_sends_them(paradime: Client, count: int) -> None:
    """It sends an empty request for 0 nodes only."""
    nodes, snapshot = charts(count), None
    for start in range(0, max(count, 1), 10):
        snapshot = paradime.add(more=start + 10 < count, id=snapshot, chartLikeNodes=nodes[start : start + 10])
    assert paradime.names() == [each["name"] for each in nodes]


def test_two_snapshots_may_be_open_at_once(paradime: Client) -> None:
    first = paradime.add(more=True, chartLikeNodes=[node("a"), node("first")])
    second = paradime.add(more=True, chartLikeNodes=[node("a"), node("second")])
    paradime.add(more=False, id=second)
    assert paradime.names() == ["a", "second"]
    paradime.add(more=False, id=first)
    assert paradime.names() == ["a", "first"]


def test_nodes_of_different_type_or_kind_may_share_a_stable_id(paradime: Client) -> None:
    same: dict[str, Any] = {"stableId": "same"}
    paradime.add(
        more=False,
        chartLikeNodes=[node("a", **same), node("b", nodeType="U", **same)],
        dashboardLikeNodes=[node("c", DASHBOARD, **same)],
    )
    assert paradime.names() == ["a", "b", "c"]


def test_a_repeated_node_in_a_snapshot_replaces_the_earlier_one(paradime: Client) -> None:
    snapshot = paradime.add(more=True, chartLikeNodes=[node("former", stableId="same")])
    paradime.add(more=False, id=snapshot, chartLikeNodes=[node("latter", stableId="same")])
    assert paradime.names() == ["latter"]


def test_node_types_and_references_are_not_checked(paradime: Client) -> None:
    paradime.add(more=False, chartLikeNodes=[node("a", nodeType="declared nowhere")])
    assert paradime.names() == ["a"]


def test_an_inactive_integration_takes_nodes(paradime: Client) -> None:
    paradime.add("def456", more=False, chartLikeNodes=[node("a")])
    assert paradime.names("def456") == ["a"]


def test_deactivation_leaves_the_nodes(paradime: Client) -> None:
    before = paradime.names()
    query = 'mutation { updateCustomIntegration(integrationUid: "abc123", active: false) { ok } }'
    paradime.emulator.call("paradime", "POST", json={"query": query})
    assert paradime.names() == before != []


def test_an_unknown_integration_is_a_graphql_error(paradime: Client) -> None:
    message = "CustomIntegrationNotFoundException: there is no custom integration with the uid 'unknown'"
    assert paradime.error("unknown") == message


def test_an_unknown_snapshot_is_a_graphql_error(paradime: Client) -> None:
    message = "SnapshotNotFoundException: the custom integration 'abc123' has no snapshot 999"
    assert paradime.error(id=999) == message


def test_the_snapshot_of_another_integration_is_unknown(paradime: Client) -> None:
    snapshot = paradime.add(more=True)
    assert paradime.error(OTHER, id=snapshot).startswith("SnapshotNotFoundException: ")


def test_a_closed_snapshot_takes_no_more_nodes(paradime: Client) -> None:
    snapshot = paradime.add(more=False, chartLikeNodes=[node("a")])
    message = f"SnapshotClosedException: snapshot {snapshot} has already taken its last nodes"
    assert paradime.error(id=snapshot, chartLikeNodes=[node("b")]) == message
    assert paradime.names() == ["a"]


def test_a_repeated_last_batch_gets_the_same_reply_if_finished_snapshots_are_ignored(paradime: Client) -> None:
    paradime.emulator.switch("paradime.finished_snapshot", "ignored")
    snapshot = paradime.add(more=False, chartLikeNodes=[node("a")])
    assert paradime.add(more=False, id=snapshot, chartLikeNodes=[node("a")]) == snapshot
    assert paradime.names() == ["a"]


def test_milliseconds_do_not_fit_a_timestamp(paradime: Client) -> None:
    late = node("a", {**CHART, "createdAt": 1704067200000})
    result = paradime.post(more=False, chartLikeNodes=[late])
    assert result["data"] is None
    assert "Int cannot represent non 32-bit signed integer value" in result["errors"][0]["message"]


@pytest.mark.parametrize("key", ["tags", "fields", "owner", "lastModifiedAt"])
def test_an_attribute_that_is_null_is_refused(paradime: Client, key: str) -> None:
    result = paradime.post(more=False, chartLikeNodes=[node("a", {**CHART, key: None})])
    assert result["data"] is None
    assert result["errors"][0]["message"].startswith("Variable '$chartLikeNodes' has invalid value")


def test_ids_of_fixture_nodes_are_those_that_their_keys_make(paradime: Client) -> None:
    for each in paradime.kept(NODES):
        assert each["id"] == node_id(each["integrationUid"], each["kind"], each["nodeType"], each["stableId"])


def test_fixture_nodes_hold_written_and_made_up_ones(paradime: Client) -> None:
    nodes = paradime.kept(NODES)
    assert len(nodes) == 5 + 6
    contract = paradime.emulator.catalogue.contracts["paradime"]
    assert [contract.schema("node.schema.json").violations(each, "body") for each in nodes] == [[]] * 11


def test_generated_nodes_work_in_an_empty_sandbox(paradime: Client) -> None:
    def make(world: World) -> list[Record]:
        world[INTEGRATIONS].delete_all()
        assert NODES.populate is not None
        return [NODES.populate(Faker(), number, world, {}) for number in range(1, 21)]

    contract = paradime.emulator.catalogue.contracts["paradime"]
    nodes = paradime.inside(make)
    assert [contract.schema("node.schema.json").violations(each, "body") for each in nodes] == [[]] * 20
    (integration,) = paradime.kept(INTEGRATIONS)
    assert {each["integrationUid"] for each in nodes} == {integration["uid"]}
    assert contract.schema("custom-integration.schema.json").violations(integration, "body") == []
