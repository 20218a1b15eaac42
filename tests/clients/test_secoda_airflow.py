"""`secoda-airflow`, the vendor's callbacks for Airflow: each sends the log of a run."""

from __future__ import annotations

from collections.abc import Callable

from tests.clients.conftest import Client
from tests.conftest import EmulatorUnderTest

CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"


def test_each_callback_sends_its_log(client: Callable[[str], Client], emulator: EmulatorUnderTest) -> None:
    assert client("airflow").script("secoda_airflow_callbacks.py", emulator.url("secoda"), CUSTOM) == 4
    logs = [record["log"] for record in emulator.records("secoda.run_logs")]
    assert [log["dag"]["dag_id"] for log in logs] == ["orders"] * 4
    tasks = [log["task_instance"] for log in logs if "task_instance" in log]
    assert [(task["task_id"], task["sql"]) for task in tasks] == [("load", "SELECT 1")] * 2
