"""What has changed in a sandbox's records since its beginning, or since a snapshot."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.client import ABSENT, Client, Difference, EmulatorError
from emulator.exchange import NOTHING
from emulator.sandbox.changes import differences
from emulator.settings import read_settings
from emulator.testing import in_loop
from emulator.testing.suite import Wanted
from tests.control import Control, controlled

SECODA = {"Authorization": "Bearer secoda-token"}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.text("a/~", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a/~0", max_size=2), inner, max_size=3),
    max_leaves=8,
)


def patched(document: Any, pointer: str, after: Any) -> Any:
    """Put a value at a place of a document, or remove what is at the end of an array or in an object."""
    if not pointer:
        return after
    *above, last = [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]
    place = document
    for step in above:
        place = place[int(step) if isinstance(place, list) else step]
    key: Any = int(last) if isinstance(place, list) else last
    if after is NOTHING:
        del place[key]
    elif isinstance(place, list) and key == len(place):
        place.append(after)
    else:
        place[key] = after
    return document


def same(one: Any, other: Any) -> bool:
    """Compare as JSON does: 1, 1.0 and true differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


@given(before=JSON, after=JSON)
def test_differences_lead_from_one_document_to_the_other(before: Any, after: Any) -> None:
    found = list(differences(before, after))
    document = copy.deepcopy(before)
    # Items are removed from the end of an array, the last one first.
    for one in sorted(found, key=lambda one: one.after is NOTHING):
        if one.after is not NOTHING:
            document = patched(document, one.pointer, one.after)
    for one in reversed(found):
        if one.after is NOTHING:
            document = patched(document, one.pointer, NOTHING)
    assert same(document, after)
    assert bool(found) is not same(before, after)


# Over HTTP


@pytest.fixture(scope="module")
def running(catalogue: Catalogue) -> Iterator[tuple[Emulator, Control]]:
    with controlled(catalogue) as (emulator, control):
        yield emulator, control


@pytest.fixture
def control(running: tuple[Emulator, Control]) -> Iterator[Control]:
    emulator, control = running
    yield control
    for sandbox in emulator.sandboxes:
        if sandbox.name != "default":
            control.done("DELETE", f"/sandboxes/{sandbox.name}")
    control.done("POST", "/reset")


def changed(control: Control, sandbox: str = "default", **query: Any) -> dict[str, Any]:
    """Return the changes by collection."""
    listed = control.done("GET", f"/sandboxes/{sandbox}/changes", params=query)["collections"]
    return {one.pop("collection"): one for one in listed}


def integrations(control: Control, sandbox: str = "default") -> list[dict[str, Any]]:
    page = control.done("GET", f"/sandboxes/{sandbox}/state/secoda.integrations?limit=1000")
    found: list[dict[str, Any]] = page["records"]
    return found


def test_an_unused_sandbox_has_no_changes(control: Control) -> None:
    for wanted in ({}, {"seed": 7}, {"scenarios": ["*/empty-world", "*/outage"]}, {"from": "default"}):
        control.sandbox(name="alpha", **wanted)
        assert changed(control, "alpha") == {}
        control.done("POST", "/sandboxes/alpha/reset")
        assert changed(control, "alpha") == {}
        control.done("DELETE", "/sandboxes/alpha")


def test_added_removed_and_changed_records_are_distinguished(control: Control) -> None:
    first, second, *_ = integrations(control)
    url = f"{control.url}{INTEGRATIONS}"
    made = httpx.post(url, headers=SECODA, json={"name": "Mine"}).json()["id"]
    assert httpx.delete(f"{url}/{first['id']}", headers=SECODA).is_success
    renamed = {**second, "name": "Renamed", "properties": {"a/b": 1}}
    control.done("PUT", f"/state/secoda.integrations/{second['id']}", json=renamed)
    found = changed(control)["secoda.integrations"]
    assert [record["id"] for record in found["added"]] == [made]
    assert found["added"] == [record for record in integrations(control) if record["id"] == made]
    assert found["removed"] == [first]
    assert found["changed"] == [
        {
            "id": second["id"],
            "differences": [
                {"pointer": "/name", "before": second["name"], "after": "Renamed"},
                {"pointer": "/properties/a~1b", "after": 1},
            ],
        }
    ]
    assert found["counts"] == {"added": 1, "removed": 1, "changed": 1}


def test_a_rolled_back_change_is_not_listed(control: Control) -> None:
    record = integrations(control)[0]
    path = f"/state/secoda.integrations/{record['id']}"
    control.done("PUT", path, json={**record, "name": "Renamed"})
    control.done("PUT", path, json=dict(reversed(record.items())))
    assert changed(control) == {}


def test_changes_since_a_snapshot_are_those_after_it(control: Control) -> None:
    url = f"{control.url}{INTEGRATIONS}"
    httpx.post(url, headers=SECODA, json={"name": "Before"})
    control.done("POST", "/snapshots", json={"name": "before"})
    assert changed(control, since="before") == {}
    httpx.post(url, headers=SECODA, json={"name": "After"})
    assert [one["name"] for one in changed(control, since="before")["secoda.integrations"]["added"]] == ["After"]
    assert changed(control)["secoda.integrations"]["counts"]["added"] == 2
    control.done("POST", "/snapshots/before/restore")
    assert changed(control, since="before") == {}
    assert changed(control)["secoda.integrations"]["counts"]["added"] == 1
    control.done("POST", "/reset")
    assert changed(control) == {}
    assert changed(control, since="before")["secoda.integrations"]["counts"]["removed"] == 1


def test_the_beginning_is_after_the_scenarios_it_began_with(control: Control) -> None:
    control.sandbox(name="alpha", scenarios=["secoda/empty-world"])
    httpx.post(f"{control.url}/~alpha{INTEGRATIONS}", headers=SECODA, json={"name": "Mine"})
    found = changed(control, "alpha")
    assert list(found) == ["secoda.integrations"]
    assert found["secoda.integrations"]["counts"] == {"added": 1, "removed": 0, "changed": 0}
    # What a scenario changes later is a change.
    control.done("PUT", "/sandboxes/alpha/scenarios/celigo/empty-world")
    assert changed(control, "alpha")["celigo.integrations"]["counts"]["removed"] > 1


def test_a_copy_begins_with_what_was_copied(control: Control) -> None:
    httpx.post(f"{control.url}{INTEGRATIONS}", headers=SECODA, json={"name": "Before"})
    control.sandbox(name="alpha", **{"from": "default"})
    httpx.post(f"{control.url}/~alpha{INTEGRATIONS}", headers=SECODA, json={"name": "After"})
    assert [one["name"] for one in changed(control, "alpha")["secoda.integrations"]["added"]] == ["After"]


def test_graphql_mutations_are_changes_like_others(control: Control) -> None:
    vendor = control.done("GET", "/sandboxes/default")["vendors"]["paradime"]
    add = 'mutation {addCustomIntegration(name: "Mine", nodeTypes: []) {ok integrationUid}}'
    response = httpx.post(vendor["base_url"], headers=vendor["headers"], json={"query": add})
    uid = response.json()["data"]["addCustomIntegration"]["integrationUid"]
    assert [one["uid"] for one in changed(control)["paradime.integrations"]["added"]] == [uid]


def test_of_many_the_first_are_listed_and_all_are_counted(control: Control) -> None:
    count = len(integrations(control))
    for record in integrations(control)[:5]:
        control.done("PUT", f"/state/secoda.integrations/{record['id']}", json={**record, "name": "Renamed"})
    control.done("POST", "/state/populate", json={"collection": "secoda.integrations", "count": 120})
    found = changed(control)["secoda.integrations"]
    assert (len(found["added"]), found["counts"]["added"], found["counts"]["changed"]) == (100, 120, 5)
    found = changed(control, limit=3)["secoda.integrations"]
    assert [len(found[kind]) for kind in ("added", "removed", "changed")] == [3, 0, 3]
    assert changed(control, limit=0)["secoda.integrations"]["counts"] == {"added": 120, "removed": 0, "changed": 5}
    with Client(control.url) as client:
        lines = str(client.sandbox().changes())
        assert lines.count("\n  + ") == 120
        assert lines.count("Renamed") == 5
    assert count == len(integrations(control)) - 120


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"since": "befor"}, 404, "Unknown snapshot 'befor'"),
        ({"limit": 1001}, 422, "limit"),
        ({"masked": "maybe"}, 422, "masked"),
    ],
)
def test_what_cannot_be_is_refused(control: Control, query: Any, status: int, said: str) -> None:
    response = control.refused("GET", "/changes", params=query)
    assert response[0] == status
    assert said in response[1]


def test_masked_changes_have_no_credentials(control: Control) -> None:
    record = integrations(control)[0]
    secrets = {"credentials": {"password": "hunter2-hunter2"}, "properties": {"api_key": "k3y-k3y-k3y"}}
    control.done("PUT", f"/state/secoda.integrations/{record['id']}?force=true", json={**record, **secrets})
    credential = {"id": "a-new-secret-token", "user": "u", "rights": "full"}
    control.done("PUT", "/state/secoda.credentials/a-new-secret-token", json=credential)
    shown = control.ask("GET", "/changes", params={"masked": True})
    for secret in ("hunter2", "k3y-", "a-new-secret"):
        assert secret in control.ask("GET", "/changes").text
        assert secret not in shown.text
    found = {one["collection"]: one for one in shown.json()["collections"]}
    assert found["secoda.credentials"]["counts"]["added"] == 1
    assert found["secoda.credentials"]["added"] == []
    assert found["secoda.integrations"]["counts"]["changed"] == 1


# The client


def test_client_gives_changes_by_collection(control: Control) -> None:
    with Client(control.url) as client, client.create_sandbox("alpha") as sandbox:
        assert not sandbox.changes()
        assert (str(sandbox.changes()), repr(sandbox.changes())) == ("", "<no changes>")
        records = sandbox.state("celigo.scripts")
        script = records.list()[0]
        records.put({**script, "name": "Renamed"})
        before = sandbox.snapshot("before")
        records.delete(script["_id"])
        changes = sandbox.changes()
        assert list(changes) == ["celigo.scripts"]
        assert changes["celigo.scripts"].removed == [script]
        assert str(changes).startswith("celigo.scripts\n  - {")
        since = [sandbox.changes(since) for since in (before, "before")]
        assert since[0]["celigo.scripts"].removed == since[1]["celigo.scripts"].removed != [script]
        with pytest.raises(EmulatorError, match="Unknown snapshot 'other'"):
            sandbox.changes("other")


def test_client_distinguishes_absent_from_null(control: Control) -> None:
    with Client(control.url) as client, client.create_sandbox("alpha") as sandbox:
        records = sandbox.state("celigo.scripts")
        script = records.list()[0]
        records.put({**script, "content": None, "name": "Renamed"}, force=True)
        (change,) = sandbox.changes()["celigo.scripts"].changed
        assert change.id == script["_id"]
        before = script.get("content", ABSENT)
        assert set(change.differences) == {
            Difference("/content", before, None),
            Difference("/name", script["name"], "Renamed"),
        }
        assert f'  ~ {script["_id"]} /name: "{script["name"]}" -> "Renamed"' in str(sandbox.changes()).splitlines()
        assert repr(ABSENT) == "ABSENT"


# Neighbours


def test_after_fixtures_have_changed_an_older_sandbox_keeps_its_beginning(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "secoda").mkdir()
    emulator = Emulator(read_settings({"port": 0, "access_log": False, "fixtures": str(tmp_path)}), catalogue)

    async def run() -> None:
        await emulator.start()
        sandbox = await emulator.sandboxes.create("alpha")
        content = await sandbox.store.dump()
        (tmp_path / "secoda" / "integrations.yaml").write_text("records: []\n")
        fixtures = emulator.fixtures()
        await emulator.apply_reload(catalogue, fixtures, emulator.read_scenarios(catalogue, fixtures))
        assert await emulator.sandboxes.beginning(sandbox) == content
        again = await emulator.sandboxes.reset("alpha")
        assert await emulator.sandboxes.beginning(again) == await again.store.dump() != content
        await emulator.close()

    asyncio.run(run())


def test_default_that_is_kept_in_a_file_has_changed_since_it_was_made(catalogue: Catalogue, tmp_path: Path) -> None:
    file = str(tmp_path / "kept.db")
    for count in (1, 2):
        with controlled(catalogue, database=file) as (_, control):
            httpx.post(f"{control.url}{INTEGRATIONS}", headers=SECODA, json={"name": "Mine"})
            assert changed(control)["secoda.integrations"]["counts"] == {"added": count, "removed": 0, "changed": 0}
            if count == 2:
                control.done("POST", "/reset")
                assert changed(control) == {}


async def test_in_the_loop_of_a_test(catalogue: Catalogue, aiohttp_client: Any) -> None:
    emulator = Emulator(read_settings({}), catalogue)
    server = (await aiohttp_client(in_loop.InLoopServer(emulator))).server
    running = await in_loop.begin(emulator, server, Wanted())
    assert await running.control("GET", "/changes") == {"collections": []}
