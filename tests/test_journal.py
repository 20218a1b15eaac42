"""What a journal keeps, how it is searched, and its bounds."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, MultiDictProxy

from emulator.contract.near_misses import NearMiss
from emulator.exchange import NOTHING, Call, Part, Reply, Violation
from emulator.journal.entry import Exchange
from emulator.journal.following import Follower
from emulator.journal.journal import Journal
from emulator.journal.journals import Journals
from emulator.journal.masking import MASK
from emulator.journal.recording import Recording
from emulator.journal.secret_paths import SecretPaths
from emulator.journal.unmasked import BODY_LIMIT, Unmasked
from emulator.transport.wire import reply_of
from tests.conftest import EmulatorUnderTest

TIME = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
URL = "http://127.0.0.1:4070/acme/v1"


def call(
    method: str = "GET",
    path: str = "/things",
    *,
    query: Sequence[tuple[str, str]] = (),
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    **more: Any,
) -> Call:
    return Call(
        method,
        path,
        more.pop("base_url", URL),
        query=MultiDictProxy(MultiDict(query)),
        headers=CIMultiDictProxy(CIMultiDict(headers)),
        body=body,
        **more,
    )


def part(name: str, content: bytes, filename: str | None = None, kind: str = "text/plain") -> Part:
    return Part(name, filename, kind, io.BytesIO(content), len(content))


def exchange(
    number: int = 1,
    *,
    given: Call | None = None,
    reply: Reply | None = None,
    content: bytes = b"",
    body_limit: int = BODY_LIMIT,
    broken_off: bool = False,
    near_misses: tuple[NearMiss, ...] = (),
    call_violations: Sequence[Violation] = (),
    reply_violations: Sequence[Violation] = (),
    seconds: float = 0.25,
    **fields: Any,
) -> Exchange:
    """Return an exchange as the pipeline makes it."""
    given = given or call()
    unmasked = Unmasked(given, near_misses=lambda method, path: near_misses, body_limit=body_limit)
    values: dict[str, Any] = {"time": TIME, "sandbox": "default", "vendor": "acme", "operations": ("listThings",)}
    made = Exchange(number, **values | fields, method=given.method, content=unmasked, size=unmasked.size)
    if not broken_off:
        reply = reply or Reply(200)
        headers = CIMultiDict({"Content-Type": reply.content_type} if reply.content_type else {})
        headers.update(reply.headers)
        response = web.Response(status=reply.status, headers=headers, body=content)
        if not reply.content_type and "Content-Type" not in reply.headers:
            response.headers.popall("Content-Type", None)
        end(made, given, response, call_violations, reply_violations, seconds)
    return made


def end(
    made: Exchange,
    given: Call,
    response: web.Response | None,
    call_violations: Sequence[Violation] = (),
    reply_violations: Sequence[Violation] = (),
    seconds: float = 0.25,
) -> None:
    """End the call of an exchange as the pipeline does."""
    assert isinstance(made.content, Unmasked)
    reply = reply_of(response) if response else None
    Recording(made, made.content).complete(given, reply, call_violations, reply_violations, seconds)


def journal(*fields: dict[str, Any], size: int = 100, max_bytes: int = 10_000_000) -> Journal:
    """Return a journal of exchanges with these fields."""
    made = Journal(size, max_bytes)
    for entry in fields:
        made.record(exchange(made.next_number(), **entry))
    return made


def numbers(exchanges: Sequence[Exchange]) -> list[int]:
    return [found.number for found in exchanges]


def violation(pointer: str, actual: Any, sentence: str) -> Violation:
    return Violation("body", pointer, "type", "integer", actual, sentence)


# What is kept


def test_an_exchange_is_a_plain_document() -> None:
    sent = call(
        "POST",
        "/things/a%20b",
        query=[("page", "2"), ("tag", "x"), ("tag", "é&")],
        headers=[("Content-Type", "application/json"), ("X-Acme", "1")],
        body=b'{"name": "B"}',
    )
    made = exchange(
        7,
        given=sent,
        reply=Reply(201, {"id": "b"}, {"Location": "/things/b", "Content-Type": "application/json"}),
        content=b'{"id":"b"}',
        faults=("fault-1",),
        call_violations=[violation("/name", "B", "'B' is not of type 'integer'")],
        reply_violations=[Violation("status", "", "enum", [200], 201, "201 is not one of [200]")],
        near_misses=(NearMiss("createThing", "POST", "/things", "it ends with a slash"),),
    )
    assert json.loads(orjson.dumps(made.document())) == {
        "id": 7,
        "time": "2024-05-06T07:08:09.123Z",
        "sandbox": "default",
        "vendor": "acme",
        "state": "done",
        "operations": ["listThings"],
        "call": {
            "method": "POST",
            "url": f"{URL}/things/a%20b?page=2&tag=x&tag=%C3%A9%26",
            "path": "/things/a%20b",
            "query": [["page", "2"], ["tag", "x"], ["tag", "é&"]],
            "headers": [["Content-Type", "application/json"], ["X-Acme", "1"]],
            "content_type": "application/json",
            "body": '{"name": "B"}',
            "body_size": 13,
            "body_cut": False,
            "parts": [],
        },
        "reply": {
            "status": 201,
            "headers": [["Location", "/things/b"], ["Content-Type", "application/json"]],
            "content_type": "application/json",
            "body": '{"id":"b"}',
            "body_size": 10,
            "body_cut": False,
        },
        "faults": ["fault-1"],
        "stub": None,
        "violations": [
            {
                "of": "call",
                "place": "body",
                "pointer": "/name",
                "rule": "type",
                "sentence": "'B' is not of type 'integer'",
            },
            {"of": "reply", "place": "status", "pointer": "", "rule": "enum", "sentence": "201 is not one of [200]"},
        ],
        "near_misses": [
            {"operation": "createThing", "method": "POST", "path": "/things", "sentence": "it ends with a slash"}
        ],
        "seconds": 0.25,
    }


def test_a_connection_that_was_broken_off_has_no_reply() -> None:
    made = exchange(broken_off=True)
    assert (made.document()["reply"], made.status) == (None, 0)


def test_a_body_that_is_not_there_is_null() -> None:
    document = exchange(reply=Reply(204)).document()
    assert (document["call"]["body"], document["reply"]["body"], document["reply"]["content_type"]) == (None, None, "")


def test_a_binary_body_is_counted_but_not_stored() -> None:
    document = exchange(content=b"PK\3\4\0\0").document()
    assert (document["reply"]["body"], document["reply"]["body_size"]) == (None, 6)


def test_invalid_utf8_is_harmless() -> None:
    sent = call(headers=[("X-Name", "caf\udce9")], query=[("q", "\udcff")], body=b"caf\xe9")
    document = json.loads(orjson.dumps(exchange(given=sent).document()))
    assert document["call"]["headers"] == [["X-Name", "caf?"]]
    assert document["call"]["body"] == "caf\ufffd"


def test_a_long_body_is_cut_and_says_so() -> None:
    document = exchange(given=call(body="é".encode() * 50), body_limit=33).document()
    assert document["call"]["body"] == "é" * 16
    assert (document["call"]["body_size"], document["call"]["body_cut"]) == (100, True)


def test_fields_of_a_multipart_body_are_kept_and_files_counted() -> None:
    parts = {"note": part("note", b"two"), "file": part("file", b"B\nC\n", "names.csv", "text/csv")}
    assert exchange(given=call(parts=parts)).document()["call"]["parts"] == [
        {"name": "note", "filename": None, "content_type": "text/plain", "size": 3, "text": "two"},
        {"name": "file", "filename": "names.csv", "content_type": "text/csv", "size": 4},
    ]


def test_a_token_in_the_path_is_masked_with_and_without_a_match() -> None:
    secrets = SecretPaths(["/api/v1/{company_token}", "", "/things/{id}", "/graphql"])
    matched = call(base_url="http://host/acme/api/v1/abc", path="/graphql")
    unmatched = call(base_url="http://host/acme", path="/api/v1/abc/grapql")
    kept = [
        Unmasked(given, secrets, matched=is_matched).masked().call.url
        for given, is_matched in ((matched, True), (unmatched, False))
    ]
    assert kept == ["http://host/acme/api/v1/***/graphql", "http://host/acme/api/v1/***/***"]


def test_values_in_violations_are_shortened_and_masked() -> None:
    huge = {"password": "hunter2", "rest": "x" * 10_000}
    found = [
        violation("/password", "hunter2", "'hunter2' is not of type 'integer'"),
        violation("/password", 12345678, "12345678 is not of type 'string'"),
        violation("", huge, f"{huge!r} is not of type 'array'"),
        violation("/credentials", ["hunter2"], "['hunter2'] is not of type 'object'"),
        violation("/name", "y" * 10_000, f"{'y' * 10_000!r} is too long"),
        violation("/note", "token=hunter2", "'token=hunter2' does not match"),
        violation("/gone", NOTHING, "'gone' is a required property"),
    ]
    kept = journal({"call_violations": found}).get(1)
    assert kept is not None
    assert [one.sentence[:60] for one in kept.call_violations] == [
        "'***' is not of type 'integer'",
        "'***' is not of type 'string'",
        "the object is not of type 'array'",
        "the array is not of type 'object'",
        f"'{'y' * 59}",
        "'token=***' does not match",
        "'gone' is a required property",
    ]
    assert "hunter2" not in repr(kept)
    assert "12345678" not in repr(kept)
    assert max(len(repr(one)) for one in kept.call_violations) < 2500


# Bounds

sizes = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3)), max_size=40)


@given(sizes, st.integers(1, 10), st.integers(1, 40_000), st.sets(st.integers(0, 40)))
def test_bounds_hold_and_nothing_is_lost_uncounted(
    bodies: list[tuple[int, int, int]], size: int, max_bytes: int, clearings: set[int]
) -> None:
    kept = Journal(size, max_bytes)
    for index, (sent, answered, found) in enumerate(bodies):
        if index in clearings:
            kept.clear()
        violations = [violation("/a", 1, "s" * 100)] * found
        kept.record(
            exchange(
                kept.next_number(),
                given=call(body=b"x" * sent),
                content=b"y" * answered,
                call_violations=violations,
            )
        )
        texts = [len(str(one.document())) for one in kept]
        assert len(kept) <= size
        assert kept.bytes <= max_bytes
        assert sum(texts) <= max_bytes
        assert kept.recorded == index + 1 == len(kept) + kept.dropped + kept.cleared
        assert numbers(list(kept)) == list(range(kept.recorded - len(kept) + 1, kept.recorded + 1))


def test_the_oldest_make_room() -> None:
    kept = journal(*[{}] * 5, size=3)
    assert (numbers(list(kept)), kept.dropped, kept.lost) == ([3, 4, 5], 2, 2)
    assert [kept.get(number) is not None for number in range(7)] == [False, False, False, True, True, True, False]


def test_an_exchange_larger_than_the_journal_is_counted_but_not_stored() -> None:
    kept = journal({}, {"content": b"x" * 50_000}, max_bytes=40_000)
    assert (len(kept), kept.dropped, kept.bytes) == (0, 2, 0)


def test_clearing_deletes_and_the_numbers_continue() -> None:
    kept = journal(*[{}] * 4, size=3)
    kept.clear()
    assert (len(kept), kept.bytes, kept.dropped, kept.cleared, kept.lost, kept.next_number()) == (0, 0, 1, 3, 0, 5)
    assert kept.get(4) is None


def test_of_all_journals_together_the_oldest_of_the_largest_make_room() -> None:
    journals = Journals(100_000)
    small, large = (Journal(100, 10_000_000, journals=journals) for _ in range(2))
    for _ in range(5):
        large.record(exchange(large.next_number(), content=b"x" * 15_000))
    for _ in range(6):
        small.record(exchange(small.next_number(), content=b"x" * 5_000))
    assert journals.bytes == small.bytes + large.bytes <= 100_000
    assert (numbers(list(small)), numbers(list(large))) == ([1, 2, 3, 4, 5, 6], [4, 5])
    assert (small.lost, large.lost, large.dropped) == (0, 3, 3)
    large.close()
    large.record(exchange(6))
    assert (journals.bytes, numbers(list(large))) == (small.bytes, [4, 5, 6])
    small.clear()
    assert journals.bytes == 0


def test_an_exchange_larger_than_the_limit_of_all_journals_is_counted_but_not_stored() -> None:
    journals = Journals(10_000)
    kept = Journal(100, 10_000_000, journals=journals)
    kept.record(exchange(1, content=b"x" * 50_000))
    kept.record(exchange(2))
    assert (numbers(list(kept)), kept.dropped, journals.bytes) == ([2], 1, kept.bytes)


# Searching


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"vendor": "other"}, [3]),
        ({"operation": "listThings"}, [1, 3, 5]),
        ({"operation": "b"}, [2]),
        ({"operation": "*Things"}, [1, 3, 5]),
        ({"status": 404}, [4]),
        ({"status": 0}, [5]),
        ({"unmatched": True}, [4]),
        ({"unmatched": False}, [1, 2, 3, 5]),
        ({"violations": True}, [2]),
        ({"violations": False}, [1, 3, 4, 5]),
        ({"since": 3}, [4, 5]),
        ({"since": 0}, [1, 2, 3, 4, 5]),
        ({"since": 9}, []),
        ({"limit": 2}, [4, 5]),
        ({"limit": 0}, []),
        ({"limit": 9}, [1, 2, 3, 4, 5]),
        ({"since": 1, "limit": 2}, [2, 3]),
        ({"operation": "listThings", "vendor": "acme", "status": 200}, [1]),
    ],
)
def test_exchanges_are_found_by(wanted: dict[str, Any], found: list[int]) -> None:
    kept = journal(
        {},
        {"operations": ("a", "b"), "call_violations": [violation("", 1, "1 is wrong")]},
        {"vendor": "other"},
        {"operations": (), "reply": Reply(404)},
        {"broken_off": True},
    )
    assert numbers(kept.select(**wanted)) == found


def test_since_finds_what_is_left_after_the_oldest_were_dropped() -> None:
    kept = journal(*[{}] * 6, size=3)
    assert [numbers(kept.select(since=number)) for number in (0, 3, 4, 6)] == [[4, 5, 6], [4, 5, 6], [5, 6], []]


# Calls in progress


def test_the_parts_of_a_call_in_progress_are_left_at_their_start() -> None:
    note = part("note", b"x" * 100_000)
    Unmasked(call("POST", parts={"note": note}))
    assert note.file.tell() == 0


def opened(kept: Journal, **fields: Any) -> Exchange:
    """Open an exchange in a journal and return it."""
    made = exchange(kept.next_number(), broken_off=True, **fields)
    kept.open(made)
    return made


def completed(kept: Journal, made: Exchange, content: bytes = b"") -> None:
    end(made, call(), web.Response(body=content))
    kept.record(made)


def test_a_call_in_progress_becomes_done_in_its_place() -> None:
    told: list[Exchange] = []
    kept = Journal(100, 10_000_000, on_record=told.append)
    first, second = opened(kept), opened(kept)
    assert [one.document()["state"] for one in kept] == ["open", "open"]
    before = kept.bytes
    completed(kept, second, b"x" * 1000)
    assert [(one.number, one.document()["state"], one.status) for one in kept] == [(1, "open", 0), (2, "done", 200)]
    assert (kept.bytes, kept.recorded, numbers(told)) == (before + 1000, 2, [2])
    completed(kept, first)
    assert numbers(told) == [2, 1]
    assert [one.document()["state"] for one in kept] == ["done", "done"]


def test_a_call_in_progress_has_no_status() -> None:
    kept = journal({"broken_off": True})
    opened(kept)
    assert numbers(kept.select(status=0)) == [1]
    assert (numbers(kept.select(state="open")), numbers(kept.select(state="done"))) == ([2], [1])


def test_clearing_leaves_calls_in_progress() -> None:
    kept = journal({}, {})
    waiting = opened(kept)
    kept.record(exchange(4))
    kept.clear()
    kept.record(exchange(5))
    assert (numbers(list(kept)), kept.cleared) == ([3, 5], 3)
    assert [kept.get(number) is not None for number in range(7)] == [False, False, False, True, False, True, False]
    assert [numbers(kept.select(since=number)) for number in range(6)] == [[3, 5], [3, 5], [3, 5], [5], [5], []]
    completed(kept, waiting)
    kept.clear()
    assert (len(kept), kept.bytes) == (0, 0)


def test_a_call_in_progress_makes_room_like_others() -> None:
    journals = Journals()
    kept = Journal(2, 10_000_000, journals=journals)
    waiting = opened(kept)
    for number in (2, 3):
        kept.record(exchange(number))
    completed(kept, waiting, b"x" * 1000)
    assert (numbers(list(kept)), kept.dropped, kept.lost) == ([2, 3], 1, 1)
    kept.clear()
    assert (kept.bytes, journals.bytes) == (0, 0)


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 5), st.integers(1, 30_000))
def test_bounds_hold_whatever_is_in_progress(steps: list[int], size: int, max_bytes: int) -> None:
    journals = Journals()
    kept, waiting = Journal(size, max_bytes, journals=journals), []
    for step in steps:
        if step == 0:
            kept.record(exchange(kept.next_number(), content=b"x" * 500))
        elif step == 1:
            waiting.append(opened(kept))
        elif step == 2 and waiting:
            completed(kept, waiting.pop(0), b"y" * 4000)
        elif step == 3:
            kept.clear()
        assert len(kept) <= size
        assert kept.bytes == sum(one.size for one in kept) == journals.bytes <= max_bytes
        assert kept.recorded == len(kept) + kept.dropped + kept.cleared


# Following


async def following(follower: Follower) -> list[int]:
    """Wait until there are new exchanges, or the journal is closed, and return their numbers."""
    while not (found := follower.take()) and not follower.has_ended:
        await follower.changed()
    return numbers(found)


async def test_a_follower_gets_what_is_there_at_once() -> None:
    assert await following(Follower(journal({}, {}))) == [1, 2]


async def test_a_follower_waits_for_the_next_exchange() -> None:
    kept = journal({})
    waiting = [asyncio.create_task(following(Follower(kept, 1))) for _ in range(3)]
    await asyncio.sleep(0)
    waiting.pop().cancel()
    assert not any(task.done() for task in waiting)
    kept.record(exchange(2))
    kept.record(exchange(3))
    assert [await task for task in waiting] == [[2, 3], [2, 3]]
    assert not kept._listeners


async def test_a_follower_sees_by_the_numbers_what_it_has_missed() -> None:
    assert await following(Follower(journal(*[{}] * 6, size=2), 1)) == [5, 6]


async def test_a_follower_of_an_earlier_journal_gets_all_of_this_one() -> None:
    assert await following(Follower(journal({}, {}), 500)) == [1, 2]


async def test_a_follower_sleeps_through_what_is_gone_again() -> None:
    kept = journal(max_bytes=1)
    waiting = asyncio.create_task(following(Follower(kept)))
    await asyncio.sleep(0)
    kept.record(exchange(1))
    await asyncio.sleep(0)
    assert not waiting.done()
    kept.close()
    assert await waiting == []


async def test_a_closed_journal_wakes_its_followers() -> None:
    kept = journal({})
    waiting = asyncio.create_task(following(Follower(kept, 1)))
    await asyncio.sleep(0)
    kept.close()
    assert (await waiting, await following(Follower(kept, 1)), await following(Follower(kept))) == ([], [], [1])


async def test_a_call_is_followed_once_it_is_over_and_others_do_not_wait_for_it() -> None:
    kept = journal({})
    slow, follower = opened(kept), Follower(kept)
    assert (numbers(follower.take()), numbers(list(follower.in_flight))) == ([1], [2])
    kept.record(exchange(3))
    [third] = follower.take()
    # A reader that begins there again gets the third once more, and the second.
    assert (third.number, follower.resumes_after(third)) == (3, 1)
    completed(kept, slow)
    [second] = follower.take()
    assert (second.number, follower.resumes_after(second)) == (2, 2)
    assert (follower.take(), list(follower.in_flight)) == ([], [])


async def test_no_exchange_is_missed_or_seen_twice_while_following() -> None:
    kept = Journal(1000, 100_000_000)
    seen: list[int] = []

    async def follow() -> None:
        follower = Follower(kept)
        while found := await following(follower):
            seen.extend(found)

    task, waiting = asyncio.create_task(follow()), []
    for number in range(1, 301):
        if number % 5:
            kept.record(exchange(number))
        else:
            waiting.append(opened(kept))
        if number % 7 == 0:
            await asyncio.sleep(0)
        if number % 11 == 0:
            completed(kept, waiting.pop())
    for one in waiting:
        completed(kept, one)
    kept.close()
    await task
    assert sorted(seen) == list(range(1, 301))
    assert len(set(seen)) == 300


def test_a_header_that_a_reply_has_twice_is_kept_twice_and_masked_each_time() -> None:
    headers = CIMultiDict([("Set-Cookie", "a=1"), ("X-Name", "n"), ("Set-Cookie", "b=2")])
    made = exchange(broken_off=True)
    end(made, call(), web.Response(headers=headers))
    assert made.reply is not None
    assert made.reply.headers == (("Set-Cookie", MASK), ("X-Name", "n"), ("Set-Cookie", MASK))


@pytest.mark.parametrize(
    ("vendor", "method", "path", "document", "status", "violation"),
    [
        (
            "secoda",
            "POST",
            "/integration/integrations",
            {"name": "a\ud800b"},
            400,
            ("body", "/name", "refused", "Surrogate characters are not allowed: U+D800."),
        ),
        (
            "secoda",
            "POST",
            "/integration/integrations",
            {"name": "a\0b"},
            400,
            ("body", "/name", "refused", "Null characters are not allowed."),
        ),
        (
            "celigo",
            "POST",
            "/integrations",
            {"name": "a", "install": [{"name": "a", "type": "url", "url": "nowhere"}]},
            422,
            ("body", "/install[0]/url", "refused", "Install step is invalid: invalid url."),
        ),
        (
            "celigo",
            "GET",
            "/integrations?include=name&exclude=name",
            None,
            400,
            (
                "query",
                "/exclude",
                "refused",
                "Please provide either include or exclude param in the request query and not both.",
            ),
        ),
        ("celigo", "GET", "/integrations/5fc5e0e66cfe5b44bb95de7f", None, 404, None),
    ],
)
def test_what_a_handler_refuses_of_what_was_sent_is_a_violation(
    emulator: EmulatorUnderTest,
    vendor: str,
    method: str,
    path: str,
    document: Any,
    status: int,
    violation: tuple[str, str, str, str] | None,
) -> None:
    content = None if document is None else json.dumps(document)
    headers = {"Content-Type": "application/json"}
    assert emulator.call(vendor, method, path, content=content, headers=headers).status_code == status
    found = [(one.place, one.pointer, one.rule, one.sentence) for one in emulator.exchanges()[-1].violations]
    assert found == ([] if violation is None else [violation])
