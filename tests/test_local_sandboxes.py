"""The sandboxes that the plugin makes ahead in its own process: each is as one made when its test began."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from emulator.client import Client, EmulatorError, SandboxClient
from emulator.testing.local import LocalEmulators, LocalSandboxes
from emulator.testing.pool import SIZE
from emulator.testing.stray_calls import StrayCalls

VARYING = ("name", "created_at", "last_used_at", "vendors", "clock")


class Local:
    """An emulator in a thread, and the sandboxes that tests get of it."""

    def __init__(self, stack: ExitStack) -> None:
        server = stack.enter_context(LocalEmulators(None).served(StrayCalls()))
        self.client = stack.enter_context(Client(server.url))
        self.sandboxes = LocalSandboxes(server, self.client)
        self.emulator = server.server.emulator

    def made_ahead(self) -> SandboxClient:
        """Return a sandbox that was made before anyone asked for it."""
        self.sandboxes.settle()
        return self.sandboxes.create({})


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    with ExitStack() as stack:
        yield Local(stack)


def described(sandbox: SandboxClient) -> dict[str, Any]:
    """Return what the control API says about a sandbox, without its name and the time."""
    document = sandbox.request("GET")
    vendors = repr(document["vendors"]).replace(sandbox.name, "NAME")
    return {key: value for key, value in document.items() if key not in VARYING} | {"vendors": vendors}


def lived_through(sandbox: SandboxClient) -> dict[str, Any]:
    """Return what is in a sandbox, and the ids that it gives to new records."""
    secoda, celigo = sandbox.secoda, sandbox.celigo
    created = httpx.post(f"{secoda.url}/integration/integrations", headers=dict(secoda.headers), json={"name": "A"})
    other = httpx.post(f"{celigo.url}/integrations", headers=dict(celigo.headers), json={"name": "A"})
    sandbox.state("secoda.integrations").populate(3)
    return {
        "document": described(sandbox),
        # An ObjectId begins with the seconds of its time.
        "ids": [created.json()["id"], other.json()["_id"][8:]],
        "records": {name: [record["id"] for record in sandbox.state(name)] for name in ["secoda.integrations"]},
        "collections": sandbox.collections(),
        "seed": sandbox.seed,
        "scenarios": sandbox.scenarios(),
        "faults": sandbox.request("GET", "/faults"),
        "journal": [(one.id, one.operations) for one in sandbox.journal],
        "frozen": sandbox.clock.frozen,
    }


def test_sandbox_made_ahead_is_as_one_made_on_demand(local: Local) -> None:
    ahead = local.made_ahead()
    with local.client.create_sandbox() as demanded:
        assert lived_through(ahead) == lived_through(demanded)
    made = datetime.fromisoformat(ahead.request("GET")["created_at"])
    assert abs(ahead.clock.now - datetime.now(UTC)) < timedelta(seconds=60)
    assert datetime.now(UTC) - made < timedelta(seconds=60)
    local.sandboxes.drop(ahead)


def test_its_credentials_are_described_as_it_began(local: Local) -> None:
    sandbox = local.made_ahead()
    sandbox.clock.freeze("2000-01-01T00:00:00Z")  # nothing had expired by then
    with local.client.create_sandbox() as demanded:
        assert set(sandbox.celigo.credentials) == set(demanded.celigo.credentials) >= {"full", "expired"}
    local.sandboxes.drop(sandbox)


def test_its_age_begins_when_it_is_taken(local: Local) -> None:
    local.sandboxes.settle()
    before = datetime.now(UTC) - timedelta(milliseconds=2)
    sandbox = local.sandboxes.create({})
    assert datetime.fromisoformat(sandbox.request("GET")["created_at"]) >= before
    local.sandboxes.drop(sandbox)


def test_what_a_test_left_is_not_in_the_next_ones(local: Local) -> None:
    first = local.made_ahead()
    fresh = first.collections()
    for _ in range(SIZE + 2):
        sandbox = local.made_ahead()
        assert (sandbox.collections(), list(sandbox.journal)) == (fresh, [])
        sandbox.state("secoda.integrations").populate(3)
        sandbox.scenario("secoda/outage")
        sandbox.clock.freeze("2030-01-01T00:00:00Z")
        local.sandboxes.drop(sandbox)
    local.sandboxes.drop(first)


def test_sandbox_made_ahead_is_neither_found_nor_listed_nor_counted(local: Local) -> None:
    local.sandboxes.settle()
    assert local.client.sandboxes() == ["default"]
    assert "emulator_sandboxes 1.0" in httpx.get(f"{local.client.url}/_emulator/metrics").text
    sandbox = local.sandboxes.create({})
    assert local.client.sandboxes() == ["default", sandbox.name]
    local.sandboxes.drop(sandbox)
    assert local.client.sandboxes() == ["default"]


def test_dropped_sandbox_is_not_listed_however_early(local: Local) -> None:
    for _ in range(50):
        local.sandboxes.drop(local.sandboxes.create({}))
        assert local.client.sandboxes() == ["default"]


def test_it_replies_to_the_first_call_however_early(local: Local) -> None:
    for _ in range(100):
        sandbox = local.sandboxes.create({})
        reply = httpx.get(f"{sandbox.celigo.url}/tokenInfo", headers=dict(sandbox.celigo.headers))
        assert reply.status_code == 200
        assert [one.status for one in local.sandboxes.drop(sandbox)] == [200]


def test_more_than_were_made_ahead_are_made_on_demand(local: Local) -> None:
    sandboxes = [local.sandboxes.create({}) for _ in range(SIZE + 3)]
    assert len({sandbox.name for sandbox in sandboxes}) == SIZE + 3
    assert local.client.sandboxes()[1:] == [sandbox.name for sandbox in sandboxes]
    for sandbox in sandboxes:
        local.sandboxes.drop(sandbox)


def test_what_is_wanted_is_refused_in_the_control_apis_words(local: Local) -> None:
    for wanted in ({"scenarios": ["secoda/nothing"]}, {"seed": -1}, {"name": "default"}, {"colour": 1}):
        with pytest.raises(EmulatorError) as over_http:
            local.client.request("POST", "/sandboxes", wanted)
        with pytest.raises(EmulatorError) as directly:
            local.sandboxes.create(wanted)
        assert (str(directly.value), directly.value.status) == (str(over_http.value), over_http.value.status)


def test_journal_is_read_again_once_something_has_come_to_it(local: Local) -> None:
    sandbox = local.made_ahead()
    assert list(local.sandboxes.seen(sandbox)) == []
    for count in (1, 2):
        httpx.get(f"{sandbox.celigo.url}/tokenInfo", headers=dict(sandbox.celigo.headers))
        assert len(local.sandboxes.seen(sandbox)) == len(local.sandboxes.seen(sandbox)) == count
    sandbox.journal.clear()
    assert list(local.sandboxes.seen(sandbox)) == []
    sandbox.reset()
    httpx.get(f"{sandbox.celigo.url}/tokenInfo", headers=dict(sandbox.celigo.headers))
    assert [one.number for one in local.sandboxes.drop(sandbox)] == [1]
    local.sandboxes.settle()
    assert list(local.sandboxes.seen(sandbox)) == list(local.sandboxes.drop(sandbox)) == []
