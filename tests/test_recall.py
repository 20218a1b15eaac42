"""Answering from memory is invisible: every answer is what it would be without it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.addressing import Address
from emulator.app import Catalogue
from emulator.exchange import Call
from emulator.recall import ENTRIES, Answer, Head, Key, Recall
from emulator.sandbox.journal import journalled_head
from emulator.sandbox.sandbox import Sandbox
from tests.control import Control, controlled

TABLEAU = "740904fe-e87d-44f8-8a91-b13631ff2812"
FROZEN = {"now": "2030-01-01T00:00:00Z", "frozen": True}
PAIR = {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret"}
SECODA = {"Authorization": "Bearer secoda-token"}
CELIGO = {"Authorization": "Bearer celigo-token"}
IMMUTA = {"Authorization": "Bearer immuta-token"}

ADD = 'mutation {addCustomIntegration(name: "N", nodeTypes: []) {ok}}'

Step = tuple[str, str, dict[str, Any]]

READS: list[Step] = [
    ("GET", "/secoda/api/v1/integration/integrations?page_size=3", {"headers": SECODA}),
    ("GET", f"/secoda/api/v1/integration/integrations/{TABLEAU}", {"headers": SECODA}),
    ("GET", "/immuta/dictionary/1", {"headers": IMMUTA}),
    ("GET", "/immuta/dictionary/types", {"headers": IMMUTA}),
    ("GET", "/celigo/v1/integrations", {"headers": CELIGO}),
    ("GET", "/celigo/v1/integrations", {"headers": {"Authorization": "Bearer celigo-expired-token"}}),
    ("GET", "/celigo/v1/integrations/5fc5e0e66cfe5b44bb95de70/template", {"headers": CELIGO}),
    ("GET", "/~alpha/secoda/api/v1/integration/integrations?page_size=3", {"headers": SECODA}),
    ("GET", "/immuta/dictionary/1", {"headers": {**IMMUTA, "X-Emulator-Sandbox": "alpha"}}),
    ("GET", "/celigo/v1/integrations", {"headers": {"Authorization": "Bearer celigo-token.alpha"}}),
    ("PUT", "/immuta/dictionary/types", {"headers": IMMUTA}),
    ("GET", "/secoda/api/v1/nothing", {"headers": SECODA}),
    ("GET", "/nobody", {}),
    (
        "POST",
        "/paradime/graphql",
        {"headers": PAIR, "json": {"query": "{listCustomIntegrations {integrations {name}}}"}},
    ),
]

CHANGES: list[Step] = [
    ("POST", "/secoda/api/v1/integration/integrations", {"headers": SECODA, "json": {"name": "New"}}),
    ("POST", "/secoda/api/v1/integration/integrations", {"headers": SECODA, "json": {"name": "Neu"}}),
    ("POST", "/secoda/api/v1/integration/integrations", {"headers": SECODA, "json": {"name": 1234}}),
    ("POST", "/~alpha/secoda/api/v1/integration/integrations", {"headers": SECODA, "json": {"name": "New"}}),
    ("POST", "/_emulator/sandboxes", {"json": {"name": "alpha", "clock": FROZEN}}),
    ("DELETE", "/_emulator/sandboxes/alpha", {}),
    ("DELETE", f"/secoda/api/v1/integration/integrations/{TABLEAU}", {"headers": SECODA}),
    ("DELETE", "/immuta/dictionary/1", {"headers": IMMUTA}),
    ("POST", "/celigo/v1/integrations", {"headers": CELIGO, "json": {"name": "New"}}),
    ("POST", "/paradime/graphql", {"headers": PAIR, "json": {"query": ADD}}),
    ("PATCH", "/_emulator/flags", {"json": {"secoda.default_page_size": 45, "celigo.default_page_size": 100}}),
    ("PUT", "/_emulator/scenarios/celigo/flaky", {}),
    ("DELETE", "/_emulator/scenarios/celigo/flaky", {}),
    ("PUT", "/_emulator/scenarios/secoda/empty-world", {}),
    ("POST", "/_emulator/clock/advance", {"json": {"seconds": 3600}}),
    ("POST", "/_emulator/faults", {"json": {"vendor": "immuta", "when": {"times": 1}, "reply": {"status": 500}}}),
    ("DELETE", "/_emulator/faults", {}),
    ("POST", "/_emulator/reset", {}),
    ("POST", "/_emulator/snapshots", {"json": {"name": "s"}}),
    ("POST", "/_emulator/snapshots/s/restore", {}),
]  # fmt: skip


@pytest.fixture(scope="module")
def both(catalogue: Catalogue) -> Iterator[tuple[Control, Control]]:
    with controlled(catalogue, recall=True) as (_, recalling), controlled(catalogue, recall=False) as (_, computing):
        yield recalling, computing


def play(control: Control, steps: list[Step]) -> list[Any]:
    """Return what each step is answered in a world of its own, but for what names the port or the real time.

    The last two are what the journals of the default sandbox and of alpha keep.
    """
    control.ask("DELETE", "/sandboxes/alpha")
    control.done("POST", "/reset")
    control.done("PUT", "/clock", json=FROZEN)
    control.done("DELETE", "/faults")
    return [*(_answer(control, *step) for step in steps), _journal(control, "default"), _journal(control, "alpha")]


def _journal(control: Control, sandbox: str) -> list[dict[str, Any]]:
    answer = control.ask("GET", f"/sandboxes/{sandbox}/journal")
    found = json.loads(answer.text.replace(control.url.removeprefix("http://"), "host")).get("exchanges", [])
    for exchange in found:
        del exchange["seconds"], exchange["time"]
        # That of a body which holds the port.
        headers = exchange["reply"]["headers"] if exchange["reply"] else []
        headers[:] = [header for header in headers if header[0] != "Etag"]
    return cast("list[dict[str, Any]]", found)


def _answer(control: Control, method: str, path: str, options: dict[str, Any]) -> tuple[int, str, dict[str, str]]:
    answer = control.client.request(method, control.url + path, **options)
    if not path.startswith("/_emulator"):
        return answer.status_code, answer.text.replace(control.url, ""), _headers(answer)
    if path.endswith("/reset"):
        # A world begins with the real time, and vendors write it down.
        control.done("PUT", "/clock", json=FROZEN)
    return answer.status_code, "", {}


def _headers(answer: httpx.Response) -> dict[str, str]:
    names = ("content-type", "retry-after", "cache-control", "allow")
    return {name: answer.headers[name] for name in names if name in answer.headers}


@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(st.sampled_from(READS) | st.sampled_from(READS) | st.sampled_from(CHANGES), min_size=4, max_size=25)
)
def test_every_answer_is_the_same_without_recall(both: tuple[Control, Control], steps: list[Step]) -> None:
    recalling, computing = both
    assert play(recalling, steps) == play(computing, steps)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/sandboxes/alpha/reset", 201), ("DELETE", "/sandboxes/alpha", 404)]
)
def test_a_body_that_comes_late_is_for_the_world_that_is_there_then(
    both: tuple[Control, Control], method: str, path: str, status: int
) -> None:
    for control in both:
        control.ask("DELETE", "/sandboxes/alpha")
        control.sandbox(name="alpha")
        head, body = late_request(control, "/~alpha/secoda/api/v1/integration/integrations", b'{"name": "Late"}')
        host, port = control.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            for _ in range(2):
                # Nothing is answered to a head alone, but what is known of it the second time.
                connection.sendall(head + body)
                assert connection.recv(65536).startswith(b"HTTP/1.1 201 ")
            connection.sendall(head)
            control.done(method, path)
            connection.sendall(body)
            assert connection.recv(65536).startswith(b"HTTP/1.1 %d " % status)
        if status == 201:
            assert control.done("GET", "/sandboxes/alpha/journal")["recorded"] == 1


def late_request(control: Control, path: str, body: bytes) -> tuple[bytes, bytes]:
    """Return a request as its head and its body."""
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {control.url.removeprefix('http://')}",
        f"Authorization: {SECODA['Authorization']}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), body


def test_a_recalled_answer_is_journalled_and_counted_like_the_first(both: tuple[Control, Control]) -> None:
    journals = []
    for control in both:
        play(control, [READS[0]] * 3)
        exchanges = control.done("GET", "/journal")["exchanges"]
        journals.append(
            [(one["id"], one["operations"], one["reply"]["status"], one["call"]["query"]) for one in exchanges]
        )
    assert journals[0] == journals[1]
    assert len(journals[0]) == 3


def test_what_is_known_stays_within_bounds_and_is_forgotten_whole() -> None:
    recall = Recall()
    for number in range(3 * ENTRIES):
        key, head = known(number)
        recall.keep(key, head)
        assert recall.find(key) is head
        recall.keep_answer(head, b"", ANSWER)
    found = [recall.find(known(number)[0]) for number in range(3 * ENTRIES)]
    kept = [head for head in found if head is not None]
    assert 0 < len(kept) <= ENTRIES
    recall.forget()
    # A call that was under way meanwhile: what it was answered is kept where nobody finds it.
    recall.keep_answer(kept[-1], b"late", ANSWER)
    assert [recall.find(known(number)[0]) for number in range(3 * ENTRIES)] == [None] * 3 * ENTRIES


def test_bodies_of_one_head_are_bounded_as_well() -> None:
    recall = Recall()
    key, head = known(1)
    for number in range(3 * ENTRIES):
        recall.keep(key, head)
        recall.keep_answer(head, b"%d" % number, ANSWER)
        found = recall.find(key)
        assert found is None or len(found.answers) <= ENTRIES
        head = known(1)[1] if found is None else found


def known(number: int) -> tuple[Key, Head]:
    """Return a request's key and a head of its own."""
    call = Call("GET", f"/{number}")
    address = Address(cast("Sandbox", None), "acme", "", f"/{number}")
    return ("GET", f"/{number}", (), "http", None), Head(address, None, call, journalled_head(call), is_short=False)


ANSWER = cast("Answer", SimpleNamespace(body=b""))
