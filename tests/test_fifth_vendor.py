"""A fifth vendor needs three folders, and no change in other files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
MADE_UP = Path(__file__).parent / "made_up"


def test_a_fifth_vendor_is_served_from_three_added_folders(tmp_path: Path) -> None:
    for name in ("emulator", "contracts", "fixtures"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(MADE_UP / name, tmp_path / name, dirs_exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0"]
    environment["PYTHONPATH"] = str(tmp_path)
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = list(takewhile(lambda line: line != "Ready.\n", process.stdout))
        url = next(word for word in lines[0].split() if word.startswith("http"))
        things = httpx.get(f"{url}/things", headers={"X-Acme-Token": "acme-token"})
        others = [line.split()[0] for line in lines[1:]]
        process.terminate()
    assert url.endswith("/acme/v1")
    assert things.json() == [{"id": "a", "name": "A"}]
    assert others == ["Celigo", "Immuta", "Paradime", "Secoda"]
