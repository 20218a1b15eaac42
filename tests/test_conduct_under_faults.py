"""The conduct of clients that do all well while the vendor fails: no rule finds anything, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from time import sleep
from typing import Any

import httpx
import pytest

from emulator.conduct.pages import walks
from emulator.conduct.rules import findings
from emulator.contract.client_rules import Paging
from emulator.contract.evidence import Evidence
from emulator.contract.operation import Operation
from emulator.journal.entry import Content, Exchange, JournalledCall, JournalledReply
from tests.conftest import EmulatorUnderTest
from tests.real_time import RealTime, real_time
from tests.sample_calls import WRITES as SAMPLES
from tests.sample_calls import begin, write, written

__all__ = ["real_time"]

pytestmark = pytest.mark.usefixtures("real_time")

ATTEMPTS = 4
PASSING = (429, 500, 502, 503, 504)

SCENARIOS = [
    "bad-request",
    "connection-reset",
    "flaky",
    "forbidden",
    "malformed-json",
    "not-found",
    "outage",
    "rate-limited",
    "recovers",
    "server-error",
    "token-expires",
    "truncated-body",
    "unauthorized",
    "unavailable",
    "write-then-fail",
]

LISTS: dict[str, tuple[str, dict[str, Any]]] = {
    "celigo": ("/integrations", {"limit": 2}),
    "immuta": ("/dataSource", {"size": 2, "offset": 0}),
    "secoda": ("/integration/integrations", {"page_size": 20, "page": 1}),
}
WRITES = {
    "celigo": ("/integrations", "_id"),
    "secoda": ("/integration/integrations", "id"),
}


class Failed(Exception):
    """What the client raises."""


def found(emulator: EmulatorUnderTest) -> list[tuple[str, str]]:
    """Return the rules that were broken, each with its sentence."""
    contracts = emulator.catalogue.contracts
    told = findings(emulator.exchanges(), contracts, emulator.sandbox.credentials)
    return [(one.rule, one.sentence) for one in told]


class GoodClient:
    """Waits as long as it is told to, looks before it writes again, reads lists to their end, and gives up at last."""

    def __init__(self, emulator: EmulatorUnderTest, vendor: str) -> None:
        self._emulator = emulator
        self._vendor = vendor
        self._tags: dict[str, tuple[str, httpx.Response]] = {}

    def read(self, url: str, query: dict[str, Any]) -> httpx.Response:
        """Read something, at most four times."""
        for attempt in range(ATTEMPTS):
            with suppress(httpx.TransportError, json.JSONDecodeError):
                reply = self._get(url, query)
                if reply.status_code < 400:
                    reply.json()
                    return reply
                if reply.status_code not in PASSING:
                    raise Failed(reply.status_code)
                self._wait(float(reply.headers.get("Retry-After", 0)))
            self._wait(2**attempt)
        raise Failed("gave up")

    def _get(self, url: str, query: dict[str, Any]) -> httpx.Response:
        key = str(httpx.URL(url, params=query))
        tag, kept = self._tags.get(key, ("", None))
        headers = {"If-None-Match": tag} if tag else {}
        reply = self._emulator.call(self._vendor, "GET", url, params=query, headers=headers, timeout=60)
        if reply.status_code == 304 and kept is not None:
            return kept
        if reply.status_code == 200 and "ETag" in reply.headers:
            self._tags[key] = reply.headers["ETag"], reply
        return reply

    def records(self) -> Iterator[Any]:
        """Read a list to its end, as the vendor pages."""
        path, query = LISTS[self._vendor]
        while True:
            reply = self.read(path, query)
            document = reply.json()
            items = document if isinstance(document, list) else document.get("results", document.get("hits"))
            yield from items
            if self._vendor == "celigo":
                following = reply.links.get("next", {}).get("url", "")
                query = dict(httpx.URL(following).params)
            elif self._vendor == "secoda":
                following = document["links"]["next"]
                query = dict(httpx.URL(following or "").params)
            else:
                following = query["offset"] + len(items) < document["count"]
                query = {**query, "offset": query["offset"] + len(items)}
            if not following:
                return

    def create(self, name: str) -> None:
        """Create an integration, once."""
        path, _ = WRITES[self._vendor]
        for attempt in range(ATTEMPTS):
            with suppress(httpx.TransportError, json.JSONDecodeError):
                reply = self._emulator.call(self._vendor, "POST", path, json={"name": name}, timeout=60)
                if reply.status_code < 400:
                    reply.json()
                    return
                if reply.status_code not in PASSING:
                    raise Failed(reply.status_code)
                self._wait(float(reply.headers.get("Retry-After", 0)))
            self._wait(2**attempt)
            self._tags.clear()
            if any(one["name"] == name for one in self.records()):
                return
        raise Failed("gave up")

    def _wait(self, seconds: float) -> None:
        self._emulator.clock.advance(seconds)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("vendor", LISTS)
def test_good_client_that_reads_a_list(emulator: EmulatorUnderTest, vendor: str, scenario: str) -> None:
    emulator.scenario(f"{vendor}/{scenario}")
    client = GoodClient(emulator, vendor)
    for _ in range(2):
        with suppress(Failed):
            list(client.records())
    assert [one for one in found(emulator) if one[0] not in _again(scenario)] == []


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("vendor", WRITES)
def test_good_client_that_writes(emulator: EmulatorUnderTest, vendor: str, scenario: str) -> None:
    emulator.scenario(f"{vendor}/{scenario}")
    client = GoodClient(emulator, vendor)
    for name in ("Sales", "Marketing"):
        with suppress(Failed):
            client.create(name)
    assert [one for one in found(emulator) if one[0] not in _again(scenario)] == []


def _again(scenario: str) -> tuple[str, ...]:
    """Return what calling again after such a refusal is, as these tests do at once."""
    return {
        "bad-request": ("retried-in-vain",),
        "forbidden": ("retried-in-vain",),
        "not-found": ("retried-in-vain",),
        "token-expires": ("retried-in-vain", "hammered"),
        "unauthorized": ("retried-in-vain",),
    }.get(scenario, ())


# --- what is still found


def get(emulator: EmulatorUnderTest, **query: Any) -> httpx.Response:
    return emulator.call("secoda", "GET", LISTS["secoda"][0], params={"page_size": 20, **query})


def rules(emulator: EmulatorUnderTest) -> list[str]:
    return [rule for rule, _ in found(emulator)]


def test_write_sent_again_at_once_after_its_client_left_made_a_duplicate(emulator: EmulatorUnderTest) -> None:
    fault = {"vendor": "celigo", "when": {"times": 1}, "delay": {"fixed": 3600}, "commit": "after"}
    emulator.fault(fault)
    with begin(emulator, "celigo", SAMPLES):
        while not written(emulator, "celigo"):
            sleep(0.001)
    write(emulator, "celigo")
    while any(one.is_open for one in emulator.exchanges()):
        sleep(0.001)
    assert written(emulator, "celigo") == 2
    assert "duplicate-write" in rules(emulator)


@pytest.mark.parametrize("delay", [{"clock": 30}, {"fixed": 1.2}], ids=["by the clock", "really"])
def test_waiting_begins_with_the_reply_however_late_it_is(
    emulator: EmulatorUnderTest, real_time: RealTime, monkeypatch: pytest.MonkeyPatch, delay: dict[str, float]
) -> None:
    monkeypatch.setattr("emulator.transport.wire.pause", real_time.pause)
    throttled = {"status": 429, "headers": {"Retry-After": "1"}}
    emulator.fault({"vendor": "secoda", "when": {"times": 1}, "delay": delay, "reply": throttled})
    for _ in range(2):
        get(emulator, page_size=100)
    assert rules(emulator) == ["retry-after-ignored"]


def test_page_that_nobody_tried_to_read(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "secoda", "when": {"nth": 2}, "reply": {"status": 500}})
    get(emulator)
    assert rules(emulator) == ["pages-unread"]
    get(emulator, page=2)
    assert rules(emulator) == []


def test_giving_up_after_other_failures_is_no_first_failure(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "secoda", "when": {"nth": 1}, "reply": {"status": 500}})
    emulator.fault({"vendor": "secoda", "when": {"nth": 2}, "reply": {"status": 503}})
    assert [get(emulator).status_code for _ in range(2)] == [500, 503]
    assert rules(emulator) == []


@pytest.mark.parametrize(("pause", "found"), [(59, ["hammered"]), (60, [])])
def test_who_comes_back_a_minute_later_does_not_hammer(
    emulator: EmulatorUnderTest, pause: float, found: list[str]
) -> None:
    emulator.fault({"vendor": "secoda", "reply": {"status": 401}})
    for page_size in (10, 20, 30):
        get(emulator, page_size=page_size)
        emulator.clock.advance(pause)
    assert rules(emulator) == found


def test_hammering_begins_anew_after_a_pause(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "secoda", "reply": {"status": 401}})
    get(emulator)
    emulator.clock.advance(60)
    for page_size in (10, 20, 30):
        get(emulator, page_size=page_size)
    assert rules(emulator) == ["hammered"]


def test_credential_in_a_query_is_known_by_its_value(emulator: EmulatorUnderTest) -> None:
    get(emulator, page_size=100, title=emulator.credential("secoda", "read")["id"])
    assert "secret-in-query" in rules(emulator)


# --- lists of GraphQL

SCHEDULES = """query ($offset: Int!, $limit: Int!) {
  listBoltSchedules(offset: $offset, limit: $limit, showInactive: false) { schedules { name } totalCount }
}"""


def schedules(emulator: EmulatorUnderTest, offset: int, query: str = SCHEDULES) -> dict[str, Any]:
    variables = {"offset": offset, "limit": 1}
    reply = emulator.call("paradime", "POST", json={"query": query, "variables": variables}).json()
    listed: dict[str, Any] = reply["data"]["listBoltSchedules"]
    return listed


def test_graphql_list_read_to_its_end(emulator: EmulatorUnderTest) -> None:
    total = schedules(emulator, 0)["totalCount"]
    for offset in range(1, total):
        schedules(emulator, offset)
    assert total > 2
    assert rules(emulator) == []


@pytest.mark.parametrize(
    ("offsets", "found"),
    [
        ([0], ["pages-unread"]),
        ([0, 2], ["pages-skipped"]),
        ([0, 1, 1], ["pages-read-twice"]),
        ([0, 0], ["pages-unread"]),
    ],
)
def test_graphql_list_not_read_page_by_page(emulator: EmulatorUnderTest, offsets: list[int], found: list[str]) -> None:
    for offset in offsets:
        schedules(emulator, offset)
    assert set(rules(emulator)) == {*found, "pages-unread"}


def test_graphql_list_whose_total_nobody_asked_for(emulator: EmulatorUnderTest) -> None:
    schedules(emulator, 0, SCHEDULES.replace("totalCount", ""))
    assert rules(emulator) == []


def test_call_of_graphql_is_named_by_its_root_fields(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "paradime", "reply": {"status": 503}})
    emulator.call("paradime", "POST", json={"query": SCHEDULES, "variables": {"offset": 0, "limit": 1}})
    [(rule, sentence)] = found(emulator)
    assert (rule, sentence) == (
        "gave-up",
        "listBoltSchedules got 503 in exchange 1 and was not tried again; a 503 is often over in a moment: wait, and"
        " try a few times",
    )


def test_graphql_list_in_two_selections_of_one_document(emulator: EmulatorUnderTest) -> None:
    selection = "listBoltSchedules(offset: %d, limit: 1, showInactive: false) { totalCount schedules { name } }"
    first, second = selection % 0, selection % 1
    emulator.call("paradime", "POST", json={"query": f"{{ one: {first} two: {second} }}"})
    (sentence,) = [sentence for rule, sentence in found(emulator) if rule == "pages-unread"]
    assert "offset=2" in sentence


# --- cursors: what the contract of a vendor of one's own may say

CONNECTION = "{ things(%s) { nodes { id } pageInfo { endCursor hasNextPage } } }"


def exchange(number: int, call: JournalledCall, body: Any) -> Exchange:
    reply = JournalledReply((), json.dumps(body).encode(), 2, False, 200)
    content = Content(call, reply)
    return Exchange(number, datetime.now(UTC), "s", "mine", ("things",), call.method, content, status=200)


def page_of_graphql(number: int, arguments: str, cursor: str, more: bool) -> Exchange:
    query = json.dumps({"query": CONNECTION % arguments}).encode()
    call = JournalledCall((("Content-Type", "application/json"),), query, len(query), False, "POST", "", "", ())
    info = {"endCursor": cursor, "hasNextPage": more}
    return exchange(number, call, {"data": {"things": {"nodes": [{"id": 1}], "pageInfo": info}}})


def page_of_rest(number: int, query: tuple[tuple[str, str], ...], following: str | None) -> Exchange:
    call = JournalledCall((), b"", 0, False, "GET", "", "/things", query)
    return exchange(number, call, {"items": [], "next": following})


def unread(root: str, paging: Paging, *exchanges: Exchange) -> list[str]:
    evidence = Evidence("documented", "a test")
    operation = Operation("mine", "things", "t", "", evidence, "POST", "/", root=root, paging=paging)
    found = walks(exchanges, operation, paging)
    tried = {page.position for walk in found for page in walk}
    return [page.next_position for walk in found for page in walk if page.next_position not in {"", *tried}]


def test_graphql_connection_is_followed_by_its_cursor() -> None:
    paging = Paging(cursor="after", next="/pageInfo/endCursor", more="/pageInfo/hasNextPage")
    first = page_of_graphql(1, "first: 1", "a", more=True)
    last = page_of_graphql(2, 'first: 1, after: "a"', "b", more=False)
    assert unread("query", paging, first) == ["a"]
    assert unread("query", paging, first, last) == []


@pytest.mark.parametrize("following", ["b", "https://mine.test/things?after=b"])
def test_rest_list_is_followed_by_its_cursor(following: str) -> None:
    paging = Paging(cursor="after", next="/next")
    first = page_of_rest(1, (), following)
    last = page_of_rest(2, (("after", "b"),), None)
    assert unread("", paging, first) == ["b"]
    assert unread("", paging, first, last) == []
