"""The examples of `paradime-io`, the vendor's Python SDK, as its source distribution has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.clients.conftest import Client
from tests.conftest import EmulatorUnderTest

EXAMPLES = {
    "audit_log/example.py": ["getAuditLogs"],
    "bolt/cancel_run.py": ["cancelBoltRun"],
    "bolt/get_artifact.py": ["listBoltRuns", "boltRunStatus", "boltCommand", "boltResourceUrl", "getBoltResourceFile"],
    "bolt/list_runs.py": ["listBoltRuns"],
    "bolt/list_schedules.py": ["listBoltSchedules"],
    "bolt/retry_run.py": ["retryBoltRun", "retryAllBoltRun"],
    "bolt/retry_schedule.py": ["retryBoltRunFromFailure"],
    "bolt/trigger_run.py": ["triggerBoltRun", "boltRunStatus"],
    "catalog/catalog_refresh.py": ["refreshCatalog"],
    "custom_integration_basic/example.py": ["addCustomIntegration", "addCustomIntegrationNodes"],
    "custom_integration_with_json/example.py": ["addCustomIntegration", "addCustomIntegrationNodes"],
    "dinoai_agents/multi_turn.py": ["triggerDinoaiAgentRun", "dinoaiAgentRun", "sendDinoaiAgentMessage"],
    "dinoai_agents/trigger_and_wait.py": ["triggerDinoaiAgentRun", "dinoaiAgentRun"],
    "metadata/basic_usage.py": ["listBoltRuns", "getBoltResourceFile"],
    "metadata/discovery_insights.py": ["listBoltRuns", "getBoltResourceFile"],
    "metadata/list_models.py": ["listBoltRuns", "getBoltResourceFile"],
    "metadata/list_sources.py": ["listBoltRuns", "getBoltResourceFile"],
    "metadata/performance_analysis.py": ["listBoltRuns", "getBoltResourceFile"],
    "metadata/quality_monitoring.py": ["listBoltRuns", "getBoltResourceFile"],
    "metadata/single_model_status.py": ["listBoltRuns", "getBoltResourceFile"],
    "metadata/single_source_status.py": ["listBoltRuns", "getBoltResourceFile"],
    "users/management.py": ["listUsers", "inviteUser", "updateUserAccountType", "disableUser"],
    "workspaces/management.py": ["listWorkspaces"],
}
SCHEDULES = ("daily prod run", "snowflake-costs-analytics")
"""The schedules of the examples on metadata."""


class State:
    """The records of the sandbox."""

    def __init__(self, root: str) -> None:
        self._url = f"{root}/_emulator/state/paradime"

    def get(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self._url}.{id}").json()
        return found

    def add(self, collection: str, record: dict[str, Any]) -> None:
        httpx.post(f"{self._url}.{collection}", json=record).raise_for_status()

    def replace(self, id: str, record: dict[str, Any]) -> None:
        httpx.put(f"{self._url}.{id}", json=record).raise_for_status()


@pytest.fixture
def _world(emulator: EmulatorUnderTest) -> None:
    """What the examples find in the account of their authors: a user, a run at work, schedules that have run."""
    state, trigger = State(emulator.root), "mutation ($slug: String) { triggerBoltRun(slug: $slug) { runId } }"
    user = state.get("users/1b051b1e1aaf70773789c250cd0cc40a5bf27c104d1ca2c6b765767eb53c4772")
    state.add("users", {**user, "uid": "f" * 64, "email": "bhuvan@paradime.io"})
    schedule = state.get("bolt_schedules/daily_run")
    for slug in SCHEDULES:
        state.add("bolt_schedules", {**schedule, "slug": slug, "commands": ["dbt source freshness", "dbt build"]})
        emulator.call("paradime", "POST", json={"query": trigger, "variables": {"slug": slug}}).raise_for_status()
    emulator.clock.advance(60)


@pytest.mark.usefixtures("_world")
@pytest.mark.parametrize("example", EXAMPLES)
def test_example_runs(client: Callable[[str], Client], emulator: EmulatorUnderTest, example: str) -> None:
    if example == "bolt/cancel_run.py":
        state = State(emulator.root)
        state.replace("bolt_runs/1", {**state.get("bolt_runs/1"), "state": "RUNNING", "endDttm": None})
    sdk = client("paradime-newest")
    file = sdk.sources("paradime-io") / "examples" / example
    sdk.script("paradime_example.py", emulator.url("paradime"), str(file))
    called = {operation for exchange in emulator.exchanges() for operation in exchange.operations}
    assert called >= set(EXAMPLES[example])


def test_every_example_is_run(client: Callable[[str], Client]) -> None:
    folder = client("paradime-newest").sources("paradime-io") / "examples"
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*.py") if file.name != "__init__.py"}
    assert found == set(EXAMPLES)
