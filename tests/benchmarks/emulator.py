"""The emulator under measurement: how it is started, its requests, and its first responses."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks import works
from tests.benchmarks.connection import Connection, Request
from tests.benchmarks.processes import REPOSITORY, Process, free_port

READY = Request("GET", "/_emulator/ready")
RESET = Request("POST", "/_emulator/reset")


def create_world(name: str) -> Request:
    """Create a sandbox, named in the header as well, so that a proxy can route the request to its process."""
    headers = {**works.JSON, "X-Emulator-Sandbox": name}
    return Request("POST", "/_emulator/sandboxes", headers, json.dumps({"name": name}).encode(), status=201)


FRESH_WORLD = (
    create_world("fresh"),
    Request("GET", f"/~fresh{works.LIST.path}", works.SECODA),
    Request("DELETE", "/_emulator/sandboxes/fresh", status=204),
)
"""Create a sandbox, make one call in it, delete it."""


@dataclass(frozen=True)
class Sample:
    """The emulator's responses to the first request of each work; the peers get the same data.

    `integrations` can be listed and read by id.
    """

    responses: Mapping[str, bytes]
    integrations: Sequence[Mapping[str, Any]]

    @property
    def works(self) -> Mapping[str, Sequence[Request]]:
        """The requests of each work."""
        ids = [integration["id"] for integration in self.integrations]
        return works.works(ids, ids[:10])


def start(folder: Path, fixtures: Path | None = None) -> Process:
    """Start the emulator as a user does, without its access log, and wait until it is ready."""
    process = launch(folder, fixtures)
    process.wait_for(READY)
    return process


def launch(folder: Path, fixtures: Path | None = None, installed: Path = REPOSITORY, *options: str) -> Process:
    """Start the emulator from the checkout, or as `installed` in another folder, and do not wait."""
    port = free_port()
    overlay = ["--fixtures", str(fixtures)] if fixtures else []
    words = ["serve", "--port", str(port), "--access-log", "false", *overlay, *options]
    command = [sys.executable, "-m", "emulator", *words]
    return Process(command, port, folder, {"PYTHONPATH": str(installed)})


def many_integrations(folder: Path) -> Path:
    """Write an overlay that gives Secoda `IDS` integrations and Paradime ten; return its folder."""
    for file, count in (("secoda/integrations.yaml", works.IDS), ("paradime/integrations.yaml", 10)):
        records = yaml.safe_load((REPOSITORY / "fixtures" / file).read_text())["records"]
        _overlay(folder, file, {"populate": count - len(records), "records": records})
    return folder


def _overlay(folder: Path, name: str, content: Mapping[str, Any]) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content))


def take_sample(process: Process) -> Sample:
    """Send the emulator the first request of each work, then reset it. Raises WrongResponse."""
    with closing(Connection(process.port)) as connection:
        everything = replace(works.LIST, path=f"{works.INTEGRATIONS}?page_size={2 * works.IDS}")
        integrations = json.loads(connection.send(everything))["results"]
        sample = Sample({}, integrations)
        if len(integrations) != works.IDS:
            raise ValueError(f"the emulator lists {len(integrations)} integrations, not {works.IDS}")
        responses = {work: connection.check(requests[0]) for work, requests in sample.works.items()}
        connection.send(RESET)
    return replace(sample, responses=responses)
