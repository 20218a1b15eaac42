"""Verifying what a sandbox has received, and the messages if it has not."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.contract.near_misses import NearMiss
from emulator.errors import ConfigurationError
from emulator.exchange import Reply
from emulator.journal.expectation import expectation_of
from emulator.journal.journal import Journal
from emulator.journal.verification import Verification, Verifier
from emulator.matching.where import same
from tests.test_journal import call, exchange, part

JSON = [("Content-Type", "application/json")]
FORM = [("Content-Type", "application/x-www-form-urlencoded")]


def seen(*entries: dict[str, Any], size: int = 100) -> Journal:
    made = Journal(size, 10_000_000)
    for entry in entries:
        made.record(exchange(made.next_number(), **entry))
    return made


def created(document: Any = None, status: int = 201, **sent: Any) -> dict[str, Any]:
    """Return the fields of a call to createThing."""
    body = b"" if document is None else json.dumps(document).encode()
    given = call("POST", **{"headers": JSON, "body": body, **sent})
    return {"given": given, "reply": Reply(status), "operations": ("createThing",)}


def verify(kept: Journal, document: dict[str, Any]) -> Verification:
    """Return the verdict on what is in a journal."""
    verifier = Verifier(expectation_of(document))
    verifier.see(one for one in kept if not one.is_open)
    return verifier.verdict([one for one in kept if one.is_open], len(kept), kept.lost)


def verified(kept: Journal, **expected: Any) -> Verification:
    wanted = {"operation": "createThing", **expected}
    found = verify(kept, wanted)
    assert orjson.loads(orjson.dumps(found.document()))["passed"] is found.passed
    return found


@pytest.mark.parametrize(
    ("times", "seen_times", "sentence"),
    [
        ({}, 1, ""),
        ({}, 3, ""),
        ({}, 0, "expected createThing at least once, found 0"),
        ({"count": 2}, 2, ""),
        ({"count": 2}, 1, "expected createThing exactly 2 times, found 1"),
        (
            {"count": 1},
            2,
            "expected createThing exactly once, found 2 (exchange 2: POST /things, exchange 3: POST /things)",
        ),
        ({"count": 0}, 0, ""),
        ({"count": 0}, 1, "expected createThing exactly 0 times, found 1 (exchange 2: POST /things)"),
        ({"at_least": 2}, 2, ""),
        ({"at_least": 2}, 1, "expected createThing at least 2 times, found 1"),
        ({"at_most": 1}, 0, ""),
        (
            {"at_most": 1},
            2,
            "expected createThing at most once, found 2 (exchange 2: POST /things, exchange 3: POST /things)",
        ),
        ({"at_least": 2, "at_most": 3}, 3, ""),
        (
            {"at_least": 2, "at_most": 3},
            4,
            "expected createThing 2 to 3 times, found 4"
            " (1 more, exchange 3: POST /things, exchange 4: POST /things, exchange 5: POST /things)",
        ),
    ],
)
def test_calls_are_counted(times: dict[str, int], seen_times: int, sentence: str) -> None:
    found = verified(seen({}, *[created()] * seen_times), **times)
    assert (found.passed, found.sentence) == (not sentence, sentence)
    assert found.exchanges == tuple(range(2, seen_times + 2))
    assert found.matched == seen_times
    assert found.near_misses == ()


def test_only_the_vendor_named_counts() -> None:
    kept = seen(created(), created() | {"vendor": "other"})
    assert verified(kept, vendor="other").exchanges == (2,)
    assert verified(kept).exchanges == (1, 2)
    assert not verified(kept, vendor="third").passed


def test_a_graphql_call_counts_for_each_of_its_root_fields() -> None:
    assert verified(seen(created() | {"operations": ("listThings", "createThing")})).passed


BODY = {"name": "B", "tags": ["x", {"a/b~c": None}], "size": 1.0, "on": True}


@pytest.mark.parametrize(
    ("where", "difference"),
    [
        ({"body": {"/name": "B", "/tags/1/a~1b~0c": None, "/size": 1, "/on": True, "": BODY}}, None),
        ({"body": {"/name": "C"}}, "body /name is 'B', not 'C'"),
        ({"body": {"/on": 1}}, "body /on is true, not 1"),
        ({"body": {"/tags": ["x"]}}, 'body /tags is ["x", {"a/b~c": null}], not ["x"]'),
        ({"body": {"/tags/2": "x"}}, "body /tags/2 is missing"),
        ({"body": {"/tags/x": "x"}}, "body /tags/x is missing"),
        ({"body": {f"/tags/{'1' * 5000}": "x"}}, f"body /tags/{'1' * 5000} is missing"),
        ({"body": {"/tags/01": "x"}}, "body /tags/01 is missing"),
        ({"body": {"/tags/\u0661": "x"}}, "body /tags/\u0661 is missing"),
        ({"body": {"/name/0": "B"}}, "body /name/0 is missing"),
        ({"query": {"page": 2, "tag": "y"}}, None),
        ({"query": {"page": "3"}}, "query page is '2', not '3'"),
        ({"query": {"tag": "z"}}, 'query tag is ["x", "y"], not \'z\''),
        ({"query": {"size": 1}}, "query size is missing"),
        ({"path": {"id": 7, "kind": "a b"}}, None),
        ({"path": {"id": "7"}}, None),
        ({"path": {"id": 8}}, "path id is 7, not 8"),
        ({"path": {"name": 8}}, "path name is missing"),
        ({"status": 201}, None),
        ({"status": 200}, "status is 201, not 200"),
    ],
)
def test_an_exchange_that_differs_is_near_and_says_in_what(where: dict[str, Any], difference: str | None) -> None:
    query = [("page", "2"), ("tag", "x"), ("tag", "y")]
    found = verified(seen(created(BODY, query=query, params={"id": 7, "kind": "a b"})), where=where)
    assert [near.differences for near in found.near_misses] == ([] if difference is None else [(difference,)])
    assert found.passed is (difference is None)


def test_the_sentence_names_what_was_expected() -> None:
    kept = seen(created({"name": "x"}), created({"name": "y"}))
    where = {"path": {"id": 1}, "query": {"a": "b"}, "body": {"/name": "x", "/n": [1]}, "status": 201}
    assert verified(kept, at_least=2, where={"body": {"/name": "x"}}).sentence == (
        "expected createThing at least 2 times with body /name 'x', found 1"
    )
    assert verified(kept, where=where).sentence == (
        "expected createThing at least once with path id 1 and query a 'b' and body /name 'x' and body /n [1]"
        " and status 201, found 0"
    )


def test_too_many_name_those_that_matched_and_no_others() -> None:
    found = verified(seen(*[created({"name": name}) for name in "aab"]), count=1, where={"body": {"/name": "a"}})
    assert (found.passed, found.exchanges, found.near_misses) == (False, (1, 2), ())


def test_an_operation_may_be_a_glob() -> None:
    both = ("createThing", "listThings")
    kept = seen(created({"name": "a"}), {"operations": ("listThings",)}, created({"name": "b"}) | {"operations": both})
    assert verify(kept, {"operation": "*Thing"}).exchanges == (1, 3)
    assert verify(kept, {"operation": "*Thing*", "count": 3}).passed
    assert ordered(kept, "create*", "list*", "*Thing").exchanges == (1, 2, 3)
    assert verify(kept, {"operation": "delete*", "count": 0}).passed
    assert not verify(kept, {"operation": "Create*"}).passed


def test_the_nearest_come_first_and_the_newest_of_these() -> None:
    kept = seen(*[created({"name": name, "size": size}) for name, size in [("a", 1), ("b", 2), ("a", 3), ("b", 1)]])
    found = verified(kept, where={"body": {"/name": "a", "/size": 2}})
    assert [(near.number, near.differences) for near in found.near_misses] == [
        (3, ("body /size is 3, not 2",)),
        (2, ("body /name is 'b', not 'a'",)),
        (1, ("body /size is 1, not 2",)),
    ]


def test_a_call_that_nearly_was_one_is_near() -> None:
    miss = NearMiss("createThing", "POST", "/things", "segment 1 is 'thing', not 'things'")
    found = verified(seen({"operations": (), "near_misses": (miss,)}, {}))
    assert [near.document() for near in found.near_misses] == [
        {"id": 1, "differences": ["no operation matches: segment 1 is 'thing', not 'things'"]}
    ]


@pytest.mark.parametrize(
    ("sent", "difference"),
    [
        (created(), "body /a cannot be read: there is no body"),
        (created(headers=JSON, body=b"{"), "body /a cannot be read: invalid JSON"),
        (created(body=b"[" * 10_000), "body /a cannot be read: invalid JSON"),
        (
            created({"a": "x" * 100_000}),
            "body /a cannot be read: the journal stores only the first 65536 of its 100009 bytes",
        ),
        (
            created(headers=FORM, body=b"b=" + b"x" * 100_000),
            "body /a cannot be read: the journal stores only the first 65536 of its 100002 bytes",
        ),
    ],
)
def test_an_unreadable_body_does_not_match_and_says_why(sent: dict[str, Any], difference: str) -> None:
    found = verified(seen(sent), where={"body": {"/a": None}})
    assert [near.differences for near in found.near_misses] == [(difference,)]


def test_a_form_and_parts_are_read_as_documents() -> None:
    parts = {"note": part("note", b"two"), "file": part("file", b"B", "names.csv")}
    kept = seen(created(headers=FORM, body=b"note=two&file="), created(parts=parts))
    assert verified(kept, where={"body": {"/note": "two"}}).exchanges == (1, 2)
    assert verified(kept, where={"body": {"/file": "names.csv"}}).exchanges == (2,)


@pytest.mark.parametrize(
    "where", [{"body": {"/password": "abc"}}, {"query": {"token": "abc"}}, {"path": {"token": "abc"}}]
)
def test_a_credential_cannot_be_verified_and_the_reply_says_so(where: dict[str, Any]) -> None:
    sent = created({"password": "abc"}, query=[("token", "abc")], params={"token": "abc"})
    found = verified(seen(sent), where=where)
    assert not found.passed
    assert "is a credential, which the journal masks" in found.near_misses[0].differences[0]


@pytest.mark.parametrize(
    ("where", "difference"),
    [
        ({"password": "***"}, "body /password is a credential, which the journal masks"),
        ({"": {"name": "B", "password": "***"}}, "; the journal masks the credentials in it"),
        ({"": {"equals": {"name": "B", "password": "abc"}}}, "; the journal masks the credentials in it"),
        ({"": {"schema": {"required": ["size"]}}}, "; the journal masks the credentials in it"),
        ({"": {"schema": {"required": ["name", "password"]}}}, None),
        ({"password": {"regex": "."}}, "body /password is a credential, which the journal masks"),
        ({"password": {"absent": True}}, "body /password is '***', not absent"),
    ],
)
def test_a_masked_value_is_equal_to_nothing(where: dict[str, Any], difference: str | None) -> None:
    found = verified(seen(created({"name": "B", "password": "abc"})), where={"body": where})
    assert found.passed is (difference is None)
    assert all(str(difference) in near.differences[0] for near in found.near_misses)


def test_a_journal_that_had_to_make_room_says_so() -> None:
    kept = seen(*[created()] * 4, size=3)
    assert verified(kept, count=4).sentence == (
        "expected createThing exactly 4 times, found 3;"
        " the journal holds only the newest 3 exchanges, and dropped 1:"
        " raise journal_size or journal_bytes, or clear the journal before"
    )
    kept.clear()
    assert verified(kept).sentence == "expected createThing at least once, found 0"


@pytest.mark.parametrize("times", [{"count": 3}, {"at_most": 3}])
def test_an_upper_bound_is_not_decided_by_a_part_of_the_journal(times: dict[str, int]) -> None:
    kept = seen(*[created()] * 4, size=3)
    assert not verified(kept, **times).passed
    assert verified(kept, at_least=3).passed
    kept.clear()
    assert verified(kept, at_most=3).passed


def test_a_connection_that_was_broken_off_has_no_status() -> None:
    found = verified(seen(created() | {"broken_off": True}), where={"status": 201})
    assert found.near_misses[0].differences == ("status is 0, not 201",)
    assert verified(seen(created() | {"broken_off": True}), where={"status": 0}).passed


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ("1", 1, False),
        ([1, [True]], [1.0, [True]], True),
        ([1], [True], False),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({}, [], False),
    ],
)
def test_json_values_are_equal_as_json_has_it(first: Any, second: Any, equal: bool) -> None:
    assert same(first, second) is equal


# Calls in progress


def in_progress(kept: Journal, document: Any = None) -> Journal:
    """Open another call to createThing in a journal."""
    kept.open(exchange(kept.next_number(), **created(document) | {"broken_off": True}))
    return kept


def test_a_call_in_progress_is_not_as_expected_yet() -> None:
    found = verified(in_progress(seen(created()), {}), at_least=2)
    assert found.sentence == "expected createThing at least 2 times, found 1 and 1 in progress"
    assert [near.document() for near in found.near_misses] == [{"id": 2, "differences": ["it is in progress"]}]
    assert not found.is_final


def test_a_call_in_progress_is_one_too_many_at_once() -> None:
    found = verified(in_progress(seen({})), count=0)
    assert (found.sentence, found.is_final) == (
        "expected createThing exactly 0 times, found 0 and 1 in progress",
        True,
    )
    assert verified(in_progress(seen({}), {"name": "a"}), count=0, where={"body": {"name": "b"}}).passed


def test_a_call_in_progress_has_no_status_and_is_found_by_that() -> None:
    kept = in_progress(seen(created()))
    assert verified(kept, where={"status": {"absent": True}}).exchanges == (2,)
    assert verified(kept, where={"status": 0}).near_misses[0].differences == ("status is missing",)


@pytest.mark.parametrize(
    ("times", "calls", "is_final"),
    [
        ({}, 0, False),
        ({}, 1, True),
        ({"count": 2}, 1, False),
        ({"count": 2}, 2, True),
        ({"count": 2}, 3, True),
        ({"count": 0}, 0, False),
        ({"at_most": 2}, 2, False),
        ({"at_most": 2}, 3, True),
        ({"at_least": 0}, 0, False),
    ],
)
def test_a_verdict_says_whether_a_wait_could_change_it(times: dict[str, int], calls: int, is_final: bool) -> None:
    assert verified(seen(*[created()] * calls), **times).is_final is is_final


# In order


def steps(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"operation": "createThing", "where": {"body": {"name": name}}, **more} for name in names]


def ordered(kept: Journal, *expected: Any, **more: Any) -> Verification:
    return verify(kept, {"in_order": list(expected), **more})


@pytest.mark.parametrize(
    ("calls", "names", "found"),
    [
        ("abc", "abc", (1, 2, 3)),
        ("xaxbxxc", "abc", (2, 4, 7)),
        ("aabbab", "ab", (1, 3)),
        ("baab", "ab", (2, 4)),
        ("aa", "aa", (1, 2)),
        ("abab", "abab", (1, 2, 3, 4)),
    ],
)
def test_calls_are_in_order_with_others_between(calls: str, names: str, found: tuple[int, ...]) -> None:
    verdict = ordered(seen(*[created({"name": name}) for name in calls]), *steps(*names))
    assert (verdict.passed, verdict.exchanges) == (True, found)


@given(st.text("abc", max_size=12), st.text("abc", min_size=1, max_size=4))
def test_calls_are_in_order_if_they_are_a_subsequence(calls: str, names: str) -> None:
    rest = iter(calls)
    expected = all(name in rest for name in names)
    assert ordered(seen(*[created({"name": name}) for name in calls]), *steps(*names)).passed is expected


def test_a_wrong_order_is_reported() -> None:
    kept = seen(*[created({"name": name}) for name in "cab"], {"operations": ("listThings",)})
    found = ordered(kept, *steps("a", "b", "c"), "listThings")
    assert found.sentence == (
        "expected createThing with body /name 'a', then createThing with body /name 'b', then createThing with"
        " body /name 'c', then listThings, in this order; found no createThing with body /name 'c' after exchange 3"
    )
    assert [near.document() for near in found.near_misses] == [
        {"id": 1, "differences": ["it came before exchange 3"]},
        {"id": 3, "differences": ["body /name is 'b', not 'c'"]},
        {"id": 2, "differences": ["body /name is 'a', not 'c'"]},
    ]
    assert (found.exchanges, found.is_final) == ((2, 3), False)
    assert ordered(kept, "listThings", within=2).passed
    assert ordered(seen(), "listThings", within=2).sentence == (
        "expected listThings, in this order within 2 s; found no listThings"
    )


def test_each_step_may_name_its_vendor() -> None:
    kept = seen(created() | {"vendor": "other"}, created())
    step = {"operation": "createThing"}
    assert ordered(kept, {**step, "vendor": "other"}, {**step, "vendor": "acme"}).exchanges == (1, 2)
    assert not ordered(kept, {**step, "vendor": "acme"}, {**step, "vendor": "other"}).passed
    assert ordered(kept, step, {**step, "vendor": "other"}, vendor="acme").sentence.endswith("after exchange 2")


def test_a_slow_call_has_its_place_where_it_began() -> None:
    kept = in_progress(seen(), {"name": "a"})
    kept.record(exchange(2, **created({"name": "b"})))
    assert not ordered(kept, *steps("a", "b")).passed
    kept.record(next(iter(kept)))
    assert ordered(kept, *steps("a", "b")).exchanges == (1, 2)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({}, "give either an operation or in_order"),
        ({"operation": "a", "in_order": ["a"]}, "give either an operation or in_order"),
        ({"in_order": ["a"], "count": 1}, "in_order says which calls come; leave count out"),
        ({"in_order": ["a"], "where": {}}, "in_order says which calls come; leave where out"),
        ({"operation": "a", "count": 1, "at_most": 2}, "give either count, or at_least and at_most"),
        ({"operation": "a", "at_least": 2, "at_most": 1}, "at_least is more than at_most, which nothing can be"),
        ({"in_order": [{"operation": "a", "where": {"body": {"b": {"regex": "("}}}}]}, "where: body b: invalid: "),
    ],
)
def test_an_expectation_that_contradicts_itself_is_refused(document: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        expectation_of(document)
    assert str(caught.value).startswith(sentence)
