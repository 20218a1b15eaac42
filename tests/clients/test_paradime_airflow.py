"""`airflow-provider-paradime-dbt`, the vendor's provider for Airflow: its hook, operators and sensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.conftest import Client
from tests.conftest import EmulatorUnderTest


@pytest.fixture
def provider(client: Callable[[str], Client], emulator: EmulatorUnderTest) -> Callable[[str], Any]:
    return lambda name: client("airflow").script("paradime_airflow.py", emulator.url("paradime"), name)


def test_schedule_is_run_waited_for_and_its_manifest_downloaded(provider: Callable[[str], Any]) -> None:
    assert provider("run_and_download") == {
        "looks": 4,
        "commands": ["git clone ...", "dbt deps", "dbt build", "dbt docs generate"],
        "nodes": ["model.analytics.orders"],
    }


def test_schedule_is_run_with_other_commands(provider: Callable[[str], Any]) -> None:
    assert provider("custom_commands") == ["git clone ...", "dbt deps", "dbt run", "dbt test"]


def test_failed_run_fails_the_sensor_and_is_resumed(
    provider: Callable[[str], Any], emulator: EmulatorUnderTest
) -> None:
    emulator.scenario("paradime/bolt-run-fails")
    seen = provider("failed_run")
    assert "has failed" in seen["said"]
    assert seen["again"] == ["dbt retry"]


def test_canceled_run_fails_the_sensor(provider: Callable[[str], Any]) -> None:
    assert "was canceled" in provider("cancel")


def test_schedules_are_listed(provider: Callable[[str], Any]) -> None:
    seen = provider("schedules")
    assert (seen["count"], seen["latest"]) == (4, 1)
    assert "daily run" in seen["names"]


def test_users_are_managed(provider: Callable[[str], Any]) -> None:
    seen = provider("users")
    assert seen["active"][0] == ["Alexandra James", "BUSINESS"]
    assert [name for name, _ in seen["active"][1:]] == ["Matt McDonald", "Ada Park"]
    assert seen["invited"][-1] == "foo@bar.baz"
    assert "finance" in seen["workspaces"]
