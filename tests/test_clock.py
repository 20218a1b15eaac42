"""A sandbox's clock: real, set, frozen, advanced; and all that depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from emulator.sandbox.clock import Clock
from emulator.sandbox.sandbox import Sandbox
from tests.conftest import EmulatorUnderTest
from tests.sample_calls import by_id, read, write

VENDORS = ("celigo", "immuta", "paradime", "secoda")
NOON = datetime(2030, 6, 1, 12, 0, 0, 123_000, tzinfo=UTC)
BEFORE = datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC)
"""A second before the expiry of the fixtures' expired credentials."""

every_vendor = pytest.mark.parametrize("vendor", VENDORS)


def off(clock: Clock) -> float:
    """Return how many seconds a clock is ahead of the real time."""
    return (clock.now() - datetime.now(UTC)).total_seconds()


# The clock by itself


def test_time_is_real_until_it_is_set() -> None:
    clock = Clock()
    assert abs(off(clock)) < 1
    assert (clock.now().tzinfo, clock.frozen) == (UTC, False)


def test_set_time_runs_on() -> None:
    clock = Clock()
    clock.set(NOON)
    first = clock.now()
    assert NOON <= first < NOON + timedelta(seconds=5)
    while clock.now() == first:
        pass
    assert not clock.frozen


def test_frozen_clock_is_stopped() -> None:
    clock = Clock()
    clock.set(NOON, frozen=True)
    assert {clock.now() for _ in range(1000)} == {NOON}
    assert clock.frozen


def test_time_can_be_frozen_as_it_is_and_runs_on_from_there() -> None:
    clock = Clock()
    clock.set(NOON)
    clock.set(frozen=True)
    stopped = clock.now()
    assert NOON <= stopped == clock.now()
    clock.set(frozen=False)
    assert stopped <= clock.now() < stopped + timedelta(seconds=5)


def test_setting_the_time_leaves_it_frozen() -> None:
    clock = Clock()
    clock.set(NOON, frozen=True)
    clock.set(BEFORE)
    assert clock.now() == BEFORE == clock.now()


@pytest.mark.parametrize("seconds", [0.25, 3600, 86_400 * 365, -60])
def test_time_can_be_advanced_running_or_frozen(seconds: float) -> None:
    running, frozen = Clock(), Clock()
    running.advance(seconds)
    frozen.set(NOON, frozen=True)
    frozen.advance(seconds)
    assert abs(off(running) - seconds) < 1
    assert frozen.now() == NOON + timedelta(seconds=seconds)


def test_reset_makes_the_time_real_again() -> None:
    clock = Clock()
    clock.set(NOON, frozen=True)
    clock.reset()
    assert (abs(off(clock)) < 1, clock.frozen) == (True, False)


# What depends on it


@every_vendor
def test_each_exchange_has_the_time_of_the_sandbox(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.clock.set(NOON, frozen=True)
    read(emulator, vendor)
    emulator.clock.advance(1.5)
    read(emulator, vendor)
    assert [exchange.time - NOON for exchange in emulator.exchanges()] == [timedelta(), timedelta(seconds=1.5)]


def test_celigo_writes_the_time(emulator: EmulatorUnderTest) -> None:
    emulator.clock.set(NOON, frozen=True)
    made = write(emulator, "celigo").json()
    assert (made["createdAt"], made["lastModified"]) == ("2030-06-01T12:00:00.123Z",) * 2
    assert made["_id"].startswith(f"{int(NOON.timestamp()):08x}")
    emulator.clock.advance(60)
    path = f"/integrations/{made['_id']}"
    changed = emulator.call("celigo", "PUT", path, json={"name": "Newer"}).json()
    assert (changed["createdAt"], changed["lastModified"]) == ("2030-06-01T12:00:00.123Z", "2030-06-01T12:01:00.123Z")
    audit = emulator.call("celigo", "GET", f"{path}/audit").json()
    assert {entry["time"] for entry in audit} == {"2030-06-01T12:00:00.123Z", "2030-06-01T12:01:00.123Z"}


def test_immuta_writes_the_time(emulator: EmulatorUnderTest) -> None:
    emulator.clock.set(NOON, frozen=True)
    before = by_id(emulator, "immuta").json()
    changed = write(emulator, "immuta").json()
    assert (changed["createdAt"], changed["updatedAt"]) == (before["createdAt"], "2030-06-01T12:00:00.123Z")
    (tag,) = emulator.call("immuta", "POST", "/tag", json={"tags": [{"name": "New"}]}).json()
    assert (tag["createdAt"], tag["updatedAt"]) == ("2030-06-01T12:00:00.123Z",) * 2


def test_secoda_writes_the_time(emulator: EmulatorUnderTest) -> None:
    emulator.clock.set(NOON, frozen=True)
    made = write(emulator, "secoda").json()
    assert (made["created_at"], made["updated_at"]) == ("2030-06-01T12:00:00Z",) * 2
    emulator.clock.advance(60)
    csv = b"col_name,database,schema,name\nid,warehouse,sales,orders\n"
    path = f"/integration/integrations/{made['id']}/import_metadata"
    assert emulator.call("secoda", "POST", path, files={"file": ("tables.csv", csv)}).status_code == 200
    (sync,) = [sync for sync in emulator.records("secoda.syncs") if sync["integration_id"] == made["id"]]
    assert (sync["started_at"], sync["finished_at"]) == ("2030-06-01T12:01:00Z",) * 2


@every_vendor
def test_a_credential_expires_by_it(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.clock.set(BEFORE, frozen=True)
    expiring = {"headers": emulator.headers(vendor, "expired"), "rights": None}
    seen = [read(emulator, vendor, **expiring).status_code for _ in range(2)]
    emulator.clock.advance(1)
    seen += [read(emulator, vendor, **expiring).status_code for _ in range(2)]
    emulator.clock.advance(-1)
    seen += [read(emulator, vendor, **expiring).status_code]
    assert seen == [200, 200, 401, 401, 200]


def test_an_exchanged_token_expires_by_it(emulator: EmulatorUnderTest) -> None:
    emulator.clock.set(NOON, frozen=True)
    body = {"apikey": "immuta-api-key"}
    given = emulator.call("immuta", "POST", "/bim/apikey/authenticate", json=body, rights=None).json()
    assert given["tokenExpiration"] == "2030-06-02T12:00:00.123Z"
    token: dict[str, Any] = {"headers": {"Authorization": given["token"]}, "rights": None}
    emulator.clock.advance(86_399.9)
    assert read(emulator, "immuta", **token).status_code == 200
    emulator.clock.advance(0.1)
    assert read(emulator, "immuta", **token).status_code == 401
    assert emulator.call("immuta", "POST", "/bim/apikey/authenticate", json=body, rights=None).status_code == 200


@every_vendor
def test_fault_windows_and_rates_go_by_it(emulator: EmulatorUnderTest, vendor: str) -> None:
    emulator.clock.set(NOON, frozen=True)
    window = ["2030-06-01T12:00:10Z", "2030-06-01T12:00:20Z"]
    emulator.fault({"vendor": vendor, "when": {"between": window}, "reply": {"status": 503}})
    emulator.fault({"vendor": vendor, "when": {"over": {"calls": 1, "seconds": 10}}, "reply": {"status": 429}})
    seen = []
    for _ in range(4):
        seen += [read(emulator, vendor).status_code, read(emulator, vendor).status_code]
        emulator.clock.advance(10)
    assert seen == [200, 429, 503, 503, 200, 429, 200, 429]


# Each sandbox has its own


@pytest.fixture
def other(emulator: EmulatorUnderTest) -> Iterator[Sandbox]:
    yield emulator.run(partial(emulator.sandboxes.create, "other"))
    emulator.run(partial(emulator.sandboxes.drop, "other"))


@every_vendor
def test_each_sandbox_has_its_own(emulator: EmulatorUnderTest, other: Sandbox, vendor: str) -> None:
    emulator.clock.set(BEFORE, frozen=True)
    expiring = emulator.headers(vendor, "expired")
    elsewhere = {**expiring, "X-Emulator-Sandbox": other.name}
    assert abs(off(other.clock)) < 1
    assert read(emulator, vendor, rights=None, headers=expiring).status_code == 200
    assert read(emulator, vendor, rights=None, headers=elsewhere).status_code == 401
    other.clock.set(BEFORE)
    emulator.clock.reset()
    assert read(emulator, vendor, rights=None, headers=expiring).status_code == 401
    assert read(emulator, vendor, rights=None, headers=elsewhere).status_code == 200


def test_a_new_sandbox_has_a_real_clock(emulator: EmulatorUnderTest) -> None:
    emulator.clock.set(BEFORE, frozen=True)
    sandbox = emulator.run(partial(emulator.sandboxes.reset, "default"))
    assert (abs(off(sandbox.clock)) < 1, sandbox.clock.frozen) == (True, False)


def test_every_vendor_is_asked_here(emulator: EmulatorUnderTest) -> None:
    assert set(VENDORS) == emulator.catalogue.vendors.keys()
