"""What arrived is masked when it is first read; until then nobody can read it at all."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
from aiohttp import web

from emulator.exchange import AppliedFault, Call, Part, Record
from emulator.journal.entry import Content, Exchange
from emulator.journal.journal import Journal
from emulator.journal.unmasked import Unmasked
from emulator.json_text import write_json
from tests.test_journal import call, end, exchange, part, violation

SECRET = "S3KR3T-of-the-client"


def sent(parts: dict[str, Part] | None = None) -> Call:
    return call(
        "POST",
        f"/token/{SECRET}",
        query=[("api_key", SECRET)],
        headers=[("Authorization", f"Bearer {SECRET}"), ("Content-Type", "application/json")],
        body=write_json({"password": SECRET}),
        params={"api_key": SECRET},
        parts=parts or {},
    )


def unread(**fields: Any) -> Exchange:
    """Return an exchange with a secret in each place, whose reply repeats it."""
    given = sent({"secret": part("secret", SECRET.encode())})
    made = exchange(given=given, broken_off=True, **fields)
    end(made, given, web.Response(body=f"{SECRET} is wrong".encode(), headers={"X-Token": SECRET}))
    return made


def everything_in(value: object) -> str:
    return f"{value!r} {value} {value:} {[value]}"


class DisarmedFault:
    """A fault that nobody but the journal may still know."""

    id = "fault-1"

    def applied(self, mask: Callable[[Record], Record]) -> AppliedFault:
        return AppliedFault(self.id, None, 1, f"Every call with token {mask({'token': SECRET})['token']}.")


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize(
    "way",
    [
        everything_in,
        lambda made: everything_in(made.content),
        lambda made: everything_in(copy.copy(made)),
        lambda made: everything_in(copy.deepcopy(made)),
        lambda made: everything_in(replace(made, number=2)),
        lambda made: str(asdict(made)),
        lambda made: str(pickle.dumps(made)),
        lambda made: str(pickle.dumps(made.content)),
        lambda made: str(made.document()),
        lambda made: str([getattr(made, name) for name in dir(made) if not name.startswith("_")]),
    ],
)
def test_no_way_out_shows_what_arrived(way: Any, is_open: bool) -> None:
    assert SECRET not in way(unread(is_open=is_open))


def test_what_arrived_offers_nothing_but_to_be_masked() -> None:
    assert [name for name in dir(Unmasked) if not name.startswith("_")] == [
        "end",
        "masked",
        "masked_call",
        "masked_header",
        "masked_values",
        "masker",
        "size",
    ]


def test_what_arrived_is_forgotten_once_it_was_read() -> None:
    made = unread()
    arrived = made.content
    assert isinstance(arrived, Unmasked)
    first = made.call
    assert (made.call, made.reply, made.content) == (first, made.shown.reply, made.shown)
    assert arrived not in gc.get_referents(made)


def test_a_fault_is_forgotten_once_it_is_disarmed() -> None:
    due = DisarmedFault()
    seen, arrived = weakref.ref(due), Unmasked(sent(), faults=[due])
    del due
    assert seen() is None
    assert arrived.masked().faults == (AppliedFault("fault-1", None, 1, "Every call with token ***."),)


@pytest.mark.parametrize(
    "document",
    [
        {"next": "https://host/things?page=2", "more": True, "count": 3, "things": [{"id": 1}, 2], "link": {"self": 1}},
        {"next": f"https://host/things?token={SECRET}", "more": False, "things": []},
        {"next": f"/things/{SECRET}", "count": f"Bearer {SECRET}"},
        {"nextToken": {"next": SECRET, "count": 7, "more": True, "things": [SECRET]}, "headers": [{"x": SECRET}]},
        {"name": "api_key", "value": SECRET, "next": None},
        [{"next": SECRET}],
        SECRET,
        None,
    ],
)
def test_a_part_of_a_reply_is_masked_as_in_the_whole(document: Any) -> None:
    members = ("next", "more", "count", "things", "link", "name", "value")
    pointers = ["", *(f"{above}/{name}" for above in ("", "/nextToken", "/things") for name in members)]
    given = sent()
    made = exchange(given=given, broken_off=True)
    end(made, given, web.Response(body=write_json(document), content_type="application/json"))
    part = made.reply_values(pointers)
    assert isinstance(made.content, Unmasked)
    assert SECRET not in str(part)
    assert made.reply is not None
    assert part == made.reply_values(pointers)


@pytest.mark.parametrize("body", [b"", b"not JSON", b'{"next": 1', b"[" * 100_000, b"\xff{}"])
def test_a_reply_that_is_no_json_has_no_parts(body: bytes) -> None:
    made = exchange(content=body, body_limit=200_000)
    assert made.reply_values(["", "/next"]) == [None, None]
    assert made.reply is not None
    assert made.reply_values(["", "/next"]) == [None, None]


def test_nobody_knows_the_parts_of_a_reply_that_is_cut() -> None:
    made = exchange(content=b'{"next":"x"}', body_limit=5)
    assert made.reply_values(["/next"]) is None
    assert made.reply is not None
    assert made.reply_values(["/next"]) is None


def test_a_header_of_a_reply_is_masked_as_in_the_whole() -> None:
    given = sent()
    made = exchange(given=given, broken_off=True)
    end(made, given, web.Response(headers={"X-Token": SECRET, "Link": f"</{SECRET}>; rel=next", "Retry-After": "3"}))
    names = ("x-token", "Link", "retry-after", "ETag")
    first = [made.reply_header(name) for name in names]
    assert isinstance(made.content, Unmasked)
    assert made.reply is not None
    assert first == [made.reply_header(name) for name in names] == ["***", "</***>; rel=next", "3", ""]


def test_what_is_wrong_with_a_call_masks_it_at_once() -> None:
    """Violations may quote a document of many megabytes, which the journal must not keep."""
    given, huge = sent(), ["x" * 100_000]
    made = exchange(given=given, broken_off=True)
    end(made, given, None, [violation("/tags", huge, f"{huge!r} is wrong")])
    assert isinstance(made.content, Content)
    assert len(repr(made.violations)) < 2500


def test_a_call_that_is_read_in_progress_is_read_again_at_its_end() -> None:
    kept, given = Journal(10, 10_000_000), sent()
    made = exchange(given=given, broken_off=True)
    kept.open(made)
    assert (made.call.path, made.reply) == ("/token/***", None)
    end(made, given, web.Response(body=f"{SECRET} is wrong".encode()))
    kept.record(made)
    assert made.reply is not None
    assert made.reply.text() == "*** is wrong"


def test_readers_on_other_threads_see_the_reply_once_the_call_has_ended() -> None:
    for _ in range(50):
        kept, given = Journal(10, 10_000_000), sent()
        made = exchange(given=given, broken_off=True)
        kept.open(made)
        readers = [threading.Thread(target=made.document) for _ in range(4)]
        for reader in readers:
            reader.start()
        end(made, given, web.Response(body=b"done"))
        kept.record(made)
        for reader in readers:
            reader.join()
        assert made.reply is not None
        assert made.reply.text() == "done"


def test_a_body_is_kept_no_longer_than_the_limit_of_the_journal() -> None:
    made = exchange(given=call("POST", body=b"x" * 1000), content=b"y" * 1000, body_limit=10)
    assert made.size < exchange(given=call("POST", body=b"x" * 11), content=b"y" * 11, body_limit=20).size
    assert (made.call.body, made.call.body_size, made.call.body_cut) == (b"x" * 10, 1000, True)
