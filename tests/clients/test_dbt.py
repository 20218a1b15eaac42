"""A real dbt project is built with dbt-core; its real artifacts are uploaded, and its failing tests come back."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid5

from tests.clients.conftest import Client
from tests.conftest import EmulatorUnderTest

PROJECT = Path(__file__).parent / "dbt_project"


def build(client: Client, folder: Path) -> Path:
    """Build the project in `folder`; return the folder of its artifacts. dbt fails, as the tests of the project do."""
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    command = [str(client.bin / "dbt"), "build", "--project-dir", ".", "--profiles-dir", "."]
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return folder / "target"


def test_failing_tests_of_a_real_project_are_returned_after_the_trigger(
    client: Callable[[str], Client], emulator: EmulatorUnderTest, tmp_path: Path
) -> None:
    artifacts = build(client("dbt"), tmp_path)
    created = emulator.call("secoda", "POST", "/integration/integrations", json={"name": "Shop", "type": "dbt"}).json()
    base = f"/integration/dbt/{created['id']}"
    with (artifacts / "manifest.json").open("rb") as manifest, (artifacts / "run_results.json").open("rb") as results:
        files = {"manifest": manifest, "run_results": results}
        uploaded = emulator.call("secoda", "POST", f"{base}/upload_artifacts/", files=files)
    assert (uploaded.status_code, uploaded.content) == (200, b"")
    assert emulator.call("secoda", "GET", f"{base}/failing_tests/").json() == {"warning": [], "failing": []}
    assert emulator.call("secoda", "POST", f"{base}/trigger/").status_code == 200

    def entity(model: str) -> str:
        return str(uuid5(UUID(created["id"]), f"model.shop.{model}"))

    found = emulator.call("secoda", "GET", f"{base}/failing_tests/").json()
    assert found == {"warning": [entity("customers")], "failing": [entity("orders")]}
