"""`secodadk`, the vendor's kit for custom integrations, writes the JSONL that is then uploaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.clients.conftest import Client
from tests.conftest import EmulatorUnderTest

CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"


def test_what_the_kit_writes_is_loaded(
    client: Callable[[str], Client], emulator: EmulatorUnderTest, tmp_path: Path
) -> None:
    seen = client("secoda").script("secoda_dk.py", emulator.url("secoda"), CUSTOM, str(tmp_path))
    assert seen == {"status": 200, "body": ""}
    (sync,) = [sync for sync in emulator.records("secoda.syncs") if sync["current"]]
    assert sync["integration_id"] == CUSTOM
    brought = {
        name: [found for found in emulator.records(f"secoda.{name}") if found["key"].startswith(f"{sync['tag']}:")]
        for name in ("resources", "lineage")
    }
    assert {found["databuilder_id"] for found in brought["resources"]} == {"db", "d/1"}
    assert brought["lineage"]
