"""A session with the emulator whose every byte is printed, to be run under several PYTHONHASHSEEDs.

Each operation of each vendor is called with several things that its contract does not allow.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import httpx

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.client import Client, SandboxClient
from emulator.contract.operation import Operation
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.sample_calls import BY_ID

STRANGE = dict.fromkeys(("zeta", "alpha", "mid", "omega", "beta", "kappa"), "x")
FORM = "--b\r\n" + "".join(f'Content-Disposition: form-data; name="{name}"\r\n\r\nx\r\n--b\r\n' for name in STRANGE)
VARIABLES = ", ".join(f"${name}: Nothing" for name in STRANGE)
QUERY = f"query ({VARIABLES}) {{ listCustomIntegrations {{ {' '.join(STRANGE)} }} {' '.join(STRANGE)} }}"


def session(emulator: Emulator, client: Client, sandbox: SandboxClient) -> Iterator[object]:
    with httpx.Client(timeout=60, params=STRANGE) as http:
        for vendor in sandbox.vendors.values():
            contract = emulator.catalogue.contracts[vendor.name]
            for operation in contract.operations.values():
                if not operation.root:
                    url = f"{client.url}/{vendor.name}{contract.mounts[0]}{_path(operation)}"
                    yield _call(http, operation, url.format_map(contract.variables), dict(vendor.headers))
    yield [_timeless(exchange.document) for exchange in sandbox.journal]
    yield _timeless(sandbox.request("GET", "/journal.har"))
    yield sandbox.collections(), sandbox.scenarios(), dict(sandbox.switches), client.operations()


def _path(operation: Operation) -> str:
    id = BY_ID[operation.vendor][1].rpartition("/")[2]
    return operation.path.format_map({one.name: id for one in operation.parameters if one.place == "path"})


def _call(http: httpx.Client, operation: Operation, url: str, headers: dict[str, str]) -> object:
    if operation.body is not None and "multipart/form-data" in operation.body.media:
        body, kind = FORM, "multipart/form-data; boundary=b"
    else:
        body, kind = json.dumps({**STRANGE, "query": QUERY}), "application/json"
    response = http.request(operation.method, url, headers={**headers, "Content-Type": kind}, content=body)
    return operation.name, response.status_code, response.text


def _timeless(document: Any) -> Any:
    """Leave out times, and bodies: those of replies are printed already."""
    left_out = {"seconds", "time", "timings", "headers", "startedDateTime", "content", "reply"}
    if isinstance(document, dict):
        return {key: _timeless(value) for key, value in document.items() if key not in left_out}
    return [_timeless(one) for one in document] if isinstance(document, list) else document


def lines(catalogue: Catalogue | None = None) -> Iterator[str]:
    """Yield what a session with a new emulator gives, as text."""
    emulator = Emulator(read_settings({"port": "0", "access_log": False}), catalogue)
    with ThreadedServer(emulator) as server, Client(server.url) as client:
        for strict in (False, True):
            clock = {"now": "2030-01-01T00:00:00Z", "frozen": True}
            with client.create_sandbox(f"strict-{strict}".lower(), clock=clock, strict=strict) as sandbox:
                for said in session(emulator, client, sandbox):
                    yield json.dumps(said).replace(server.url, "URL")


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lines())
