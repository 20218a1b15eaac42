"""The package is typed for those who use it: mypy --strict believes a small program of a user's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
from emulator.client import Client

with Client("http://127.0.0.1:4070") as client:
    with client.create_sandbox(seed=7) as sandbox:
        name: str = sandbox.name
        headers: dict[str, str] = dict(sandbox.vendors["secoda"].headers)
"""


def test_a_users_program_is_type_checked_against_the_package(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "wrong.py").write_text("from emulator.client import Client\nClient(4070)\n", encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    right = subprocess.run([*command, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert right.returncode == 0, right.stdout
    wrong = subprocess.run([*command, "wrong.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 'has incompatible type "int"; expected "str"' in wrong.stdout
