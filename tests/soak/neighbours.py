"""`python -m tests.soak.neighbours URL NUMBER`: a well-behaved client in its own sandbox.

It does what tests do, repeatedly, and checks every response. It prints one line per round: "ok", or what was wrong.
"""

from __future__ import annotations

import sys
import time

import httpx

SECODA = {"Authorization": "Bearer secoda-token"}
IMMUTA = {"Authorization": "Bearer immuta-token"}
CELIGO = {"Authorization": "Bearer celigo-token"}
PARADIME = {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret"}
PAUSE_SECONDS = 0.02


class Wrong(Exception):
    """An unexpected response."""


def main(url: str, number: int) -> None:
    name = f"neighbour-{number}"
    with httpx.Client(base_url=f"{url}/~{name}", timeout=120) as client:
        _expect(httpx.post(f"{url}/_emulator/sandboxes", json={"name": name, "seed": number}, timeout=120), 201)
        for turn in range(10**9):
            try:
                _round(client, f"{name}-{turn}")
                if turn % 10 == 9:
                    _expect(httpx.post(f"{url}/_emulator/sandboxes/{name}/reset", timeout=120), 200)
                print("ok", flush=True)
            except (Wrong, httpx.HTTPError, KeyError, TypeError) as problem:
                print(f"{type(problem).__name__}: {problem}"[:300].replace("\n", " "), flush=True)
            time.sleep(PAUSE_SECONDS)


def _round(client: httpx.Client, mark: str) -> None:
    """Create, read and delete a record of each vendor."""
    made = _expect(client.post("/celigo/v1/integrations", headers=CELIGO, json={"name": mark}), 201).json()
    place = f"/celigo/v1/integrations/{made['_id']}"
    _same(_expect(client.get(place, headers=CELIGO), 200).json()["name"], mark)
    _expect(client.delete(place, headers=CELIGO), 204)
    _expect(client.get(place, headers=CELIGO), 404)
    secoda = "/secoda/api/v1/integration/integrations"
    made = _expect(client.post(secoda, headers=SECODA, json={"name": mark, "type": "custom"}), 201).json()
    _same(_expect(client.get(f"{secoda}/{made['id']}", headers=SECODA), 200).json()["name"], mark)
    _expect(client.delete(f"{secoda}/{made['id']}", headers=SECODA), 204)
    tags = [{"name": f"{mark}.{number}"} for number in range(3)]
    made = _expect(client.post("/immuta/tag", headers=IMMUTA, json={"tags": tags}), 200).json()
    _same([tag["name"] for tag in made], [tag["name"] for tag in tags])
    listing = {"query": "{ listCustomIntegrations { integrations { uid } } }"}
    response = _expect(client.post("/paradime/graphql", headers=PARADIME, json=listing), 200).json()
    _same("errors" in response, False)
    _expect(client.get(secoda, headers={"Authorization": "Bearer wrong"}), 401)


def _expect(answer: httpx.Response, status: int) -> httpx.Response:
    if answer.status_code != status:
        raise Wrong(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:200]}")
    return answer


def _same(found: object, wanted: object) -> None:
    if found != wanted:
        raise Wrong(f"found {found!r}, not {wanted!r}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
