"""Schemathesis against the control API's own contract, all checks on, in a process of its own: it drops and resets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.control import process
from tests.test_fuzz import schemathesis

ROOT = Path(__file__).parent.parent


def test_control_api_keeps_to_its_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # where Schemathesis finds tests.fuzz.control_hooks
    with process() as (_, control):
        schemathesis("control", f"{control.url}/_emulator/openapi.yaml", folder=tmp_path)
        # What the fuzzing has left, sandboxes in any state, is still there and answers.
        for sandbox in control.done("GET", "/sandboxes")["sandboxes"]:
            control.done("GET", f"/sandboxes/{sandbox['name']}/state")
