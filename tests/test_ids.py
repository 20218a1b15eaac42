"""An id that exists is drawn again: a run's records can be the next run's fixtures."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from emulator.catalogue import Catalogue
from emulator.exchange import Record
from emulator.sandbox.templates import seeded_faker
from emulator.store.collection import Collection
from emulator.store.populating import add_more, populate, populated_by_example
from emulator.store.world import World
from tests.conftest import EmulatorUnderTest
from tests.control import Control, controlled

GRAPHQL_TYPE = {"nodeType": "Dashboard", "iconName": "dashboard", "color": "LEAF"}
ADD = "mutation($n: String!, $t: [NodeTypeInput!]!) {addCustomIntegration(name: $n, nodeTypes: $t) {ok integrationUid}}"
PARADIME = {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret"}
CREATED = "5fc5e0e66cfe5b44bb95de70"
CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"
FILE = {"file": ("a.csv", "col_name,database,schema,name\na,b,c,d\n")}


def create(control: Control) -> list[Any]:
    """Create a record of every kind of every vendor; return the ids."""

    def ask(vendor: str, path: str, **options: Any) -> Any:
        headers = options.pop("headers", {"Authorization": f"Bearer {vendor}-token"})
        response = control.client.post(f"{control.url}/{vendor}{path}", headers=headers, **options)
        assert response.is_success, f"{path}: {response.status_code} {response.text}"
        return response.json() if response.content else {}

    variables = {"n": f"Made {len(records(control, 'paradime.integrations'))}", "t": [GRAPHQL_TYPE]}
    added = ask("paradime", "/graphql", headers=PARADIME, json={"query": ADD, "variables": variables})
    ask("secoda", f"/api/v1/integration/integrations/{CUSTOM}/import_metadata", files=FILE)
    return [
        added["data"]["addCustomIntegration"]["integrationUid"],
        ask("secoda", "/api/v1/integration/integrations", json={"name": "Made"})["id"],
        ask("immuta", "/tag", json={"tags": [{"name": f"Made {len(records(control, 'immuta.tags'))}"}]})[0]["id"],
        ask("immuta", "/bim/apikey/authenticate", json={"apikey": "immuta-api-key"})["token"],
        ask("celigo", "/v1/integrations", json={"name": "Made"})["_id"],
        ask("celigo", f"/v1/integrations/{CREATED}/revisions/create", json={})["_id"],
    ]


def records(control: Control, collection: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = control.done("GET", f"/state/{collection}?limit=10000")["records"]
    return found


def everything(control: Control) -> dict[str, list[dict[str, Any]]]:
    names = [one["collection"] for one in control.done("GET", "/state")["collections"]]
    return {name: records(control, name) for name in names}


FROZEN = {"now": "2030-01-01T00:00:00Z", "frozen": True}


def test_records_of_a_run_as_fixtures_take_the_same_calls_again(tmp_path: Path, catalogue: Catalogue) -> None:
    with controlled(catalogue) as (_, control):
        control.done("PUT", "/clock", json=FROZEN)
        made = create(control) + create(control)
        for name, kept in everything(control).items():
            vendor, _, collection = name.partition(".")
            (tmp_path / vendor).mkdir(exist_ok=True)
            (tmp_path / vendor / f"{collection}.yaml").write_text(json.dumps({"records": kept}))
    with controlled(catalogue, fixtures=str(tmp_path)) as (_, control):
        control.done("PUT", "/clock", json=FROZEN)
        again = create(control) + create(control)
    assert len({str(id) for id in (*made, *again)}) == len(made) + len(again)


def test_a_record_under_the_next_id_to_be_drawn_does_not_block_creation(catalogue: Catalogue) -> None:
    path = "/state/secoda.integrations"
    with controlled(catalogue) as (_, control):
        control.done("POST", "/snapshots", json={"name": "before"})
        for _ in range(3):
            control.done("POST", "/snapshots/before/restore")
            made = create(control)[1]
            (record,) = (one for one in records(control, "secoda.integrations") if one["id"] == made)
            control.done("POST", "/snapshots/before/restore")
            control.done("PUT", f"{path}/{made}", json=record)
            control.done("POST", "/snapshots", json={"name": "before"})
            assert create(control)[1] != made


@pytest.mark.parametrize(
    "collection",
    [
        "secoda.integrations",
        "celigo.integrations",
        "celigo.audit",
        "paradime.integrations",
        "paradime.nodes",
        "immuta.data_sources",
    ],
)
def test_populating_again_what_an_earlier_run_has_populated_adds_as_many(
    tmp_path: Path, catalogue: Catalogue, collection: str
) -> None:
    wanted = {"collection": collection, "count": 20}
    vendor, _, name = collection.partition(".")
    with controlled(catalogue) as (_, control):
        before = len(records(control, collection))
        control.done("POST", "/state/populate", json=wanted)
        kept = records(control, collection)
        (tmp_path / vendor).mkdir()
        (tmp_path / vendor / f"{name}.yaml").write_text(json.dumps({"records": kept}))
    with controlled(catalogue, fixtures=str(tmp_path)) as (_, control):
        for number in (1, 2):
            control.done("POST", "/state/populate", json=wanted)
            assert len(records(control, collection)) == before + 20 + number * 20


@pytest.fixture
def same() -> Collection:
    return Collection("secoda.syncs", populate=lambda fake, number, world, given: {"id": "always this"})


def test_drawing_stops_when_every_draw_is_in_use(emulator: EmulatorUnderTest, same: Collection) -> None:
    def draw(world: World) -> str:
        world[same].insert({"id": "always this"})
        return world.new_id(same, lambda: "always this")

    def make(world: World) -> None:
        world[same].insert({"id": "always this"})
        populate(world, same, None, 1, 1)  # type: ignore[arg-type]

    for work in (draw, make):
        with pytest.raises(LookupError, match=r"for secoda\.syncs"):
            emulator.run(partial(emulator.sandbox.run, "secoda", work))


def test_a_key_of_several_fields_is_generated_from_an_example(emulator: EmulatorUnderTest) -> None:
    parents = Collection("immuta.data_sources")
    child = Collection("immuta.tags", key="_key", key_of=("parent", "name"), references={"parent": parents})
    able = populated_by_example(child, lambda: {"parent": 1, "name": "red", "color": "x"})

    def make(world: World) -> list[Record]:
        return add_more(world, able, [{}, {}, {"name": "blue"}], partial(seeded_faker, 1))

    added = emulator.run(partial(emulator.sandbox.run, "immuta", make))
    known = {record["id"] for record in emulator.records("immuta.data_sources")}
    assert all(record["_key"] == f"{record['parent']},{record['name']}" for record in added)
    assert {record["parent"] for record in added} <= known
    assert (len({record["name"] for record in added}), added[2]["name"]) == (3, "blue")
