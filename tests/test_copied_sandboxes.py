"""A sandbox that begins as a copy of another."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.client import Client, EmulatorError
from tests.control import Control, controlled

SECODA = {"Authorization": "Bearer secoda-token"}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"
CLOCK = {"now": "2030-01-01T00:00:00Z", "frozen": True}


@pytest.fixture(scope="module")
def running(catalogue: Catalogue) -> Iterator[tuple[Emulator, Control]]:
    with controlled(catalogue) as (emulator, control):
        yield emulator, control


@pytest.fixture
def control(running: tuple[Emulator, Control]) -> Iterator[Control]:
    emulator, control = running
    control.sandbox(name="alpha", clock=CLOCK, switches={"celigo.empty_list_status": 204}, strict=True, seed=7)
    yield control
    for sandbox in emulator.sandboxes:
        if sandbox.name != "default":
            control.done("DELETE", f"/sandboxes/{sandbox.name}")
    assert emulator.sandboxes.default.snapshots._budget.used == 0


def write(control: Control, sandbox: str, name: str) -> str:
    """Create an integration as a client would, and return its id."""
    response = httpx.post(f"{control.url}/~{sandbox}{INTEGRATIONS}", headers=SECODA, json={"name": name})
    assert response.status_code == 201, response.text
    id: str = response.json()["id"]
    return id


def records(control: Control, sandbox: str) -> Any:
    """Return all records of a sandbox, by collection."""
    listed = control.done("GET", f"/sandboxes/{sandbox}/state")["collections"]
    names = [one["collection"] for one in listed]
    return {name: control.done("GET", f"/sandboxes/{sandbox}/state/{name}?limit=10000") for name in names}


def test_a_copy_has_records_switches_and_clock_and_is_its_own(control: Control) -> None:
    write(control, "alpha", "Mine")
    control.done("PATCH", "/sandboxes/alpha/switches", json={"paradime.validation_error_status": 400})
    before = records(control, "alpha")
    copy = control.sandbox(name="beta", **{"from": "alpha"})
    original = control.done("GET", "/sandboxes/alpha")
    assert records(control, "beta") == before
    for same in ("seed", "switches", "clock"):
        assert copy[same] == original[same]
    write(control, "beta", "Another")
    assert records(control, "alpha") == before != records(control, "beta")


def test_a_copy_creates_next_what_its_original_would(control: Control) -> None:
    write(control, "alpha", "Mine")
    control.sandbox(name="beta", **{"from": "alpha"})
    assert write(control, "alpha", "Next") == write(control, "beta", "Next")


def test_a_copy_has_its_own_credentials(control: Control) -> None:
    credential = {"id": "extra", "user": "u", "rights": "full"}
    control.done("PUT", "/sandboxes/alpha/state/secoda.credentials/extra", json=credential)
    copy = control.sandbox(name="beta", **{"from": "alpha"})
    ids = [one["id"] for one in copy["vendors"]["secoda"]["credentials"]]
    assert ids
    assert all(id.endswith(".beta") for id in ids)
    for id, sandbox in (("extra.alpha", "alpha"), ("extra.beta", "beta")):
        httpx.get(control.url + INTEGRATIONS, headers={"Authorization": f"Bearer {id}"})
        exchange = control.done("GET", f"/sandboxes/{sandbox}/journal")["exchanges"][-1]
        assert exchange["reply"]["status"] == 200


def test_faults_scenarios_journal_and_snapshots_are_not_copied(control: Control) -> None:
    control.done("POST", "/sandboxes/alpha/faults", json={"vendor": "secoda", "reply": {"status": 500}})
    control.done("PUT", "/sandboxes/alpha/scenarios/celigo/outage")
    control.done("POST", "/sandboxes/alpha/snapshots", json={"name": "before"})
    httpx.get(f"{control.url}/~alpha{INTEGRATIONS}", headers=SECODA)
    copy = control.sandbox(name="beta", **{"from": "alpha"})
    assert copy["scenarios"] == []
    assert control.done("GET", "/sandboxes/beta/faults")["faults"] == []
    assert control.done("GET", "/sandboxes/beta/journal")["recorded"] == 0
    assert control.done("GET", "/sandboxes/beta/snapshots")["snapshots"] == []


def test_given_options_override_copied_ones(control: Control) -> None:
    clock = {"now": "2031-01-01T00:00:00Z", "frozen": True}
    switches = {"celigo.empty_list_status": 200}
    wanted = {"from": "alpha", "seed": 8, "clock": clock, "switches": switches, "scenarios": ["secoda/empty-world"]}
    copy = control.sandbox(name="beta", **wanted)
    assert (copy["seed"], copy["clock"], copy["scenarios"]) == (8, clock, ["secoda/empty-world"])
    assert copy["switches"]["celigo.empty_list_status"] == 200
    assert records(control, "beta")["secoda.integrations"]["total"] == 0


def test_strictness_is_copied(control: Control) -> None:
    for sandbox, wanted in (("beta", {}), ("gamma", {"strict": False})):
        control.sandbox(name=sandbox, **{"from": "alpha", **wanted})
    body = {"name": "Mine", "colour": "blue"}
    responses = [
        httpx.post(f"{control.url}/~{sandbox}{INTEGRATIONS}", headers=SECODA, json=body).status_code
        for sandbox in ("alpha", "beta", "gamma")
    ]
    assert responses == [400, 400, 201]


def test_a_clock_that_is_real_stays_real(control: Control) -> None:
    control.sandbox(name="real")
    control.sandbox(name="beta", **{"from": "real", "clock": {"frozen": True}})
    control.sandbox(name="gamma", **{"from": "real"})
    assert control.done("GET", "/sandboxes/beta/clock")["frozen"]
    assert not control.done("GET", "/sandboxes/gamma/clock")["frozen"]


def test_a_reset_returns_to_the_copy_even_after_the_original_is_deleted(control: Control) -> None:
    write(control, "alpha", "Mine")
    control.sandbox(name="beta", **{"from": "alpha"})
    before = records(control, "beta")
    write(control, "beta", "Another")
    control.done("DELETE", "/sandboxes/alpha")
    for _ in range(2):
        again = control.done("POST", "/sandboxes/beta/reset")
        assert records(control, "beta") == before
        assert again["clock"] == CLOCK
        assert again["switches"]["celigo.empty_list_status"] == 204
        write(control, "beta", "Another")
    control.sandbox(name="gamma", **{"from": "beta"})


def test_a_copy_of_a_graphql_vendor_replies_like_the_original(control: Control) -> None:
    url = "/paradime/api/v1/wksp/graphql"
    told = control.done("GET", "/sandboxes/alpha")["vendors"]["paradime"]
    url, headers = told["base_url"], told["headers"]
    add = 'mutation {addCustomIntegration(name: "Mine", nodeTypes: []) {ok integrationUid}}'
    assert httpx.post(url, headers=headers, json={"query": add}).json()["data"]["addCustomIntegration"]["ok"]
    copy = control.sandbox(name="beta", **{"from": "alpha"})["vendors"]["paradime"]
    query = {"query": "{listCustomIntegrations {ok integrations {uid name}}}"}
    responses = [httpx.post(one["base_url"], headers=one["headers"], json=query).json() for one in (told, copy)]
    assert responses[0] == responses[1]
    assert "Mine" in str(responses[0])


def test_default_can_be_copied(control: Control) -> None:
    control.sandbox(name="beta", **{"from": "default"})
    assert records(control, "beta") == records(control, "default")


@pytest.mark.parametrize(
    ("wanted", "status", "said"),
    [
        ({"from": "alfa"}, 422, "Unknown sandbox 'alfa'. Did you mean 'alpha'?"),
        ({"from": "alpha", "fixtures": "."}, 422, "leave out fixtures"),
        ({"from": ""}, 422, "/from"),
        ({"from": "alpha", "name": "alpha"}, 409, "The sandbox 'alpha' already exists"),
    ],
)
def test_an_invalid_copy_is_refused(control: Control, wanted: Any, status: int, said: str) -> None:
    response = control.refused("POST", "/sandboxes", json=wanted)
    assert response[0] == status
    assert said in response[1]


def test_copies_count_as_snapshots_do(catalogue: Catalogue) -> None:
    with controlled(catalogue) as (_, control):
        size = control.done("POST", "/snapshots", json={"name": "before"})["bytes"]
    with controlled(catalogue, snapshot_bytes=str(size * 3 // 2)) as (emulator, control):
        control.sandbox(name="alpha", **{"from": "default"})
        control.done("POST", "/sandboxes/alpha/reset")
        status, said = control.refused("POST", "/sandboxes", json={"name": "beta", "from": "default"})
        assert (status, said[:24]) == (507, "No space for this copy: ")
        assert [sandbox.name for sandbox in emulator.sandboxes] == ["default", "alpha"]
        control.done("DELETE", "/sandboxes/alpha")
        control.sandbox(name="beta", **{"from": "default"})


def test_scenarios_of_every_sandbox_leave_copied_records_alone(catalogue: Catalogue) -> None:
    with controlled(catalogue, scenarios=["secoda/empty-world"]) as (_, control):
        write(control, "default", "Mine")
        copy = control.sandbox(name="beta", **{"from": "default"})
        assert copy["scenarios"] == ["secoda/empty-world"]
        assert records(control, "beta") == records(control, "default")
        assert records(control, "beta")["secoda.integrations"]["total"] == 1


def test_a_default_sandbox_in_a_file_can_be_copied(catalogue: Catalogue, tmp_path: Path) -> None:
    file = str(tmp_path / "kept.db")
    for number in range(2):
        with controlled(catalogue, database=file) as (_, control):
            write(control, "default", f"Mine {number}")
            control.sandbox(name="beta", **{"from": "default"})
            assert records(control, "beta") == records(control, "default")
            control.done("POST", "/sandboxes/beta/reset")
            assert records(control, "beta") == records(control, "default")


def test_a_copy_while_others_write_is_of_one_moment(control: Control) -> None:
    stop = threading.Event()
    headers = control.done("GET", "/sandboxes/alpha")["vendors"]["immuta"]["headers"]

    def write_on() -> None:
        for number in count():
            tags = [{"name": f"{letter} {number}"} for letter in "ab"]
            httpx.post(f"{control.url}/~alpha/immuta/tag", json={"tags": tags}, headers=headers).raise_for_status()
            if stop.is_set():
                return

    with ThreadPoolExecutor() as pool:
        writer = pool.submit(write_on)
        for number in range(10):
            control.sandbox(name=f"beta-{number}", **{"from": "alpha"})
        stop.set()
        writer.result()
    for number in range(10):
        tags = control.done("GET", f"/sandboxes/beta-{number}/state/immuta.tags?limit=10000")["records"]
        letters = Counter(tag["name"][0] for tag in tags if tag["name"][1:2] == " ")
        assert letters["a"] == letters["b"]


def test_client_copies_a_sandbox(control: Control) -> None:
    with Client(control.url) as client, client.create_sandbox("beta", from_="alpha") as copy:
        assert copy.clock.now.year == 2030
        with pytest.raises(EmulatorError, match="Unknown sandbox 'nobody'"):
            client.create_sandbox(from_="nobody")
