"""When sandboxes were made and last called, and when they are dropped by themselves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.catalogue import Catalogue
from emulator.client import Client, EmulatorError
from emulator.sandbox import lifetime as lifetimes
from emulator.sandbox.lifetime import Expiry, Lifetime
from emulator.sandbox.sandbox import Sandbox
from tests.control import Control, controlled
from tests.test_waiting import wait_until

SECODA = {"Authorization": "Bearer secoda-token"}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"


class Time:
    """Seconds that pass only when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


SECONDS = st.integers(1, 100)


@given(ttl=st.none() | SECONDS, idle=st.none() | SECONDS, steps=st.lists(st.tuples(SECONDS, st.booleans())))
def test_a_lifetime_ends_with_the_first_of_its_limits(
    ttl: int | None, idle: int | None, steps: list[tuple[int, bool]]
) -> None:
    time = Time()
    lifetime = Lifetime(ttl, idle, time)
    age = unused = 0
    for seconds, is_called in steps:
        time.now += seconds
        age, unused = age + seconds, unused + seconds
        if is_called:
            lifetime.begin_call()
            lifetime.end_call()
            unused = 0
        left = [*([ttl - age] if ttl is not None else []), *([idle - unused] if idle is not None else [])]
        assert lifetime.seconds_left == (min(left) if left else None)
        assert lifetime.last_used_at == lifetime.created_at + timedelta(seconds=age - unused)


def test_a_call_that_is_under_way_is_use(time: Time) -> None:
    lifetime = Lifetime(idle=10, clock=time)
    lifetime.begin_call()
    lifetime.begin_call()
    time.now += 60
    lifetime.end_call()
    time.now += 60
    assert lifetime.seconds_left == 10
    lifetime.end_call()
    time.now += 4
    assert lifetime.seconds_left == 6


@pytest.fixture
def time() -> Time:
    return Time()


def sandbox(name: str, lifetime: Lifetime) -> Sandbox:
    return cast(Sandbox, SimpleNamespace(name=name, lifetime=lifetime))


def expiring(work: Callable[[dict[str, Sandbox], Expiry, asyncio.Queue[str]], Awaitable[None]]) -> None:
    """Run `work` with sandboxes by name, what drops them, and the names of those that were dropped."""

    async def run() -> None:
        sandboxes: dict[str, Sandbox] = {}
        dropped: asyncio.Queue[str] = asyncio.Queue()

        async def drop(name: str) -> None:
            del sandboxes[name]
            dropped.put_nowait(name)

        expiry = Expiry(sandboxes, drop)
        try:
            await work(sandboxes, expiry, dropped)
        finally:
            await expiry.close()

    asyncio.run(run())


def test_those_whose_time_is_over_are_dropped_and_no_others(time: Time) -> None:
    async def work(sandboxes: dict[str, Sandbox], expiry: Expiry, dropped: asyncio.Queue[str]) -> None:
        for name, ttl in (("eternal", None), ("long", 100), ("short", 10), ("shortest", 5)):
            sandboxes[name] = sandbox(name, Lifetime(ttl, clock=time))
        expiry.look()
        time.now += 20
        expiry.look()
        assert {await dropped.get(), await dropped.get()} == {"short", "shortest"}
        assert list(sandboxes) == ["eternal", "long"]

    expiring(work)


def test_the_timer_runs_without_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifetimes, "COALESCED_SECONDS", 0)

    async def work(sandboxes: dict[str, Sandbox], expiry: Expiry, dropped: asyncio.Queue[str]) -> None:
        sandboxes["long"] = sandbox("long", Lifetime(ttl=0.02))
        expiry.look()
        sandboxes["short"] = sandbox("short", Lifetime(idle=0.01))
        expiry.look()
        assert {await dropped.get(), await dropped.get()} == {"short", "long"}

    expiring(work)


def test_one_that_ends_after_the_next_look_wakes_nobody(time: Time) -> None:
    looked = 0

    class Counted(dict[str, Sandbox]):
        def values(self) -> Any:
            nonlocal looked
            looked += 1
            return super().values()

    async def run() -> None:
        dropped: asyncio.Queue[str] = asyncio.Queue()
        sandboxes = Counted()

        async def drop(name: str) -> None:
            del sandboxes[name]
            dropped.put_nowait(name)

        expiry = Expiry(sandboxes, drop)
        for number in range(20):
            sandboxes[f"idle-{number}"] = sandbox(f"idle-{number}", Lifetime(idle=60 + number, clock=time))
            expiry.look(60 + number)
            for _ in range(3):
                await asyncio.sleep(0)
        assert looked == 2
        time.now += 60
        sandboxes["short"] = sandbox("short", Lifetime(ttl=1, clock=time))
        expiry.look(1)
        assert await dropped.get() == "idle-0"
        await expiry.close()

    asyncio.run(run())


@pytest.mark.internal_error
def test_a_sandbox_that_cannot_be_dropped_does_not_block_others(time: Time) -> None:
    async def run() -> None:
        dropped: asyncio.Queue[str] = asyncio.Queue()
        sandboxes = {name: sandbox(name, Lifetime(1, clock=time)) for name in ("broken", "other")}

        async def drop(name: str) -> None:
            del sandboxes[name]
            if name == "broken":
                raise OSError("the disk fails")
            dropped.put_nowait(name)

        expiry = Expiry(sandboxes, drop)
        time.now += 2
        expiry.look()
        assert await dropped.get() == "other"
        await expiry.close()

    asyncio.run(run())


# Over HTTP


def followed(control: Control, name: str) -> list[str]:
    """Follow a sandbox's journal until the sandbox is dropped; return what came."""
    with control.client.stream("GET", f"{control.url}/_emulator/sandboxes/{name}/events") as stream:
        return [line for line in stream.iter_lines() if line.startswith("id: ")]


@pytest.mark.parametrize("wanted", [{"ttl": 0.1}, {"idle": 0.1}, {"ttl": 0.1, "idle": 60}], ids=["ttl", "idle", "both"])
def test_an_expired_sandbox_is_dropped_by_itself(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any]
) -> None:
    began, called = monotonic(), threading.Event()
    # However late the call comes, it is not too late: until then no time passes.
    clock = partial(Lifetime, clock=lambda: monotonic() if called.is_set() else began)
    monkeypatch.setattr("emulator.sandbox.sandboxes.Lifetime", clock)
    with controlled(catalogue) as (_, control):
        made = control.sandbox(name="alpha", **wanted)
        assert {name: made[name] for name in wanted} == wanted
        assert control.client.get(f"{control.url}/~alpha{INTEGRATIONS}", headers=SECODA).status_code == 200
        called.set()
        followed(control, "alpha")
        assert [one["name"] for one in control.done("GET", "/sandboxes")["sandboxes"]] == ["default"]
        assert control.sandbox(name="alpha")["ttl"] is None
        assert 'emulator_calls_total{operation="listIntegrations"' in control.ask("GET", "/metrics").text


def test_a_sandbox_is_not_idle_while_a_verification_waits(catalogue: Catalogue, time: Time) -> None:
    with controlled(catalogue) as (emulator, control), ThreadPoolExecutor() as threads:
        control.sandbox(name="alpha", idle=10)
        sandbox = emulator.sandboxes.get("alpha")
        assert sandbox is not None
        sandbox.in_flight.lifetime = lifetime = Lifetime(idle=10, clock=time)
        expected = {"operation": "listIntegrations", "within": 300}
        verdict = threads.submit(control.done, "POST", "/sandboxes/alpha/journal/verify", json=expected)
        wait_until(lambda: bool(sandbox.journal._listeners))
        time.now += 20
        assert lifetime.seconds_left == 10
        control.client.get(f"{control.url}/~alpha{INTEGRATIONS}", headers=SECODA)
        assert verdict.result()["passed"]
        wait_until(lambda: sandbox.idle)
        time.now += 4
        assert lifetime.seconds_left == 6


def test_settings_give_what_a_sandbox_does_not(catalogue: Catalogue) -> None:
    with controlled(catalogue, sandbox_ttl=600, sandbox_idle=60) as (_, control):
        assert lifetime_of(control.sandbox(name="a")) == (600, 60)
        assert lifetime_of(control.sandbox(name="b", ttl=None, idle=5)) == (None, 5)
        assert lifetime_of(control.done("GET", "/sandboxes/default")) == (None, None)


def lifetime_of(document: Any) -> tuple[float | None, float | None]:
    return document["ttl"], document["idle"]


@pytest.mark.parametrize("wanted", [{"ttl": 0}, {"idle": -1}, {"ttl": "1h"}, {"idle": 1e12}])
def test_an_invalid_lifetime_is_refused(control: Control, wanted: dict[str, Any]) -> None:
    assert control.refused("POST", "/sandboxes", json=wanted)[0] == 422


@pytest.fixture(scope="module")
def control(catalogue: Catalogue) -> Any:
    with controlled(catalogue, sandbox_limit=20) as (_, control):
        yield control


def test_the_list_shows_ages_oldest_first(control: Control) -> None:
    before = datetime.now(UTC)
    for name in ("zoe", "amy"):
        control.sandbox(name=name)
    control.client.get(f"{control.url}/~zoe{INTEGRATIONS}", headers=SECODA)
    listed = {one["name"]: one for one in control.done("GET", "/sandboxes")["sandboxes"]}
    assert list(listed)[-2:] == ["zoe", "amy"]
    created = [datetime.fromisoformat(listed[name]["created_at"]) for name in ("zoe", "amy")]
    assert before <= created[0] < created[1]
    assert datetime.fromisoformat(listed["zoe"]["last_used_at"]) > created[1]
    assert listed["amy"]["last_used_at"] == listed["amy"]["created_at"]


def test_a_reset_makes_a_sandbox_no_younger(control: Control) -> None:
    made = control.sandbox(name="old", ttl=600)
    for _ in range(2):
        after = control.done("POST", "/sandboxes/old/reset")
        assert (after["created_at"], after["ttl"]) == (made["created_at"], 600)


def test_at_the_limit_the_longest_unused_is_named(catalogue: Catalogue) -> None:
    with controlled(catalogue, sandbox_limit=2) as (_, control), Client(control.url) as client:
        for name in ("a", "b"):
            control.sandbox(name=name)
        httpx.get(f"{control.url}/~a{INTEGRATIONS}", headers=SECODA)
        since = control.done("GET", "/sandboxes")["sandboxes"][2]["last_used_at"][:19]
        sentence = (
            f"There are 2 sandboxes already; drop 'b', which is the longest unused (since {since}Z),"
            " or raise sandbox_limit."
        )
        assert control.refused("POST", "/sandboxes", json={"name": "c"}) == (409, sentence)
        with pytest.raises(EmulatorError, match="drop 'b'"):
            client.create_sandbox("c")
        control.done("DELETE", "/sandboxes/b")
        assert client.create_sandbox("c", ttl=600, idle=60).name == "c"
        assert client.sandboxes() == ["default", "a", "c"]
        default, first, last = client.summaries()
        assert (default.ttl, last.ttl, last.idle, last.recorded) == (None, 600, 60, 0)
        assert default.created_at < first.created_at < first.last_used_at < last.created_at


def test_no_sandbox_is_named_where_none_is_allowed(catalogue: Catalogue) -> None:
    with controlled(catalogue, sandbox_limit=0) as (_, control):
        sentence = "There are 0 sandboxes already; raise sandbox_limit."
        assert control.refused("POST", "/sandboxes", json={"name": "c"}) == (409, sentence)
