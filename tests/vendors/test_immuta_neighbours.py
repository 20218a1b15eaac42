"""What Immuta's clients need beside dictionaries: tokens, data sources, tags."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from emulator.errors import Refusal
from emulator.exchange import Call, Record
from emulator.store.database import Store
from emulator.store.records import Records
from emulator.vendors.immuta.auth import authenticate
from tests.conftest import EmulatorUnderTest

EXCHANGE = "/bim/apikey/authenticate"
KEY = "immuta-api-key"


@pytest.mark.parametrize(
    "options",
    [
        {"json": {"apikey": KEY}},
        {"data": {"apikey": KEY}},
        {"headers": {"Authorization": KEY}},
        {"headers": {"Authorization": f"Bearer {KEY}"}},
    ],
    ids=["json", "form", "header", "bearer header"],
)
def test_api_key_exchanges_for_a_token_that_works(emulator: EmulatorUnderTest, options: dict[str, Any]) -> None:
    reply = emulator.call("immuta", "POST", EXCHANGE, rights=None, **options)
    assert reply.status_code == 200
    assert list(reply.json()) == ["authenticated", "token", "tokenExpiration"]
    assert reply.json()["authenticated"] is True
    headers = {"Authorization": f"Bearer {reply.json()['token']}"}
    assert emulator.call("immuta", "DELETE", "/dictionary/1", rights=None, headers=headers).status_code == 200


def test_each_exchange_gives_another_token_and_the_former_stays_good(emulator: EmulatorUnderTest) -> None:
    tokens = [emulator.call("immuta", "POST", EXCHANGE, json={"apikey": KEY}).json()["token"] for _ in range(2)]
    assert tokens[0] != tokens[1]
    for token in tokens:
        reply = emulator.call("immuta", "GET", "/dictionary/1", rights=None, headers={"Authorization": token})
        assert reply.status_code == 200


def test_token_is_good_for_a_day(emulator: EmulatorUnderTest) -> None:
    reply = emulator.call("immuta", "POST", EXCHANGE, json={"apikey": KEY}).json()
    expiration = datetime.fromisoformat(reply["tokenExpiration"])
    assert timedelta(hours=23) < expiration - datetime.now(UTC) <= timedelta(days=1)


def test_token_is_refused_once_it_expires() -> None:
    expiry = datetime(2030, 1, 1, tzinfo=UTC)
    token = {"id": "t", "kind": "token", "user": "2", "rights": "full", "expires_at": "2030-01-01T00:00:00.000Z"}
    call = Call("GET", "/dictionary/1", headers=CIMultiDictProxy(CIMultiDict({"authorization": "t"})))
    assert authenticate(call, {"t": token}, expiry - timedelta(seconds=1)).user == "2"
    with pytest.raises(Refusal, match="401"):
        authenticate(call, {"t": token}, expiry)


@pytest.mark.parametrize(
    "header", ["Bearer immuta-token", "immuta-token", "immuta-api-key", "Bearer immuta-api-key", "bearer  immuta-token"]
)
def test_tokens_and_keys_are_accepted_with_and_without_a_scheme(emulator: EmulatorUnderTest, header: str) -> None:
    reply = emulator.call("immuta", "GET", "/dictionary/1", rights=None, headers={"Authorization": header})
    assert reply.status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Basic immuta-token", "Token immuta-token"])
def test_other_headers_are_refused(emulator: EmulatorUnderTest, header: str) -> None:
    reply = emulator.call("immuta", "GET", "/dictionary/1", rights=None, headers={"Authorization": header})
    assert reply.json() == {
        "statusCode": 401,
        "error": "Unauthorized",
        "message": "A valid Authorization token must be provided",
    }


def test_sandbox_has_three_data_sources_each_with_a_dictionary(emulator: EmulatorUnderTest) -> None:
    page = emulator.call("immuta", "GET", "/dataSource").json()
    assert (page["count"], [hit["id"] for hit in page["hits"]]) == (3, [1, 2, 3])
    statuses = [emulator.call("immuta", "GET", f"/dictionary/{hit['id']}").status_code for hit in page["hits"]]
    assert statuses == [200, 200, 200]


@pytest.mark.parametrize(
    ("query", "count", "ids"),
    [
        ({"size": 2}, 3, [1, 2]),
        ({"size": 2, "offset": 2}, 3, [3]),
        ({"offset": 3}, 3, []),
        ({"size": 0}, 3, []),
        ({"searchText": "CUSTOMERS"}, 1, [2]),
        ({"searchText": "contact"}, 1, [2]),
        ({"searchText": "contact", "nameOnly": "True"}, 0, []),
        ({"searchText": "contact", "nameOnly": "False"}, 1, [2]),
        ({"schema": "web"}, 1, [3]),
        ({"schema": "we"}, 0, []),
        ({"mode": 0}, 3, [1, 2, 3]),
        ({"mode": 1}, 3, []),
        ({"mode": 1, "schema": "web"}, 1, []),
        ({"searchText": ""}, 3, [1, 2, 3]),
        ({"tag": "PII"}, 1, [2]),
        ({"tag": ["nothing", "PII"]}, 1, [2]),
        ({"tag": "pii"}, 0, []),
        ({"domainId": "5b0e64a6-5a3c-4f0a-9a55-8a3f7f0f2c1d"}, 1, [2]),
        ({"domainId": "nowhere"}, 0, []),
        ({"connectionString": "immuta@db.example.com:5432/app"}, 1, [1]),
        ({"connectionString": "immuta@db.example.com:5432"}, 0, []),
        ({"column": "email"}, 1, [2]),
        ({"column": ["id", "page_views"]}, 3, [1, 2, 3]),
        ({"column": ["id", "page_views"], "size": 1, "offset": 1}, 3, [2]),
        ({"blobHandlerType": "Snowflake"}, 1, [3]),
        ({"subscription": "owner"}, 2, [1, 3]),
        ({"subscription": ["owner", "expert"], "status": "passed"}, 2, [1, 2]),
        ({"status": "failed"}, 1, [3]),
        ({"dataSourceIds": [1, 3, 77]}, 2, [1, 3]),
        ({"tag": "PII", "schema": "web"}, 0, []),
    ],
)
def test_search(emulator: EmulatorUnderTest, query: dict[str, Any], count: int, ids: list[int]) -> None:
    page = emulator.call("immuta", "GET", "/dataSource", params=query).json()
    assert (page["count"], [hit["id"] for hit in page["hits"]]) == (count, ids)
    assert emulator.exchanges()[-1].violations == ()


@pytest.mark.parametrize("name", ["publicOnly", "idOnly", "tags", "Tag", "connection"])
def test_filter_that_the_contract_does_not_have_is_a_violation(emulator: EmulatorUnderTest, name: str) -> None:
    assert emulator.call("immuta", "GET", "/dataSource", params={name: "x"}).status_code == 200
    assert [found.pointer for found in emulator.exchanges()[-1].violations] == [f"/{name}"]


@pytest.mark.parametrize(
    ("query", "message", "key"),
    [
        ("dataSourceIds=1&dataSourceIds=2.5", '"dataSourceIds[1]" must be an integer', "dataSourceIds.1"),
        ("dataSourceIds=x", '"dataSourceIds" must be a number', "dataSourceIds"),
        ("status=owner", '"status" must be one of [passed, failed]', "status"),
    ],
)
def test_item_of_a_list_in_the_query_is_refused_in_joi_s_words(
    emulator: EmulatorUnderTest, query: str, message: str, key: str
) -> None:
    refused = emulator.call("immuta", "GET", f"/dataSource?{query}").json()
    assert (refused["message"], refused["validation"]) == (message, {"source": "query", "keys": [key]})


def test_hit_names_domain_and_remote_table(emulator: EmulatorUnderTest) -> None:
    hits = emulator.call("immuta", "GET", "/dataSource").json()["hits"]
    assert [(hit["domainName"], hit["remoteSchema"], hit["remoteTable"]) for hit in hits] == [
        (None, "public", "activity"),
        ("Customer Data", "crm", "customers"),
        (None, "web", "sessions"),
    ]


READ_BY_TAP_IMMUTA = [
    "name",
    "recordFormat",
    "description",
    "policyHandler",
    "sqlSchemaName",
    "sqlTableName",
    "blobHandler",
    "createdBy",
    "deleted",
    "type",
    "recordCount",
    "rowCount",
    "documentation",
    "statsExpiration",
    "id",
    "blobHandlerType",
    "policyHandlerType",
    "subscriptionType",
    "subscriptionPolicy",
    "globalPolicies",
    "status",
    "statusInfo",
    "expiration",
    "catalogMetadata",
    "workspace",
    "seeded",
    "schemaEvolutionId",
    "connectionString",
    "columnEvolutionEnabled",
    "createdAt",
    "updatedAt",
    "subscribedAsUser",
    "subscriptionId",
    "acknowledgeRequired",
    "subscriptionStatus",
    "requestedState",
    "approved",
    "subscriptionExpiration",
    "filterId",
    "subscribers",
    "tags",
    "fingerprintCreatedAt",
    "schemaEvolution",
]


@pytest.mark.parametrize("id", [1, 2, 3])
def test_data_source_has_every_field_that_the_vendor_s_tap_reads(emulator: EmulatorUnderTest, id: int) -> None:
    found = emulator.call("immuta", "GET", f"/dataSource/{id}").json()
    assert [name for name in READ_BY_TAP_IMMUTA if name not in found] == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("owner", ("owner", 99, True, True)),
        ("pending", ("pending", 99, True, False)),
        ("not_subscribed", ("not_subscribed", 99, False, False)),
        (None, ("not_subscribed", None, False, False)),
    ],
)
def test_data_source_has_the_callers_subscription(
    emulator: EmulatorUnderTest, state: str | None, expected: tuple[Any, ...]
) -> None:
    if state is not None:
        subscription = {"id": 99, "dataSource": 3, "profile": 4, "state": state}
        httpx.put(f"{emulator.root}/_emulator/state/immuta.subscriptions/99", json=subscription).raise_for_status()
    found = emulator.call("immuta", "GET", "/dataSource/3", rights="read").json()
    names = ("subscriptionStatus", "subscriptionId", "subscribedAsUser", "approved")
    assert tuple(found[name] for name in names) == expected


def test_data_source_says_what_its_record_says_of_fields_that_may_be_left_out(emulator: EmulatorUnderTest) -> None:
    record = {**emulator.records("immuta.data_sources")[0], "rowCount": 7, "seeded": True}
    httpx.put(f"{emulator.root}/_emulator/state/immuta.data_sources/1", json=record).raise_for_status()
    found = emulator.call("immuta", "GET", "/dataSource/1").json()
    assert (found["rowCount"], found["seeded"], found["documentation"]) == (7, True, None)


def test_hit_shows_what_the_asking_user_is_to_the_data_source(emulator: EmulatorUnderTest) -> None:
    def statuses(rights: str) -> list[str]:
        hits = emulator.call("immuta", "GET", "/dataSource", rights=rights).json()["hits"]
        return [hit["subscriptionStatus"] for hit in hits]

    assert statuses("full") == ["owner", "expert", "owner"]
    assert statuses("read") == ["subscribed", "subscribed", "not_subscribed"]


def test_data_source_is_a_hit_with_details(emulator: EmulatorUnderTest) -> None:
    found = emulator.call("immuta", "GET", "/dataSource/1", params={"updateStats": "false"}).json()
    hit = emulator.call("immuta", "GET", "/dataSource", params={"size": 1}).json()["hits"][0]
    only_in_a_search = {"remoteTable", "remoteSchema", "domainId", "domainName"}
    assert {name: found[name] for name in hit if name not in only_in_a_search}.items() <= hit.items()
    assert found["blobHandler"]["manualDictionary"] is False


def test_created_tags_come_back_in_order(emulator: EmulatorUnderTest) -> None:
    names = ["Address.email", "Address.work", "Address.home"]
    reply = emulator.call("immuta", "POST", "/tag", json={"tags": [{"name": name} for name in names]})
    assert reply.status_code == 200
    assert [(tag["id"], tag["name"], tag["source"]) for tag in reply.json()] == [
        (number, name, "curated") for number, name in enumerate(names, 4)
    ]


def test_an_existing_tag_is_an_overlap_and_nothing_of_the_call_is_stored(emulator: EmulatorUnderTest) -> None:
    tags = [{"name": "New"}, {"name": "PII.email"}]
    reply = emulator.call("immuta", "POST", "/tag", json={"tags": tags})
    assert reply.status_code == 400
    assert reply.json()["message"] == "Tags overlap with existing hierarchies: PII.email"
    assert emulator.call("immuta", "POST", "/tag", json={"tags": [{"name": "New"}]}).status_code == 200


def test_children_of_a_root_are_replaced_on_demand(emulator: EmulatorUnderTest) -> None:
    root = {"name": "PII", "deleteHierarchy": False}
    payload = {"rootTag": root, "tags": [{"name": "PII.phone"}]}
    assert emulator.call("immuta", "POST", "/tag", json=payload).status_code == 400
    root["deleteHierarchy"] = True
    assert emulator.call("immuta", "POST", "/tag", json=payload).status_code == 200
    again = {"tags": [{"name": "PII.email"}]}
    assert emulator.call("immuta", "POST", "/tag", json=again).status_code == 200


def test_tag_is_renamed_by_its_id(emulator: EmulatorUnderTest) -> None:
    renamed = emulator.call("immuta", "POST", "/tag", json={"tags": [{"id": 2, "name": "PII.mail"}]}).json()[0]
    assert (renamed["id"], renamed["name"], renamed["createdAt"]) == (2, "PII.mail", "2019-06-04T08:00:00.000Z")
    assert emulator.call("immuta", "POST", "/tag", json={"tags": [{"name": "PII.email"}]}).status_code == 200


def test_renaming_to_a_name_of_another_tag_overlaps(emulator: EmulatorUnderTest) -> None:
    reply = emulator.call("immuta", "POST", "/tag", json={"tags": [{"id": 2, "name": "PII.phone"}]})
    assert reply.status_code == 400


def test_a_repeated_name_in_one_call_is_an_overlap(emulator: EmulatorUnderTest) -> None:
    reply = emulator.call("immuta", "POST", "/tag", json={"tags": [{"name": "New"}, {"name": "New"}]})
    assert reply.json()["message"] == "Tags overlap with existing hierarchies: New"
    assert "New" not in [tag["name"] for tag in emulator.records("immuta.tags")]


def test_tags_cost_the_same_each_however_many_come(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    page = Records.page

    def counting(records: Records, *args: Any, **options: Any) -> list[Record]:
        found = page(records, *args, **options)
        read.append(len(found) + 1)
        return found

    monkeypatch.setattr(Records, "page", counting)
    costs = []
    for number in (100, 200):
        read.clear()
        tags = [{"name": f"{number}.{index}"} for index in range(number)]
        assert emulator.call("immuta", "POST", "/tag", json={"tags": tags}).status_code == 200
        costs.append(sum(read))
    assert costs == [100, 200]


@pytest.mark.parametrize(("tags", "on_thread"), [(1, False), (1000, True)])
def test_what_a_large_body_asks_for_is_done_on_a_thread(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch, tags: int, on_thread: bool
) -> None:
    ways: list[bool] = []
    run = Store.run

    async def watched(store: Store, *args: Any, on_thread: bool = False, **options: Any) -> Any:
        ways.append(on_thread)
        return await run(store, *args, on_thread=on_thread, **options)

    monkeypatch.setattr(Store, "run", watched)
    # Refused, so that a call does little.
    payload = {"tags": [{"name": "PII.email"}] * tags}
    assert emulator.call("immuta", "POST", "/tag", json=payload).status_code == 400
    assert ways == [on_thread]
