"""A fifth vendor is a folder outside the repository: no other file changes."""

from __future__ import annotations

import subprocess
from itertools import takewhile
from pathlib import Path

import httpx

from tests.test_server import COMMAND, clean_environment

MADE_UP = Path(__file__).parent / "made_up"


def test_a_fifth_vendor_is_served_from_a_folder(tmp_path: Path) -> None:
    command = [*COMMAND, "serve", "--port", "0", "--vendors", str(MADE_UP)]
    environment = clean_environment()
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = list(takewhile(lambda line: line != "Ready.\n", process.stdout))
        url = next(word for word in lines[0].split() if word.startswith("http"))
        things = httpx.get(f"{url}/things", headers={"X-Acme-Token": "acme-token"})
        others = [line.split()[0] for line in lines[1:]]
        process.terminate()
    assert url.endswith("/acme/v1")
    assert things.json() == [{"id": "a", "name": "A"}]
    assert others == ["Celigo", "Immuta", "Initech", "Paradime", "Secoda"]
