"""Sandboxes: isolated, many, thrifty, and the default one kept in a file."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.control import Control, controlled, process

SECODA = {"Authorization": "Bearer secoda-token"}
CELIGO = {"Authorization": "Bearer celigo-token"}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"
FROZEN = {"now": "2030-01-01T00:00:00Z", "frozen": True}

# Isolation


@pytest.fixture(scope="module")
def running(catalogue: Catalogue) -> Iterator[tuple[ThreadedServer, Control]]:
    """A server of this module's own."""
    emulator = Emulator(read_settings({"port": 0, "access_log": False}), catalogue)
    with ThreadedServer(emulator) as server, httpx.Client(timeout=60) as client:
        yield server, Control(server.url, client)


@pytest.fixture
def control(running: tuple[ThreadedServer, Control]) -> Iterator[Control]:
    server, control = running
    yield control
    for sandbox in server.server.emulator.sandboxes:
        if sandbox.name != "default":
            control.done("DELETE", f"/sandboxes/{sandbox.name}")
    control.done("POST", "/reset")


@pytest.mark.parametrize(("method", "path"), [("POST", "/sandboxes/alpha/reset"), ("DELETE", "/sandboxes/alpha")])
def test_a_call_with_a_late_body_stays_in_its_sandbox(
    running: tuple[ThreadedServer, Control], control: Control, method: str, path: str
) -> None:
    control.sandbox(name="alpha")
    alpha = running[0].server.emulator.sandboxes.get("alpha")
    assert alpha is not None
    host, port = control.url.removeprefix("http://").split(":")
    body = b'{"name": "Late"}'
    head = (
        f"POST /~alpha{INTEGRATIONS} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {SECODA['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head + body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 201 ")
        connection.sendall(head)
        while not alpha.in_flight.count:
            time.sleep(0.001)
        control.done(method, path)
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 201 ")
    if method == "POST":
        assert control.done("GET", "/sandboxes/alpha/journal")["exchanges"] == []


@pytest.mark.parametrize(
    ("prefix", "headers"),
    [
        ("/~alpha", SECODA),
        ("", {**SECODA, "X-Emulator-Sandbox": "alpha"}),
        ("", {"Authorization": "Bearer secoda-token.alpha"}),
        ("/~alpha", {**SECODA, "X-Emulator-Sandbox": "beta"}),
        ("/~alpha", {"Authorization": "Bearer secoda-token.alpha", "X-Emulator-Sandbox": "default"}),
        ("", {"Authorization": "Bearer secoda-token.beta", "X-Emulator-Sandbox": "alpha"}),
    ],
    ids=["prefix", "header", "credential", "prefix-before-header", "prefix-before-all", "header-before-credential"],
)
def test_a_call_reaches_the_sandbox_it_names_and_no_other(
    control: Control, prefix: str, headers: dict[str, str]
) -> None:
    for name in ("alpha", "beta"):
        control.sandbox(name=name)
    before = {name: len(listed(control, name)) for name in ("alpha", "beta", "default")}
    response = control.client.post(control.url + prefix + INTEGRATIONS, headers=headers, json={"name": "Mine"})
    # A credential of beta's own is none in alpha.
    done = response.status_code == 201
    assert done is (headers["Authorization"] != "Bearer secoda-token.beta"), response.text
    assert {name: len(listed(control, name)) for name in before} == {**before, "alpha": before["alpha"] + done}
    recorded = {name: control.done("GET", f"/sandboxes/{name}/journal")["recorded"] for name in before}
    assert recorded == {"alpha": 1, "beta": 0, "default": 0}


def listed(control: Control, name: str) -> list[Any]:
    records: list[Any] = control.done("GET", f"/sandboxes/{name}/state/secoda.integrations")["records"]
    return records


# The property: whatever others do, a sandbox ends as if it had run alone

Call: TypeAlias = tuple[str, str, str, Any]
"""A call: vendor ("" for the control API), method, path, JSON. "{id}" is what the client created last."""

NAMES = st.sampled_from(["Sales", "Finance", "Größe"])
GRAPHQL_TYPE = {"nodeType": "Dashboard", "iconName": "dashboard", "color": "LEAF"}
ADD = "mutation($n: String!, $t: [NodeTypeInput!]!) {addCustomIntegration(name: $n, nodeTypes: $t) {ok integrationUid}}"
LIST = "{listCustomIntegrations {ok integrations {uid name}}}"

VENDOR_CALLS: st.SearchStrategy[Call] = st.one_of(
    st.tuples(st.just("secoda"), st.just("GET"), st.just("/integration/integrations"), st.none()),
    NAMES.map(lambda name: ("secoda", "POST", "/integration/integrations", {"name": name})),
    st.sampled_from([("secoda", verb, "/integration/integrations/{id}", None) for verb in ("GET", "DELETE")]),
    NAMES.map(lambda name: ("celigo", "POST", "/integrations", {"name": name})),
    st.sampled_from([("celigo", verb, "/integrations/{id}", None) for verb in ("GET", "DELETE")]),
    st.tuples(st.just("celigo"), st.just("GET"), st.just("/integrations"), st.none()),
    NAMES.map(lambda name: ("immuta", "POST", "/tag", {"tags": [{"name": name}]})),
    st.just(("immuta", "POST", "/bim/apikey/authenticate", {"apikey": "immuta-api-key"})),
    st.just(("immuta", "GET", "/dictionary/1", None)),
    NAMES.map(lambda name: ("paradime", "POST", "", {"query": ADD, "variables": {"n": name, "t": [GRAPHQL_TYPE]}})),
    st.just(("paradime", "POST", "", {"query": LIST})),
    st.just(("secoda", "GET", "/no/such/path", None)),
)
FAULTS: st.SearchStrategy[Call] = st.sampled_from(
    [
        {"vendor": "secoda", "when": {"probability": 0.5, "per": "fault"}, "reply": {"status": 500}},
        {"vendor": "secoda", "only": "writes", "when": {"over": {"calls": 2, "seconds": 60}}, "reply": {"status": 429}},
        {"vendor": "celigo", "when": {"every": 2, "per": "fault"}, "commit": "after", "reply": {"status": 500}},
        {
            "vendor": "celigo",
            "when": {"over": {"calls": 2, "per_second": 0.5}, "per": "fault"},
            "reply": {"status": 429},
        },
        {"vendor": "celigo", "operation": "listIntegrations", "when": {"nth": 2}, "connection": "close"},
        {"vendor": "immuta", "when": {"times": 2}, "delay": {"uniform": [0.001, 0.01]}},
        {"vendor": "paradime", "when": {"nth": 2}, "graphql": {"errors": [{"message": "later"}]}},
    ]
).map(lambda fault: ("", "POST", "/faults", fault))
CONTROL_CALLS: st.SearchStrategy[Call] = st.one_of(
    FAULTS,
    st.just(("", "DELETE", "/faults", None)),
    st.sampled_from([1, 29.5, 86_400]).map(lambda seconds: ("", "POST", "/clock/advance", {"seconds": seconds})),
    st.tuples(st.just(""), st.sampled_from(["PUT", "DELETE"]), st.just("/scenarios/*/flaky"), st.none()),
    st.sampled_from([200, 204]).map(lambda status: ("", "PATCH", "/switches", {"celigo.empty_list_status": status})),
    st.just(("", "POST", "/state/populate", {"collection": "secoda.integrations", "count": 2})),
    st.just(("", "DELETE", "/state/celigo.integrations/{id}", None)),
    st.just(("", "DELETE", "/journal", None)),
)
WAYS = st.sampled_from(["prefix", "header", "credential"])
STEPS = st.tuples(st.one_of(VENDOR_CALLS, VENDOR_CALLS, CONTROL_CALLS), WAYS)


@st.composite
def plans(draw: st.DrawFn) -> list[tuple[int, list[tuple[Call, str]]]]:
    """Return a seed and calls for each of several sandboxes. All begin with the same faults, so that they could mix."""
    faults = [(fault, "prefix") for fault in draw(st.lists(FAULTS, max_size=2))]
    each = st.tuples(st.integers(0, 9), st.lists(STEPS, min_size=4, max_size=14).map(lambda steps: faults + steps))
    return draw(st.lists(each, min_size=2, max_size=4))


@dataclass
class Player:
    """Plays a plan in one sandbox, one call after the other, and remembers what came back."""

    server: ThreadedServer
    client: httpx.Client
    name: str
    answers: list[Any] = field(default_factory=list)
    created: str = "none"

    def play(self, steps: Sequence[tuple[Call, str]]) -> None:
        for (vendor, method, path, document), way in steps:
            url, headers = self._address(vendor, path.replace("{id}", self.created), way)
            try:
                response = self.client.request(method, url, headers=headers, json=document)
            except httpx.TransportError as problem:
                self.answers.append(type(problem).__name__)
                continue
            self.answers.append((response.status_code, response.content))
            self._remember(response)

    def _address(self, vendor: str, path: str, way: str) -> tuple[str, dict[str, str]]:
        emulator, root = self.server.server.emulator, self.server.url
        if not vendor:
            return f"{root}/_emulator/sandboxes/{self.name}{path}", {}
        own = {"credential": f".{self.name}"}.get(way, "")
        headers = {
            "paradime": {"X-API-KEY": f"paradime-key{own}", "X-API-SECRET": "paradime-secret"},
            "immuta": {"Authorization": f"Bearer immuta-token{own}"},
        }.get(vendor, {"Authorization": f"Bearer {vendor}-token{own}"})
        if way == "header":
            headers["X-Emulator-Sandbox"] = self.name
        prefix = f"/~{self.name}" if way == "prefix" else ""
        return f"{root}{prefix}{emulator.catalogue.contracts[vendor].base_path}{path}", headers

    def _remember(self, answer: httpx.Response) -> None:
        if answer.status_code == 201:
            document = answer.json()
            self.created = str(document.get("id") or document.get("_id") or self.created)

    def ending(self) -> Mapping[str, Any]:
        """Return everything that the sandbox has come to."""
        sandbox = self.server.server.emulator.sandboxes.get(self.name)
        assert sandbox is not None
        store, faults = sandbox.store, sandbox.faults
        return {
            "answers": self.answers,
            "records": self.server.run(lambda: store.run(_rows)),
            "journal": [_without_duration(exchange.document()) for exchange in sandbox.journal],
            "recorded": sandbox.journal.recorded,
            "faults": [(fault.id, fault.document, faults.hits(fault.id)) for fault in faults],
            "counters": (faults._calls, faults._hits),
            "rates": {key: deepcopy(vars(level)) for key, level in faults._levels.items()},
            "clock": (sandbox.clock.now(), sandbox.clock.frozen),
            "switches": sandbox.switches,
            "scenarios": list(sandbox.scenarios),
            "credentials": sandbox.credentials,
        }


def _rows(db: sqlite3.Connection) -> dict[str, list[Any]]:
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {name: db.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}


def _without_duration(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "seconds"}


@given(drawn=plans())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_each_sandbox_ends_as_if_it_had_run_alone(running: tuple[ThreadedServer, Control], drawn: Any) -> None:
    server, control = running
    names = [f"world-{number}" for number in range(len(drawn))]

    def player(name: str, seed: int, client: httpx.Client) -> Player:
        control.sandbox(name=name, seed=seed, clock=FROZEN)
        return Player(server, client, name)

    def ending(player: Player) -> Mapping[str, Any]:
        found = player.ending()
        control.done("DELETE", f"/sandboxes/{player.name}")
        return found

    alone = []
    for name, (seed, steps) in zip(names, drawn, strict=True):
        one = player(name, seed, control.client)
        one.play(steps)
        alone.append(ending(one))
    with ThreadPoolExecutor(len(names) + 1) as threads:
        clients = [httpx.Client(timeout=60) for _ in names]
        together = [player(name, plan[0], client) for name, plan, client in zip(names, drawn, clients, strict=True)]
        others = [threads.submit(one.play, plan[1]) for one, plan in zip(together, drawn, strict=True)]
        noise = threads.submit(control.client.get, control.url + INTEGRATIONS, headers=SECODA)
        for work in others:
            work.result()
        noise.result()
        for client in clients:
            client.close()
    endings = zip(map(ending, together), alone, strict=True)
    assert [(key, found[key], lone[key]) for found, lone in endings for key in lone if found[key] != lone[key]] == []


# Many


class Line:
    """A plain connection to a server: thousands of calls take a fraction of the time that httpx needs."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(url.partition("://")[2], timeout=60)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, document: Any = None, **headers: str) -> int:
        """Make a call and return the status."""
        kind = {} if document is None else {"Content-Type": "application/json"}
        body = None if document is None else json.dumps(document)
        self._connection.request(method, path, body, {**kind, **headers})
        response = self._connection.getresponse()
        response.read()
        return response.status


def test_500_sandboxes_live_at_once(catalogue: Catalogue) -> None:
    with controlled(catalogue) as (emulator, control), Line(control.url) as line:
        for number in range(500):
            assert line.ask("POST", "/_emulator/sandboxes", {"name": f"s{number}"}) == 201
        for number in range(500):
            assert line.ask("POST", f"/~s{number}{INTEGRATIONS}", {"name": f"Mine {number}"}, **SECODA) == 201
        assert len(emulator.sandboxes) == 501
        for number in range(0, 500, 7):
            names = {record["name"] for record in listed(control, f"s{number}")}
            assert {name for name in names if name.startswith("Mine")} == {f"Mine {number}"}
        assert "emulator_sandboxes 501.0" in control.ask("GET", "/metrics").text


@dataclass(frozen=True)
class Usage:
    """What a process holds: threads, file handles, resident memory in MiB."""

    threads: int
    handles: int
    memory: float

    @classmethod
    def of(cls, pid: int) -> Usage:
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        handles = len(os.listdir(f"/proc/{pid}/fd"))
        return cls(int(status["Threads"]), handles, int(status["VmRSS"].split()[0]) / 1024)

    def is_more_than(self, other: Usage) -> bool:
        return self.threads > other.threads or self.handles > other.handles


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts threads and handles in /proc")
def test_2000_sandboxes_made_and_dropped_leave_nothing_behind() -> None:
    with process() as (started, control), Line(control.url) as line:

        def live(number: int) -> None:
            assert line.ask("POST", "/_emulator/sandboxes", {"name": f"s{number}"}) == 201
            if number % 4 == 0:
                assert line.ask("GET", f"/~s{number}{INTEGRATIONS}", **SECODA) == 200
            assert line.ask("DELETE", f"/_emulator/sandboxes/s{number}") == 204

        # What a thread imports after the start is waited for: it is not left behind by sandboxes.
        paradime = {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret"}
        assert line.ask("POST", "/paradime/graphql", {"query": "{listCustomIntegrations {ok}}"}, **paradime) == 200
        assert line.ask("GET", "/celigo/v1/flows", Authorization="Bearer celigo-token") == 200
        for number in range(100):
            live(number)
        before = Usage.of(started.pid)
        for number in range(2000):
            live(number)
        # A thread ends, and its file is closed, a moment after the reply.
        until = time.monotonic() + 60
        while (after := Usage.of(started.pid)).is_more_than(before) and time.monotonic() < until:
            time.sleep(0.01)
        assert after.threads <= before.threads, (before, after)
        assert after.handles <= before.handles, (before, after)
        assert after.memory < before.memory + 8, (before, after)


# Dropped and reset in the middle of a call


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/reset")])
def test_a_call_ends_in_the_sandbox_in_which_it_began(
    running: tuple[ThreadedServer, Control], control: Control, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    server, sandboxes = running[0], running[0].server.emulator.sandboxes
    delay_over = asyncio.Event()

    async def nap(seconds: float, stopping: asyncio.Event) -> None:
        await delay_over.wait()

    async def end_delay() -> None:
        delay_over.set()

    monkeypatch.setattr("emulator.transport.wire.pause", nap)
    control.sandbox(name="alpha")
    control.done("POST", "/sandboxes/alpha/faults", json={"vendor": "secoda", "delay": {"fixed": 0.1}})
    former = sandboxes.get("alpha")
    assert former is not None
    with ThreadPoolExecutor(1) as threads, httpx.Client(timeout=60) as client:
        url = f"{control.url}/~alpha{INTEGRATIONS}"
        slow = threads.submit(client.post, url, headers=SECODA, json={"name": "Late"})
        while former.idle:
            time.sleep(0.01)
        control.done(method, f"/sandboxes/alpha{path}")
        assert not slow.done(), "nobody waits for the calls of others"
        server.run(end_delay)
        assert (slow.result().status_code, slow.result().json()["name"]) == (201, "Late")
    while not former.store.closed:
        time.sleep(0.01)
    if path:
        assert "Late" not in [record["name"] for record in listed(control, "alpha")]
        assert control.done("GET", "/sandboxes/alpha/journal")["recorded"] == 0
    else:
        assert control.refused("GET", "/sandboxes/alpha")[0] == 404


def test_many_concurrent_resets_drops_and_calls_all_get_replies(control: Control) -> None:
    expected = {200, 201, 204, 404, 409}

    def disturb(number: int) -> set[int]:
        with httpx.Client(timeout=60) as client:
            mine = Control(control.url, client)
            found = set()
            for turn in range(12):
                name = f"w{(number + turn) % 2}"
                step = (number + turn) % 4
                if step == 0:
                    found.add(mine.ask("POST", "/sandboxes", json={"name": name}).status_code)
                elif step == 1:
                    found.add(mine.ask("POST", f"/sandboxes/{name}/reset").status_code)
                elif step == 2:
                    found.add(client.post(f"{mine.url}/~{name}{INTEGRATIONS}", headers=SECODA, json={}).status_code)
                else:
                    found.add(mine.ask("DELETE", f"/sandboxes/{name}").status_code)
            return found

    with ThreadPoolExecutor(6) as threads:
        assert set().union(*threads.map(disturb, range(6))) <= expected


# The default sandbox in a file


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    database = str(tmp_path / "default.sqlite3")
    acknowledged: list[str] = []
    with process("--database", database) as (started, control):
        fixtures = celigo_ids(control)

        def write(thread: int) -> None:
            with httpx.Client(timeout=60) as client:
                for number in count():
                    body = {"name": f"{thread}-{number}"}
                    try:
                        response = client.post(f"{control.url}/celigo/v1/integrations", headers=CELIGO, json=body)
                    except httpx.TransportError:
                        return
                    assert response.status_code == 201
                    acknowledged.append(response.json()["_id"])

        writers = [threading.Thread(target=write, args=(thread,)) for thread in range(3)]
        for writer in writers:
            writer.start()
        while len(acknowledged) < 150:
            time.sleep(0.01)
        started.send_signal(signal.SIGKILL)
        for writer in writers:
            writer.join()
    with process("--database", database) as (_, control):
        kept = celigo_ids(control) - fixtures
        assert set(acknowledged) <= kept
        # A writer may have been killed between the commit and the answer.
        assert len(kept) <= len(acknowledged) + len(writers)
        entries = control.done("GET", "/state/celigo.audit?limit=10000")["records"]
        audited = {entry["_resourceId"] for entry in entries if entry["event"] == "create"}
        assert audited - fixtures == kept, "a creation and its audit entry are one"


def celigo_ids(control: Control) -> set[str]:
    return {record["_id"] for record in control.done("GET", "/state/celigo.integrations?limit=10000")["records"]}


def test_ids_after_a_restart_are_new_ones(tmp_path: Path) -> None:
    ids = []
    for _ in range(2):
        with process("--database", str(tmp_path / "default.sqlite3")) as (_, control):
            for _ in range(2):
                response = control.client.post(control.url + INTEGRATIONS, headers=SECODA, json={"name": "Kept"})
                ids.append(response.json()["id"])
    assert len(set(ids)) == 4


def test_a_sandbox_in_a_file_is_saved_restored_and_reset_like_any_other(tmp_path: Path, catalogue: Catalogue) -> None:
    database = str(tmp_path / "default.sqlite3")
    with controlled(catalogue, database=database) as (_, control):
        before = listed(control, "default")
        control.done("POST", "/snapshots", json={"name": "before"})
        (tmp_path / "copy").write_bytes(control.ask("GET", "/snapshots/before").content)
        db = sqlite3.connect(tmp_path / "copy")
        assert db.execute('SELECT count(*) FROM "secoda.integrations"').fetchone()[0] == len(before)
        db.close()
        control.client.post(control.url + INTEGRATIONS, headers=SECODA, json={"name": "Kept"})
        control.done("POST", "/snapshots", json={"name": "after"})
        control.done("POST", "/snapshots/before/restore")
        assert listed(control, "default") == before
        control.done("POST", "/snapshots/after/restore")
        assert "Kept" in [record["name"] for record in listed(control, "default")]
        control.done("POST", "/reset")
        assert listed(control, "default") == before
        control.client.post(control.url + INTEGRATIONS, headers=SECODA, json={"name": "Last"})
    with controlled(catalogue, database=database) as (_, control):
        names = [record["name"] for record in listed(control, "default")]
        assert ("Last" in names, "Kept" in names) == (True, False)
