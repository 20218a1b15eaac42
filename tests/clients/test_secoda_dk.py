"""`secodadk`, the vendor's kit for custom integrations, writes the JSONL that is then uploaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.clients.conftest import Client
from tests.conftest import EmulatorUnderTest

CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"


def test_what_the_kit_writes_is_taken_in(
    client: Callable[[str], Client], emulator: EmulatorUnderTest, tmp_path: Path
) -> None:
    seen = client("secoda").script("secoda_dk.py", emulator.url("secoda"), CUSTOM, str(tmp_path))
    assert seen == {"status": 200, "body": ""}
    resources = [found for found in emulator.records("secoda.resources") if CUSTOM in str(found)]
    assert {found["databuilder_id"] for found in resources} == {"db", "d/1"}
    assert [found for found in emulator.records("secoda.lineage") if CUSTOM in str(found)]
