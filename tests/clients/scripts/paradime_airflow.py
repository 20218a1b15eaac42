"""Drives airflow-provider-paradime-dbt, its hook, operators and sensor; prints what it saw as JSON."""

import json
import os
import sys
import tempfile
from pathlib import Path

import requests

CONNECTION = {"api_endpoint": sys.argv[1], "api_key": "paradime-key", "api_secret": "paradime-secret"}
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp()
os.environ["AIRFLOW_CONN_PARADIME"] = json.dumps({"conn_type": "paradime", "extra": CONNECTION})

from paradime_dbt_provider.hooks.paradime import ParadimeException, ParadimeHook, UserAccountType  # noqa: E402
from paradime_dbt_provider.operators.paradime import (  # noqa: E402
    ParadimeBoltDbtScheduleRunArtifactOperator,
    ParadimeBoltDbtScheduleRunOperator,
)
from paradime_dbt_provider.sensors.paradime import ParadimeBoltDbtScheduleRunSensor  # noqa: E402

COMMON = {"conn_id": "paradime"}
hook = ParadimeHook("paradime")


def advance(seconds):
    url = f"{os.environ['EMULATOR']}/_emulator/clock/advance"
    requests.post(url, json={"seconds": seconds}, timeout=10).raise_for_status()


def waited(run):
    """Return how often the sensor looked until the run was over, or its exception."""
    sensor = ParadimeBoltDbtScheduleRunSensor(task_id="wait", run_id=run, **COMMON)
    for count in range(1, 10):
        try:
            if sensor.poke({}):
                return count
        except ParadimeException as problem:
            return str(problem)
        advance(10)
    return None


def run_and_download():
    run = ParadimeBoltDbtScheduleRunOperator(task_id="run", slug="daily_run", **COMMON).execute({})
    count = waited(run)
    file = str(Path(os.environ["AIRFLOW_HOME"], "manifest.json"))
    download = ParadimeBoltDbtScheduleRunArtifactOperator(
        task_id="download", run_id=run, artifact_path="target/manifest.json", output_file_name=file, **COMMON
    )
    manifest = json.loads(Path(download.execute({})).read_text())
    return {
        "looks": count,
        "commands": [one.command for one in hook.get_bolt_run_commands(run)],
        "nodes": list(manifest["nodes"]),
    }


def custom_commands():
    operator = ParadimeBoltDbtScheduleRunOperator(
        task_id="run", schedule_name="daily_run", commands=["dbt run", "dbt test"], branch="fix", **COMMON
    )
    return [one.command for one in wait_for(operator.execute({}))]


def wait_for(run):
    waited(run)
    return hook.get_bolt_run_commands(run)


def failed_run():
    operator = ParadimeBoltDbtScheduleRunOperator(task_id="run", slug="daily_run", **COMMON)
    said = waited(operator.execute({}))
    again = ParadimeBoltDbtScheduleRunOperator(task_id="again", slug="daily_run", retry_from_failure=True, **COMMON)
    return {"said": said, "again": [one.command for one in hook.get_bolt_run_commands(again.execute({}))]}


def cancel():
    run = hook.trigger_bolt_run(slug="daily_run")
    hook.cancel_bolt_run(run)
    return waited(run)


def schedules():
    listed = hook.list_bolt_schedules(offset=0, limit=10)
    one = hook.get_bolt_schedule(slug="my-schedule")
    return {"count": listed.total_count, "names": [each.name for each in listed.schedules], "latest": one.latest_run_id}


def users():
    active = hook.get_active_users()
    hook.invite_user(email="foo@bar.baz", account_type=UserAccountType.ADMIN)
    hook.update_user_account_type(uid=active[0].uid, account_type=UserAccountType.BUSINESS)
    hook.disable_user(uid=active[1].uid)
    return {
        "workspaces": [workspace.name for workspace in hook.get_workspaces()],
        "active": [[user.name, user.account_type] for user in hook.get_active_users()],
        "invited": [user.email for user in hook.get_invited_users()],
    }


print(json.dumps(globals()[sys.argv[2]]()))
