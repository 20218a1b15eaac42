"""Runs the callbacks of secoda-airflow as Airflow runs them; prints how many there are as JSON."""

import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from types import SimpleNamespace

CONNECTION = {
    "conn_type": "secoda",
    "host": sys.argv[1],
    "password": "secoda-token",
    "extra": {"integration_id": sys.argv[2]},
}
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp()
os.environ["AIRFLOW_CONN_SECODA_DEFAULT"] = json.dumps(CONNECTION)

from airflow import DAG  # noqa: E402
from secoda_airflow.callbacks import dag_callbacks, task_callbacks  # noqa: E402

MORNING = datetime(2024, 2, 19, 8, tzinfo=UTC)
dag = DAG("orders", schedule="@daily", start_date=MORNING, description="Loads the orders.")
task = SimpleNamespace(sql="SELECT 1")
run = {
    "task_id": "load",
    "dag_id": "orders",
    "start_date": MORNING,
    "end_date": MORNING,
    "state": "success",
    "try_number": 1,
    "hostname": "worker",
    "max_tries": 0,
}
contexts = [
    ({"dag": dag}, dag_callbacks),
    ({"dag": dag, "task_instance": SimpleNamespace(task=task, **run)}, task_callbacks),
]
for context, callbacks in contexts:
    for callback in callbacks.values():
        callback(context)
print(json.dumps(sum(len(callbacks) for _, callbacks in contexts)))
