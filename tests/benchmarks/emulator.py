"""The emulator under measurement: how it is started, what it is asked, and what it answered first."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.connection import Connection, Request
from tests.benchmarks.processes import REPOSITORY, Process, free_port

JSON = {"Content-Type": "application/json"}
SECODA = {"Authorization": "Bearer secoda-token", "Accept": "application/json"}
PARADIME = {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret", **JSON}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"
GRAPHQL = "/paradime/graphql"
QUERY = "{listCustomIntegrations {ok integrations {uid name logoBase64 isActive nodeTypes {nodeType iconName color}}}}"
NEW = {
    "name": "Sample Integration",
    "type": "custom",
    "teams": ["4c0e07c0-306a-4f4e-8b2b-6a8d7a33d251", "a5423e2e-93b8-4b2c-af3c-7b7f0eefea14"],
    "credentials": {},
}
READY = Request("GET", "/_emulator/ready")
RESET = Request("POST", "/_emulator/reset")


def create_world(name: str) -> Request:
    """Make a sandbox, named in the header as well, for a proxy that has to find its process."""
    headers = {**JSON, "X-Emulator-Sandbox": name}
    return Request("POST", "/_emulator/sandboxes", headers, json.dumps({"name": name}).encode(), status=201)


FRESH_WORLD = (
    create_world("fresh"),
    Request("GET", f"/~fresh{INTEGRATIONS}?page_size=10", SECODA),
    Request("DELETE", "/_emulator/sandboxes/fresh", status=204),
)
"""A world of one's own, one call in it, and its end."""


def list_page(page: int = 1, holds: Sequence[str] = ()) -> Request:
    """Ask for a page of ten integrations."""
    return Request("GET", f"{INTEGRATIONS}?page_size=10&page={page}", SECODA, holds=tuple(holds))


CALLS: Mapping[str, Request] = {
    "list": Request("GET", f"{INTEGRATIONS}?page_size=10", SECODA),
    "get": Request("GET", f"{INTEGRATIONS}/740904fe-e87d-44f8-8a91-b13631ff2812", SECODA, holds=("Tableau",)),
    "create": Request("POST", INTEGRATIONS, {**SECODA, **JSON}, json.dumps(NEW).encode(), 201, ("Sample Integration",)),
    "graphql": Request("POST", GRAPHQL, PARADIME, json.dumps({"query": QUERY}).encode()),
}


REFUSED = Request("POST", INTEGRATIONS, {**SECODA, **JSON}, b'{"name": []}', status=400)


@dataclass(frozen=True)
class Sample:
    """What the emulator answers to each of CALLS: the data that the peers are given, too."""

    answers: Mapping[str, bytes]

    @property
    def integrations(self) -> list[dict[str, Any]]:
        """The ten integrations of the list."""
        return list(json.loads(self.answers["list"])["results"])

    @property
    def calls(self) -> Mapping[str, Request]:
        """CALLS; of the lists it is known what they must hold."""
        ids = tuple(record["id"] for record in self.integrations)
        custom = json.loads(self.answers["graphql"])["data"]["listCustomIntegrations"]["integrations"]
        uids = tuple(record["uid"] for record in custom)
        if len(ids) != 10 or len(uids) != 10:
            raise ValueError(f"the emulator lists {len(ids)} and {len(uids)} integrations, not ten")
        return {**CALLS, "list": _holding(CALLS["list"], ids), "graphql": _holding(CALLS["graphql"], uids)}


def _holding(call: Request, texts: tuple[str, ...]) -> Request:
    return Request(call.method, call.path, call.headers, call.body, call.status, texts)


def start(folder: Path, fixtures: Path | None = None) -> Process:
    """Start the emulator as a user does, without its access log, and wait until it is ready."""
    process = launch(folder, fixtures)
    process.wait_for(READY)
    return process


def launch(folder: Path, fixtures: Path | None = None, installed: Path = REPOSITORY) -> Process:
    """Start the emulator, from the checkout unless it is `installed` in a folder, and do not wait."""
    port = free_port()
    overlay = ["--fixtures", str(fixtures)] if fixtures else []
    command = [sys.executable, "-m", "emulator", "serve", "--port", str(port), "--access-log", "false", *overlay]
    return Process(command, port, folder, {"PYTHONPATH": str(installed)})


def ten_custom_integrations(folder: Path) -> Path:
    """Write an overlay with which Paradime has ten integrations; return its folder."""
    name = "paradime/integrations.yaml"
    records = yaml.safe_load((REPOSITORY / "fixtures" / name).read_text())["records"]
    return _overlay(folder, name, {"populate": 10 - len(records), "records": records})


def long_list(folder: Path, count: int) -> Path:
    """Write an overlay with which Secoda has `count` integrations; return its folder."""
    return _overlay(folder, "secoda/integrations.yaml", {"populate": count, "records": []})


def _overlay(folder: Path, name: str, content: Mapping[str, Any]) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content))
    return folder


def take_sample(process: Process) -> Sample:
    """Ask the emulator everything once, then reset it. Raises WrongAnswer."""
    with closing(Connection(process.port)) as connection:
        answers = {work: connection.check(call) for work, call in CALLS.items()}
        connection.send(RESET)
    sample = Sample(answers)
    with closing(Connection(process.port)) as connection:
        connection.check(sample.calls["list"])
    return sample
