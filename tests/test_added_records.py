"""Records of which only some fields are given: the others are generated."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from emulator.app import Emulator
from emulator.catalogue import Catalogue, read_catalogue
from emulator.client import Client, EmulatorError, SandboxClient
from emulator.settings import read_settings
from emulator.testing import in_loop
from emulator.testing.suite import Wanted
from tests.control import Control, controlled

CATALOGUE = read_catalogue()
COLLECTIONS = {one.name: one for vendor in CATALOGUE.vendors.values() for one in vendor.collections if one.schema}

NUMBERS = count(1)


@pytest.fixture(scope="module")
def client(catalogue: Catalogue) -> Iterator[Client]:
    with controlled(catalogue) as (_, control), Client(control.url) as client:
        yield client


@pytest.fixture
def sandbox(client: Client) -> Iterator[SandboxClient]:
    with client.create_sandbox("alpha") as sandbox:
        yield sandbox


def problems(catalogue: Catalogue, name: str, record: dict[str, Any]) -> list[Any]:
    """Return what is wrong with a record of a collection."""
    schema = COLLECTIONS[name].schema
    assert schema
    return catalogue.contracts[name.partition(".")[0]].schema(schema).violations(record, "body")


def test_a_record_is_whole_with_the_fields_that_were_given(sandbox: SandboxClient, catalogue: Catalogue) -> None:
    integrations = sandbox.state("secoda.integrations")
    before = len(integrations)
    record = integrations.add(name="Mine", type="snowflake")
    assert (record["name"], record["type"]) == ("Mine", "snowflake")
    assert problems(catalogue, "secoda.integrations", record) == []
    assert integrations.get(record["id"]) == record
    assert len(integrations) == before + 1
    listed = httpx.get(f"{sandbox.secoda.url}/integration/integrations/{record['id']}", headers=sandbox.secoda.headers)
    assert listed.json()["name"] == "Mine"


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_collection_takes_a_record_of_which_nothing_is_given(
    client: Client, catalogue: Catalogue, name: str
) -> None:
    added = []
    for _ in range(2):
        with client.create_sandbox("alpha") as sandbox:
            records = sandbox.state(name)
            # Those that belong to another record replace an existing one.
            for record in list(records)[:2] if not name.endswith("credentials") else ():
                records.delete(record[records._key()])
            before = len(records)
            added.append(records.add())
            assert problems(catalogue, name, added[-1]) == []
            assert len(records) == before + 1
    assert added[0] == added[1]


@settings(max_examples=60)
@drawn(st.data())
def test_any_part_of_a_record_is_completed_to_a_valid_one_that_has_it(client: Client, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in COLLECTIONS if not name.endswith(".credentials")]))
    collection, contract = COLLECTIONS[name], CATALOGUE.contracts[name.partition(".")[0]]
    example = contract.schemas.documents[contract.schema(str(collection.schema)).address]["examples"][0]
    # Which attributes a node of Paradime has depends on its kind.
    own = [field for field in example if field not in (collection.key, *collection.references, "attributes", "kind")]
    given = {field: example[field] for field in data.draw(st.sets(st.sampled_from(own)) if own else st.just(set()))}
    with client.create_sandbox(f"property-{next(NUMBERS)}") as sandbox:
        records = sandbox.state(name)
        for record in list(records)[:1]:
            records.delete(record[collection.key])
        added = records.add(given)
        assert {field: added[field] for field in given} == given
        assert problems(CATALOGUE, name, added) == []
        assert records.get(added[collection.key]) == added


def test_records_that_are_added_at_the_same_time_are_different_ones(client: Client) -> None:
    with client.create_sandbox("race") as sandbox, ThreadPoolExecutor(8) as threads:
        before = len(sandbox.state("immuta.data_sources"))
        ids = [one["id"] for one in threads.map(lambda _: sandbox.state("immuta.data_sources").add(), range(40))]
        assert len(set(ids)) == 40
        assert len(sandbox.state("immuta.data_sources")) == before + 40
        assert {one["dataSource"] for one in sandbox.state("immuta.dictionaries")} >= set(ids)


def test_another_seed_generates_another_record(client: Client) -> None:
    made = []
    for seed in (1, 2, 1):
        with client.create_sandbox("alpha", seed=seed) as sandbox:
            made.append(sandbox.state("secoda.integrations").add(name="Mine"))
    assert made[0] == made[2] != made[1]


def test_several_are_added_together_or_not_at_all(sandbox: SandboxClient) -> None:
    integrations = sandbox.state("celigo.integrations")
    before = list(integrations)
    added = integrations.add_many([{"name": "One"}, {"name": "Two", "sandbox": True}])
    assert [record["name"] for record in added] == ["One", "Two"]
    assert list(integrations) == [*before, *added]
    taken = added[0]["_id"]
    for wrong in ({"name": 3}, {"_id": taken}, {"_id": "not an id"}, {"nmae": "x"}):
        with pytest.raises(EmulatorError):
            integrations.add_many([{"name": "Three"}, wrong])
        assert list(integrations) == [*before, *added]
    assert integrations.add_many([]) == []


def test_linked_records_are_added_and_rolled_back_with_their_record(sandbox: SandboxClient) -> None:
    source = sandbox.state("immuta.data_sources").add(id=4711, name="Orders")
    assert [one for one in sandbox.state("immuta.dictionaries") if one["dataSource"] == 4711]
    assert [one["state"] for one in sandbox.state("immuta.subscriptions") if one["dataSource"] == 4711] == ["owner"]
    before = sandbox.snapshot()
    with pytest.raises(EmulatorError, match="violates the schema"):
        sandbox.state("immuta.data_sources").add(name=1)
    assert not sandbox.changes(before)
    assert source["id"] == 4711


def test_a_node_belongs_to_the_integration_that_is_given(sandbox: SandboxClient) -> None:
    integration = sandbox.state("paradime.integrations").add(name="Mine")
    nodes = sandbox.state("paradime.nodes").add_many({"integrationUid": integration["uid"]} for _ in range(3))
    assert {node["integrationUid"] for node in nodes} == {integration["uid"]}
    query = "query($u: String!) {listCustomIntegrations {integrations {uid name}}}".replace("($u: String!) ", "")
    reply = httpx.post(sandbox.paradime.url, headers=sandbox.paradime.headers, json={"query": query})
    assert {"uid": integration["uid"], "name": "Mine"} in reply.json()["data"]["listCustomIntegrations"]["integrations"]
    chart = sandbox.state("paradime.nodes").add(kind="chartLike", name="Orders by month")
    assert (chart["kind"], chart["stableId"]) == ("chartLike", "orders-by-month")
    assert "fields" in chart["attributes"]


def test_a_reference_names_a_record_that_is_there(sandbox: SandboxClient) -> None:
    revision = sandbox.state("celigo.revisions").add()
    assert revision["_integrationId"] in {one["_id"] for one in sandbox.state("celigo.integrations")}
    for integration in sandbox.state("celigo.integrations"):
        sandbox.state("celigo.integrations").delete(integration["_id"])
    with pytest.raises(EmulatorError) as problem:
        sandbox.state("celigo.revisions").add()
    said = "_integrationId cannot be generated: it is the id of a record of celigo.integrations; none is left."
    assert (problem.value.status, str(problem.value)) == (422, said)
    assert sandbox.state("celigo.revisions").add(_integrationId="5fc5e0e66cfe5b44bb95de70")


def test_a_credential_can_be_presented_at_once(sandbox: SandboxClient) -> None:
    credential = sandbox.state("secoda.credentials").add(id="mine", rights="read")
    headers = {"Authorization": f"Bearer {credential['id']}"}
    url = f"{sandbox.secoda.url}/integration/integrations"
    assert httpx.get(url, headers=headers).status_code == 200
    assert httpx.post(url, headers=headers, json={"name": "x"}).status_code == 403


def test_an_invalid_record_has_to_be_forced(sandbox: SandboxClient) -> None:
    integrations = sandbox.state("secoda.integrations")
    with pytest.raises(EmulatorError, match="force=True"):
        integrations.add(name=7)
    assert integrations.add({"name": 7}, force=True)["name"] == 7
    with pytest.raises(EmulatorError) as problem:
        sandbox.state("secoda.credentials").add(rights="all", force=True)
    assert "force" not in str(problem.value)


def test_an_id_in_use_is_a_conflict(sandbox: SandboxClient) -> None:
    integrations = sandbox.state("secoda.integrations")
    record = integrations.add(name="Mine")
    for add in (integrations.add, lambda one: integrations.add_many([one, {"id": "x"}])):
        with pytest.raises(EmulatorError, match="already, or it is given twice") as problem:
            add(record)
        assert problem.value.status == 409


def test_populate_returns_what_it_adds(sandbox: SandboxClient) -> None:
    integrations = sandbox.state("secoda.integrations")
    before = list(integrations)
    added = integrations.populate(3)
    assert len(added) == 3
    assert [one for one in integrations if one not in before and one not in added] == []
    assert integrations.add(name="After") not in added


def test_added_records_are_stored_in_a_file(catalogue: Catalogue, tmp_path: Path) -> None:
    file = str(tmp_path / "kept.db")
    made: list[Any] = []
    for _ in range(2):
        with controlled(catalogue, database=file) as (_, control), Client(control.url) as client:
            integrations = client.sandbox().state("secoda.integrations")
            made.append(integrations.add(name="Mine"))
            assert [one for one in integrations if one in made] == sorted(
                made, key=lambda one: (one["created_at"], one["id"])
            )
    assert made[0]["id"] != made[1]["id"]


async def test_in_the_loop_of_a_test(catalogue: Catalogue, aiohttp_client: Any) -> None:
    emulator = Emulator(read_settings({}), catalogue)
    server = (await aiohttp_client(in_loop.InLoopServer(emulator))).server
    running = await in_loop.begin(emulator, server, Wanted())
    record = await running.control("POST", "/state/secoda.integrations", {"name": "Mine"})
    assert record["name"] == "Mine"


def test_a_body_is_one_record_unless_records_is_all_that_it_has(client: Client) -> None:
    with client.create_sandbox("alpha") as sandbox, httpx.Client() as http:
        control = Control(sandbox.api.url, http)
        path = "/sandboxes/alpha/state/celigo.connections"
        one = control.ask("POST", path, json={"records": [], "name": "With a field of that name"})
        assert (one.status_code, one.json()["records"]) == (201, [])
        assert control.ask("POST", path, json={"records": "text"}).json()["records"] == "text"
        several = control.ask("POST", path, json={"records": [{"name": "a"}]})
        assert (several.status_code, len(several.json()["records"])) == (201, 1)
