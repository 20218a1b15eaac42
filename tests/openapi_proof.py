"""Serves OpenAPI documents as they are, and tries what must be true of each: `python -m tests.openapi_proof FILE…`.

For each document: Schemathesis finds no 500 and no reply outside the contract as it is served; what is created is in
its list; each scenario for all vendors can be seen. Prints a line per document, then the table of
docs/reference/inference.md; exits with 1 if something fails.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from emulator.app import Emulator
from emulator.catalogue import read_catalogue
from emulator.client import Client
from emulator.contract.evidence import INFERENCE
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.declared.paging import ROLES
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings

VENDOR = "proof"
SLOW = ("slow", "timeout")
SCENARIOS = (
    *("unauthorized", "forbidden", "not-found", "bad-request", "rate-limited", "server-error", "unavailable", *SLOW),
    *("connection-reset", "truncated-body", "malformed-json", "flaky", "recovers", "outage"),
)
"""The scenarios for all vendors that a single read shows."""

CALLS = 20
"""How many calls show a scenario that is random."""

PATIENCE_SECONDS = 0.5
"""How long a client waits under the scenarios of `SLOW`; under others as long as the busiest machine needs."""

CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance"),
)
"""No 500, and no reply outside the contract. Whether a call is accepted depends on records and credentials, too."""


@dataclass
class Proof:
    """What one document gave."""

    file: Path
    operations: Counter[str] = field(default_factory=Counter)
    created: int = 0
    seen: list[str] = field(default_factory=list)
    calls: int = 0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the line of one document."""
        ways = ", ".join(f"{count} {way}" for way, count in sorted(self.operations.items()))
        verdict = "FAILED" if self.failures else "passed"
        total = sum(self.operations.values())
        said = (
            f"{self.created} creations in their lists; {len(self.seen)} scenarios; {self.calls} calls of Schemathesis"
        )
        return "\n  ".join([f"{self.file.name}: {total} operations: {ways}; {said}: {verdict}", *self.failures])

    @property
    def row(self) -> str:
        """The row of the document in the table of docs/reference/inference.md."""
        inferred, by_example = self.operations["inferred"], self.operations["example"]
        cells = (self.file.stem, self.operations.total(), inferred, by_example, self.created, self.calls)
        return f"| {' | '.join(map(str, cells))} |"


def prove(file: Path, examples: int) -> Proof:
    """Serve a document and try everything; `examples` is how many calls Schemathesis generates per operation."""
    catalogue = read_catalogue(homes={VENDOR: file})
    proof, contract = Proof(file, Counter(catalogue.ways[VENDOR].values())), catalogue.contracts[VENDOR]
    settings = read_settings({"port": 0, "access_log": False}, folder=Path(__file__).parent)
    with ThreadedServer(Emulator(settings, catalogue)) as server, Client(server.url) as control:
        sandbox = control.create_sandbox()
        access = sandbox.vendors[VENDOR]
        with httpx.Client(base_url=access.url, headers=dict(access.headers), timeout=60) as client:
            for create, listing, key in _creations(contract):
                _try_creation(create, listing, key, client, proof)
            _try_scenarios(sandbox, contract, client, proof)
        _fuzz(f"{server.url}/_emulator/contracts/{VENDOR}/openapi.yaml", access, examples, proof)
    return proof


def _words(contract: Contract, name: str) -> Any:
    operation = contract.operations[name]
    return contract.document["paths"][operation.path][operation.method.lower()].get("x-emulator", {})


def _creations(contract: Contract) -> Iterator[tuple[Operation, Operation, str]]:
    """Yield each inferred create with a list of its collection, and the key; both on paths without parameters."""
    free = {name: of for name, of in contract.handled.items() if "{" not in of.path and of.evidence.source == INFERENCE}
    lists = {_words(contract, name)["collection"]: of for name, of in free.items() if _is(contract, name, "list")}
    for name, operation in free.items():
        collection = _words(contract, name)["collection"]
        if _is(contract, name, "create") and collection in lists:
            key = contract.document["x-emulator"]["collections"][collection].get("key", "id")
            yield operation, lists[collection], key


def _is(contract: Contract, name: str, action: str) -> bool:
    return bool(_words(contract, name)["action"] == action)


def _try_creation(create: Operation, listing: Operation, key: str, client: httpx.Client, proof: Proof) -> None:
    """Send a record that the list has again, as a new one; expect it in the list."""
    required = [one.name for one in listing.parameters if one.required and one.place == "query"]
    examples = [value for media in listing.responses[200].media.values() for value in media.examples.values()]
    params = dict.fromkeys(required, "available")
    before = _records(client.get(listing.path, params=params).json()) or _records(examples[:1])
    body = {field: value for field, value in (before[0] if before else {}).items() if field != key}
    other = 987_654 if isinstance(before[0].get(key) if before else "", int) else "other"
    tries = (client.post(create.path, json=one) for one in (body, {"data": body}, {**body, key: other}))
    record = next((found for found in (_record(made, key) for made in tries) if found is not None), None)
    if record is None:
        return
    proof.created += 1
    shown: dict[str, Any] = {name: record.get(name, "available") for name in required}
    size = next((one.name for one in listing.parameters if one.name in ROLES["size"]), None)
    more = {size: 30} if size else {}
    if record[key] not in [one.get(key) for one in _records(client.get(listing.path, params=shown | more).json())]:
        proof.failures.append(f"{create.name}: {record[key]!r} is not in GET {listing.path}")


def _record(reply: httpx.Response, key: str) -> Any:
    """Return the created record in a reply, None if nothing was created."""
    document = reply.json() if reply.is_success and reply.content else None
    if not isinstance(document, dict):
        return None
    inside = [one for one in document.values() if isinstance(one, dict) and key in one]
    return document if key in document else next(iter(inside), None)


def _records(found: Any) -> list[Any]:
    if isinstance(found, dict):
        found = next((value for value in found.values() if isinstance(value, list)), [])
    return [one for one in found if isinstance(one, dict)]


def _try_scenarios(sandbox: Any, contract: Contract, client: httpx.Client, proof: Proof) -> None:
    """Expect that each of SCENARIOS changes what a call gets."""
    reads = [one for one in contract.handled.values() if one.method == "GET" and "{" not in one.path]
    reads.sort(key=lambda one: any(parameter.required for parameter in one.parameters))
    if not reads:
        return
    path = reads[0].path
    usual = _outcome(client, path)
    for name in SCENARIOS:
        with sandbox.scenario(f"{VENDOR}/{name}"):
            waits = {"timeout": PATIENCE_SECONDS} if name in SLOW else {}
            found = {_outcome(client, path, **waits) for _ in range(1 if name in SLOW else CALLS)}
        proof.seen += [name] if found != {usual} else []
        if found == {usual}:
            proof.failures.append(f"scenario {name}: GET {path} is {usual} as without it")


def _outcome(client: httpx.Client, path: str, **waits: float) -> str:
    """Return what a call gets: the status and whether the body is JSON, or the name of the error."""
    try:
        reply = client.get(path, **waits)  # type: ignore[arg-type]
        json.loads(reply.content or b"null")
    except ValueError:
        return f"{reply.status_code}, not JSON"
    except httpx.TransportError as problem:
        return type(problem).__name__
    return str(reply.status_code)


def _fuzz(document: str, access: Any, examples: int, proof: Proof) -> None:
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", document, "--url", access.url]
    headers = [word for name, value in access.headers.items() for word in ("-H", f"{name}: {value}")]
    sizes = ["--max-examples", str(examples), "--seed", "1", "--phases", "examples,fuzzing", "--no-color"]
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [*command, *headers, *sizes, "--checks", ",".join(CHECKS)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    calls = re.search(r"(\d+) generated", done.stdout)
    proof.calls = int(calls[1]) if calls else 0
    if done.returncode or not calls:
        proof.failures.append(f"Schemathesis: {done.stdout[-20_000:]}{done.stderr}")


def main() -> None:
    """Prove each document that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--examples", type=int, default=5, help="how many calls per operation")
    given = parser.parse_args()
    proofs = []
    for file in given.files:
        proofs.append(prove(file, given.examples))
        sys.stdout.write(f"{proofs[-1]}\n")
        sys.stdout.flush()
    sys.stdout.write("\n".join(["", *(proof.row for proof in proofs), ""]))
    sys.exit(any(proof.failures for proof in proofs))


if __name__ == "__main__":
    main()
