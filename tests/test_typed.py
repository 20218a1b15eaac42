"""The package is typed for those who use it: mypy --strict accepts a small program of a user."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SAMPLE = Path(__file__).parent / "clients" / "scripts" / "typed_sample.py"
"""Each line with a mistake says so: make test-clients has pyright read it, too."""


def test_a_users_program_is_type_checked_against_the_package(tmp_path: Path) -> None:
    text = SAMPLE.read_text("utf-8")
    (tmp_path / "sample.py").write_text(text, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "sample.py"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    refused = {int(line) for line in re.findall(r"^sample\.py:(\d+): error", checked.stdout, re.M)}
    assert refused == {number for number, line in enumerate(text.splitlines(), 1) if "# mistake" in line}
