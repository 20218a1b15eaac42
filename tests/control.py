"""How the tests of the control API talk to it: by its routes, and by the commands of its documentation."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings


@dataclass
class Control:
    """The control API of a running emulator."""

    url: str
    client: httpx.Client

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Make a call below /_emulator; `options` are those of httpx."""
        return self.client.request(method, f"{self.url}/_emulator{path}", **options)

    def done(self, method: str, path: str, **options: Any) -> Any:
        """Make a call that has to succeed, and return its JSON."""
        response = self.ask(method, path, **options)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def refused(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Make a call that has to fail, and return its status and the sentence of its problem details."""
        response = self.ask(method, path, **options)
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert problem["status"] == response.status_code
        return response.status_code, problem["detail"]

    def sandbox(self, **wanted: Any) -> Any:
        """Make a sandbox and return all that is told of it."""
        return self.done("POST", "/sandboxes", json=wanted)


@contextmanager
def controlled(catalogue: Catalogue | None = None, **settings: Any) -> Iterator[tuple[Emulator, Control]]:
    """Run an emulator of one's own in a thread."""
    emulator = Emulator(read_settings({"port": 0, "access_log": False, **settings}), catalogue)
    with ThreadedServer(emulator) as server, httpx.Client(timeout=60) as client:
        yield emulator, Control(server.url, client)


@contextmanager
def process(*options: str) -> Iterator[tuple[subprocess.Popen[str], Control]]:
    """Run `emulator serve` on a free port."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--access-log", "false", *options]
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=kept, cwd=Path(__file__).parent.parent
        ) as started,
        httpx.Client(timeout=60) as client,
    ):
        try:
            assert started.stdout is not None
            banner = "".join(takewhile(lambda line: line != "Ready.\n", started.stdout))
            yield started, Control(re.findall(r"http://[0-9.:]+", banner)[0], client)
        finally:
            started.kill()


@dataclass
class Command:
    """A curl command as the documentation has it: what of curl the documentation uses."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    data: str = ""
    upload: str = ""
    save: str = ""

    @classmethod
    def read(cls, line: str) -> Command:
        """Read a line of a shell."""
        program, quiet, *words = shlex.split(line)
        assert (program, quiet[:2]) == ("curl", "-s")
        command = cls("")
        rest = iter(words)
        for word in rest:
            if word == "-X":
                command.method = next(rest)
            elif word == "-H":
                name, _, value = next(rest).partition(": ")
                command.headers[name] = value
            elif word == "-d":
                command.data = next(rest)
            elif word == "--data-binary":
                command.upload = next(rest).removeprefix("@")
            elif word == "-o":
                command.save = next(rest)
            else:
                assert not word.startswith("-"), word
                assert not command.url, line
                command.url = word
        return command

    def run(self, client: httpx.Client, folder: dict[str, bytes]) -> httpx.Response:
        """Run it; `folder` contains the files by name."""
        content = folder[self.upload] if self.upload else self.data.encode() or None
        response = client.request(self.method, f"http://{self.url}", headers=self.headers, content=content)
        if self.save:
            folder[self.save] = response.content
        return response


def commands_of(page: str) -> list[str]:
    """Return the commands that a page of HTML shows."""
    return [unescape(line) for block in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL) for line in block.split("\n")]
