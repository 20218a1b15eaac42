"""Cached replies change nothing: each equals a newly built reply, whatever happens meanwhile."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.catalogue import Catalogue
from emulator.exchange import EncodedReply
from emulator.sandbox.replies import KEPT_BYTES, KeptReplies, Made, Replies
from emulator.vendors.secoda import integrations
from tests.conftest import EmulatorUnderTest
from tests.control import Control, controlled
from tests.sample_calls import BY_ID, READS, WRITES, read, write

Step: TypeAlias = tuple[str, Any]

ROOTS = {
    "celigo": "/celigo/v1",
    "immuta": "/immuta",
    "paradime": "/paradime/graphql",
    "secoda": "/secoda/api/v1",
}
CREDENTIALS = {
    "celigo": {"Authorization": "Bearer celigo-token"},
    "immuta": {"Authorization": "immuta-token"},
    "paradime": {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret"},
    "secoda": {"Authorization": "Bearer secoda-token"},
}
SANDBOXES = ("one", "two")
FROZEN = {"now": "2024-05-01T12:00:00Z", "frozen": True}
LISTS = (
    "query A($p: Boolean!) {listCustomIntegrations {ok integrations {uid name @include(if: $p)}}} query B {__typename}"
)

GRAPHQL = [
    {"query": LISTS, "operationName": name, "variables": {"p": p, "other": other}}
    for name in ("A", "B", None)
    for p, other in ((True, 1), (True, 2), (False, 1), ("no", 1))
] + [{"query": "{listCustomIntegrations"}]
MORE_HEADERS = [
    {"traceparent": "1"},
    {"Authorization": "Bearer wrong", "X-API-KEY": "wrong"},
    {"If-None-Match": "*"},
    {"If-None-Match": "the last"},
    {"X-Emulator-Scenario": "outage"},
    {"Prefer": "code=200"},
    {"Host": "other.example"},
]
SWITCHES = [
    {"secoda.default_page_size": 45},
    {"secoda.default_page_size": 50},
    {"secoda.credentials_in_replies": "shown"},
    {"celigo.empty_list_status": 204},
]


def programs_of(vendor: str) -> st.SearchStrategy[list[Step]]:
    """Return programs of a few reads of one vendor, again and again, and of what changes their answers."""
    sandboxes = st.sampled_from(SANDBOXES)
    more_headers: st.SearchStrategy[dict[str, str]] = st.one_of(st.just({}), st.just({}), st.sampled_from(MORE_HEADERS))
    methods = st.sampled_from(["", "", "", "HEAD"])
    queries = st.sampled_from(["", "", "?limit=1&page_size=1", "?page_size=1&page=last", "?type=custom"])
    reads = st.tuples(
        sandboxes, st.just(vendor), st.sampled_from([READS, READS, BY_ID]), methods, queries, st.sampled_from(GRAPHQL)
    )
    writes = st.tuples(sandboxes, st.just(vendor), *map(st.just, (WRITES, "", "", {})))
    kinds = st.sampled_from(["switch", "switch", "save", "restore", "delete credential", "populate", "reset"])
    changes = st.tuples(kinds, st.tuples(sandboxes, st.sampled_from(SWITCHES), st.just(vendor)))

    def program(few: list[tuple[Any, ...]]) -> st.SearchStrategy[list[Step]]:
        again = st.tuples(st.sampled_from(few), more_headers).map(lambda call: ("call", (*call[0], call[1])))
        write = writes.map(lambda call: ("call", (*call, {})))
        return st.lists(st.one_of(again, again, again, write, changes), min_size=10, max_size=40)

    return st.lists(reads, min_size=1, max_size=3).flatmap(program)


@pytest.fixture(scope="module")
def control(catalogue: Catalogue) -> Iterator[Control]:
    with controlled(catalogue) as (_, control):
        yield control


@settings(max_examples=16, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(sorted(ROOTS)).flatmap(programs_of))
def test_replies_are_the_same_as_without_a_cache(control: Control, steps: Sequence[Step]) -> None:
    with_kept = run(control, steps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Replies, "get", lambda *_: None)
        assert run(control, steps) == with_kept


def run(control: Control, steps: Sequence[Step]) -> list[Any]:
    """Run steps in fresh sandboxes; return all answers, then what the journals have of them."""
    for name in SANDBOXES:
        control.ask("DELETE", f"/sandboxes/{name}")
        control.sandbox(name=name, seed=7, clock=FROZEN)
    seen: list[Any] = []
    for kind, details in steps:
        seen.append(call(control, seen, *details) if kind == "call" else change(control, kind, *details))
    for name in SANDBOXES:
        exchanges = control.done("GET", f"/sandboxes/{name}/journal")["exchanges"]
        seen += [{key: value for key, value in one.items() if key != "seconds"} for one in exchanges]
    return seen


def call(
    control: Control,
    seen: Sequence[Any],
    sandbox: str,
    vendor: str,
    calls: dict[str, Any],
    method: str,
    query: str,
    request: dict[str, Any],
    more: dict[str, str],
) -> Any:
    own, path, body = calls[vendor]
    given = {**CREDENTIALS[vendor], **more}
    if given.get("If-None-Match") == "the last":
        etags = [one[1]["etag"] for one in seen if isinstance(one, tuple) and "etag" in one[1]]
        given["If-None-Match"] = etags[-1] if etags else "none"
    root = ("" if sandbox == "one" else f"/~{sandbox}") + ROOTS[vendor]
    if sandbox == "one":
        given["X-Emulator-Sandbox"] = sandbox
    if vendor == "paradime" and calls is READS:
        body = request
    response = control.client.request(
        (method if own == "GET" and method else own),
        f"{control.url}{root}{path}{query if own == 'GET' else ''}",
        headers=given,
        json=body,
    )
    return (
        response.status_code,
        {name: value for name, value in response.headers.items() if name != "date"},
        response.content,
    )


def change(control: Control, kind: str, sandbox: str, switches: dict[str, Any], vendor: str) -> Any:
    root = f"/sandboxes/{sandbox}"
    if kind == "switch":
        return control.done("PATCH", f"{root}/switches", json=switches)
    if kind == "save":
        control.ask("POST", f"{root}/snapshots", json={"name": "kept"})
    elif kind == "restore":
        control.ask("POST", f"{root}/snapshots/kept/restore")
    elif kind == "delete credential":
        id = next(iter(CREDENTIALS[vendor].values())).removeprefix("Bearer ")
        control.ask("DELETE", f"{root}/state/{vendor}.credentials/{id}")
    elif kind == "populate":
        collection = "immuta.data_sources" if vendor == "immuta" else f"{vendor}.integrations"
        control.done("POST", f"{root}/state/populate", json={"collection": collection, "count": 2})
    else:
        control.done("POST", f"{root}/reset")
    return kind


@pytest.mark.parametrize("vendor", ROOTS)
def test_a_read_shows_what_was_written_while_its_body_came(emulator: EmulatorUnderTest, vendor: str) -> None:
    read(emulator, vendor), read(emulator, vendor)
    method, path, body = READS[vendor]
    content = json.dumps(body or {}).encode()
    url = httpx.URL(emulator.url(vendor) + path)
    head = {"Host": url.netloc.decode(), **emulator.headers(vendor), "Content-Length": str(len(content))}
    lines = [
        f"{method} {url.raw_path.decode()} HTTP/1.1",
        *map(": ".join, head.items()),
        "Content-Type: application/json",
    ]
    with socket.create_connection((url.host, url.port or 80), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode() + content[:-1])
        while not emulator.sandbox.in_flight.count:
            time.sleep(0.001)
        before = emulator.sandbox.store.revision
        write(emulator, vendor)
        assert emulator.sandbox.store.revision > before
        connection.sendall(content[-1:])
        response = connection.makefile("rb").read()
    assert response.startswith(b"HTTP/1.1 200")
    assert read(emulator, vendor).content in response


def test_readers_beside_a_writer_see_what_was_written_before_they_asked(emulator: EmulatorUnderTest) -> None:
    done: list[int] = [read(emulator, "secoda").json()["count"]]

    def look() -> None:
        while len(done) < 60:
            before = done[-1]
            assert before <= read(emulator, "secoda").json()["count"] <= done[-1] + 1

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(look) for _ in range(3)]
        for _ in range(60):
            assert write(emulator, "secoda").status_code == 201
            done.append(done[-1] + 1)
        for reader in readers:
            reader.result()


def test_what_the_contract_says_of_a_call_is_the_same_for_an_equal_one(emulator: EmulatorUnderTest) -> None:
    def ask(authorized: bool = True) -> int:
        path = "/integration/integrations?page_size=2&unheard=of"
        return emulator.call("secoda", "GET", path, rights="full" if authorized else None).status_code

    assert [ask(), ask(), ask(authorized=False)] == [200, 200, 401]
    made, again, refused = emulator.exchanges()
    assert [one.rule for one in made.violations] == ["additionalProperties"]
    assert (again.violations, again.call.params) == (made.violations, {"page_size": 2})
    assert (refused.violations, made.call.params) == ((), {"page_size": 2})
    emulator.strict(True)
    assert ask() == 400
    emulator.strict(None)
    assert ask() == 200


def test_replies_of_all_sandboxes_are_limited_in_bytes() -> None:
    cache = KeptReplies()
    first, second = Replies(cache), Replies(cache)
    for number in range(100):
        for replies in (first, second):
            assert replies.get("acme", (1,), str(number)) is None
            replies.put("acme", Made((1,), (), 0, {}, ()), str(number), EncodedReply(200, {}, bytes(KEPT_BYTES // 20)))
    kept = [number for number in range(100) if first.get("acme", (1,), str(number))]
    assert kept == list(range(100 - len(kept), 100))
    assert 5 < len(kept) <= 10
    assert cache.bytes <= KEPT_BYTES


def test_a_reply_of_a_state_that_has_passed_is_not_kept() -> None:
    replies = Replies(KeptReplies())
    replies.get("acme", (1,), "key")
    replies.get("acme", (2,), "key")
    replies.put("acme", Made((1,), (), 0, {}, ()), "key", EncodedReply(200, {}))
    assert replies.get("acme", (2,), "key") is None
    assert replies.get("acme", (1,), "key") is None


def test_replies_of_a_state_that_has_passed_and_of_a_closed_sandbox_take_no_memory() -> None:
    cache = KeptReplies()
    first, second = Replies(cache), Replies(cache)
    for replies in (first, second):
        replies.get("acme", (1,), "key")
        replies.put("acme", Made((1,), (), 0, {}, ()), "key", EncodedReply(200, {}, bytes(100)))
    first.get("acme", (2,), "key")
    assert len(cache) == 1
    assert second.get("acme", (1,), "key") is not None
    second.clear()
    assert (len(cache), cache.bytes) == (0, 0)


def test_a_reply_is_kept_as_long_as_nothing_that_it_is_made_of_changes(emulator: EmulatorUnderTest) -> None:
    def is_kept(path: str) -> bool:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(integrations, "_shown", refuse)
            return emulator.call("secoda", "GET", path).status_code == 200

    def refuse(*_: Any) -> None:
        raise AssertionError("it is not kept")

    path = "/integration/integrations"
    one, other = [found["id"] for found in emulator.call("secoda", "GET", path).json()["results"]][:2]
    for each in (f"{path}/{one}", f"{path}/{other}"):
        emulator.call("secoda", "GET", each)
    write(emulator, "secoda")
    assert (is_kept(f"{path}/{one}"), is_kept(f"{path}/{other}")) == (True, True)
    emulator.call("secoda", "DELETE", f"{path}/{one}")
    assert emulator.call("secoda", "GET", f"{path}/{one}").status_code == 404
    assert is_kept(f"{path}/{other}")
