"""Exploring without a server: which faults are possible at which calls, and which of them are tried."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.client import Client
from emulator.explore.crashes import begin_at, is_crash, told
from emulator.explore.faults import MadeCall, PlannedFault, following, kind_of, possible
from emulator.explore.pasted import OriginalTest, pasted
from emulator.explore.search import Explored, Trial, explore
from emulator.explore.writes import RepeatedWrite, repeated
from tests.conftest import EmulatorUnderTest


def operation(name: str, method: str = "GET", *statuses: int) -> dict[str, Any]:
    return {
        "vendor": "acme",
        "operation": name,
        "method": method,
        "statuses": {str(status): "documented" for status in (200, *statuses)},
    }


OPERATIONS = [
    operation("list", "GET", 429, 503),
    operation("create", "POST", 422),
    operation("things", "query", 401),
    operation("addThing", "mutation", 500),
]
LIST, CREATE = MadeCall("acme", "list", 200, True), MadeCall("acme", "create", 204, False)
THINGS, ADD = MadeCall("acme", "things", 200, True), MadeCall("acme", "addThing", 200, True)


def words(*calls: MadeCall) -> list[str]:
    return [f"{one.operation} {one.nth} {one.words}" for one in possible(calls, OPERATIONS)]


def test_a_read_gets_each_documented_status_loses_its_reply_is_slow_cut_and_malformed() -> None:
    assert words(LIST) == [
        "list 1 gets 429",
        "list 1 gets 503",
        "list 1 gets no reply",
        "list 1 takes 30 s",
        "list 1 gets half of the body",
        "list 1 gets JSON that does not parse",
    ]


def test_a_write_loses_its_reply_before_and_after_it_is_done_and_a_reply_without_a_body_is_not_cut() -> None:
    assert words(CREATE) == [
        "create 1 gets 422",
        "create 1 gets no reply, and nothing is written",
        "create 1 gets no reply, but it is written",
        "create 1 takes 30 s",
    ]


def test_a_write_gets_a_failure_of_the_vendor_after_it_is_done_too() -> None:
    assert words(ADD)[:4] == [
        "addThing 1 gets 500",
        "addThing 1 gets no reply, and nothing is written",
        "addThing 1 gets no reply, but it is written",
        "addThing 1 gets 500, but it is written",
    ]


def test_a_root_field_gets_errors_and_partial_data() -> None:
    assert words(THINGS)[2:4] == ["things 1 gets errors", "things 1 gets errors beside its data"]
    assert words(ADD)[4:7] == [
        "addThing 1 gets errors, and nothing is written",
        "addThing 1 gets errors, but it is written",
        "addThing 1 gets errors beside its data",
    ]


@pytest.mark.parametrize(("status", "commit"), [(0, "after"), (201, "after"), (429, "before")])
def test_a_refusal_that_does_not_parse_writes_nothing(status: int, commit: str) -> None:
    *_, malformed = possible([MadeCall("acme", "create", status, True)], OPERATIONS)
    assert malformed.effect["commit"] == commit


def test_calls_are_numbered_by_operation() -> None:
    found = list(dict.fromkeys(word.rsplit(" gets")[0].rsplit(" takes")[0] for word in words(LIST, CREATE, LIST)))
    assert found == ["list 1", "create 1", "list 2"]


def test_faults_that_follow_are_at_later_calls_only() -> None:
    first = next(possible([LIST, CREATE, LIST], OPERATIONS))
    later = [(one.operation, one.nth) for one in following(first, [LIST, CREATE, LIST], OPERATIONS)]
    assert set(later) == {("create", 1), ("list", 2)}
    assert list(following(first, [CREATE], OPERATIONS)) == []


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"reply": {"status": 429}}, 429),
        ({"reply": {"status": 200, "body": "{"}, "force": True}, "malformed"),
        ({"connection": "close"}, "lost"),
        ({"connection": "reset", "delay": 1}, "lost"),
        ({"connection": "truncate"}, "truncated"),
        ({"connection": {"truncate": {"after_bytes": 1}}}, "truncated"),
        ({"delay": 3}, "slow"),
        ({"graphql": {"errors": []}}, "errors"),
    ],
)
def test_kind_of_a_fault(document: Mapping[str, Any], kind: int | str) -> None:
    assert kind_of(document) == kind


def test_every_fault_is_one_that_the_emulator_takes(emulator: EmulatorUnderTest) -> None:
    with Client(emulator.root) as client, client.create_sandbox() as sandbox:
        operations = client.operations()
        calls = [MadeCall(one["vendor"], one["operation"], int(min(one["statuses"])), True) for one in operations]
        faults = [fault.document for fault in possible(calls, operations)]
        kinds = {json.dumps({**fault, "vendor": "", "operation": ""}): fault for fault in faults}
        for fault in kinds.values():
            sandbox.request("POST", "/faults/check", fault)
    assert len(faults) > len(operations) * 5


# The search


def search(attempt: Callable[..., Trial], calls: list[MadeCall], most: int = 10_000) -> Explored:
    tried: list[object] = []

    def counted(faults: tuple[PlannedFault, ...]) -> Trial:
        tried.append(faults)
        return attempt(faults)

    return explore(calls, OPERATIONS, counted, lambda: len(tried) >= most)


def names(explored: Explored) -> dict[str, list[str]]:
    return {one.problem: [str(fault) for fault in one.faults] for one in explored.findings.values()}


def test_a_problem_is_reported_once_with_the_first_fault_that_shows_it() -> None:
    explored = search(lambda faults: Trial([LIST], "broke" if "50" in faults[0].words else ""), [LIST])
    assert names(explored) == {"broke": ["call 1 of list (acme) gets 503"]}
    assert explored.singles == (6, 6)


def test_problems_that_differ_in_ids_and_sizes_are_one_and_those_of_two_statuses_are_two() -> None:
    def failing(faults: tuple[PlannedFault, ...]) -> Trial:
        word = faults[0].words.removeprefix("gets ")
        return Trial(
            [LIST], f"{word} with 5fc5e0e66cfe5b44bb95de7{len(word)}" if word in ("429", "503") else "cut at 12345"
        )

    explored = search(failing, [LIST])
    assert [(one.problem[:8], one.others) for one in explored.findings.values()] == [
        ("429 with", 0),
        ("503 with", 0),
        ("cut at 1", 3),
    ]


def test_a_pair_reaches_a_call_that_is_only_made_because_of_a_fault() -> None:
    def retrying(faults: tuple[PlannedFault, ...]) -> Trial:
        statuses = {fault.nth for fault in faults if fault.words == "gets 503"}
        return Trial([LIST, LIST] if 1 in statuses else [LIST], "gave up" if {1, 2} <= statuses else "")

    explored = search(retrying, [LIST])
    assert names(explored) == {"gave up": ["call 1 of list (acme) gets 503", "call 2 of list (acme) gets 503"]}
    assert explored.pairs == (6, 6)


def test_a_fault_that_breaks_the_test_alone_is_in_no_pair() -> None:
    def breaking(faults: tuple[PlannedFault, ...]) -> Trial:
        broken = [fault for fault in faults if fault.words == "gets 422"]
        return Trial([LIST, CREATE], f"{len(faults)} faults" if broken else "")

    assert names(search(breaking, [LIST, CREATE])) == {"1 faults": ["call 1 of create (acme) gets 422"]}


@given(st.integers(0, 60))
def test_time_that_is_over_ends_it_and_no_pair_comes_before_the_last_single_fault(most: int) -> None:
    explored = search(lambda faults: Trial([LIST, CREATE]), [LIST, CREATE], most)
    assert explored.singles == (min(most, 10), 10)
    assert explored.pairs[0] == max(0, min(most - 10, 24))
    assert search(lambda faults: Trial([LIST, CREATE]), [LIST, CREATE], most) == explored


# What must hold by itself


def exchange(number: int, body: object, status: int | None = 201, **changes: Any) -> dict[str, Any]:
    call = {"method": "POST", "url": "/things", "body": json.dumps(body), "parts": []}
    reply = None if status is None else {"status": status}
    made = {"id": number, "state": "done", "operations": ["create"], "faults": [], "call": call, "reply": reply}
    return {**made, **changes}


LOST_AFTER = {"f": {"connection": "close", "commit": "after"}}
SALES = {"name": "Sales", "tags": ["a"]}


@pytest.mark.parametrize(
    ("second", "faults", "is_repeated"),
    [
        (exchange(2, SALES), {}, True),
        (exchange(2, {"name": "Other"}), {}, False),
        (exchange(2, SALES, 503), {}, False),
        (exchange(2, SALES, None, faults=["f"]), LOST_AFTER, True),
        (exchange(2, SALES, None, faults=["f"]), {"f": {"connection": "close"}}, False),
        (exchange(2, SALES, 503, faults=["f"]), {"f": {"reply": {"status": 503}, "commit": "after"}}, True),
        (exchange(2, SALES, 200, faults=["f"]), {"f": {"graphql": {"data": "keep"}}}, True),
        (exchange(2, SALES, 200, faults=["f"]), {"f": {"delay": 1}}, True),
        (exchange(2, SALES, state="open"), {}, False),
        (exchange(2, SALES, operations=[]), {}, False),
        (exchange(2, SALES, call={**exchange(2, SALES)["call"], "method": "PUT"}), {}, False),
    ],
)
def test_a_write_is_repeated_if_it_was_done_twice(
    second: dict[str, Any], faults: dict[str, dict[str, Any]], is_repeated: bool
) -> None:
    assert bool(repeated([exchange(1, SALES), second], faults)) is is_repeated


def test_a_repeated_write_has_made_duplicates_if_two_records_have_its_fields() -> None:
    (write,) = repeated([exchange(1, SALES), exchange(2, SALES)], {})
    assert (str(write), write.numbers) == ("create was done more than once", (1, 2))
    assert write.has_made([{"id": 1, "name": "Sales"}, {"id": 2, "name": "Sales"}])
    assert not write.has_made([{"id": 1, "name": "Sales"}, {"id": 2, "name": "Log"}])


def test_a_query_is_no_write_and_a_mutation_has_made_any_two_records() -> None:
    query, mutation = {"query": "query A { things }"}, {"query": "mutation { addThing }"}
    assert repeated([exchange(1, query), exchange(2, query)], {}) == []
    (write,) = repeated([exchange(1, mutation), exchange(2, mutation)], {})
    assert write == RepeatedWrite("create", (1, 2))
    assert write.has_made([{"id": 1}, {"id": 2}])


class ClientError(KeyError):
    """An error that a client declares."""


def looked_up() -> object:
    return dict[str, object]()["results"]


def read_none() -> object:
    return json.loads('{"unfinished": ')


def declared() -> object:
    raise ClientError("results")


def refused() -> object:
    raise ValueError("the vendor replied 503")


@pytest.mark.parametrize(
    ("client", "is_one", "sentence"),
    [
        (looked_up, True, "KeyError: 'results' (in looked_up)"),
        (read_none, True, "JSONDecodeError: Expecting value: line 1 column 16 (char 15) (in read_none)"),
        (declared, False, "ClientError: 'results' (in declared)"),
        (refused, False, "ValueError: the vendor replied 503 (in refused)"),
    ],
)
def test_an_error_of_python_itself_is_a_crash_of_the_client(
    client: Callable[[], object], is_one: bool, sentence: str
) -> None:
    with pytest.raises((KeyError, ValueError)) as caught:
        client()
    assert (is_crash(caught.value), told(caught.value)) == (is_one, sentence)


def test_an_error_of_the_test_itself_is_none() -> None:
    with pytest.raises(KeyError) as caught:
        dict[str, object]()["results"]
    assert not is_crash(caught.value)


def called_from(file: str, test: Callable[[], object]) -> BaseException:
    """Return the error of a test that a function of a file has called."""
    names: dict[str, Any] = {"__name__": "plugin"}
    exec(compile("def call(test):\n    test()", file, "exec"), names)
    with pytest.raises(KeyError) as caught:
        names["call"](test)
    return caught.value


def tried() -> None:
    dict[str, object]()["results"]


def tried_client() -> None:
    looked_up()


@pytest.mark.parametrize("file", ["/elsewhere/plugin.py", "/home/me/.local/lib/python3/site-packages/plugin.py"])
@pytest.mark.parametrize(
    ("test", "is_one", "sentence"),
    [
        (tried, False, "KeyError: 'results' (in tried)"),
        (tried_client, True, "KeyError: 'results' (in looked_up)"),
    ],
)
def test_what_has_called_a_test_is_not_the_client_wherever_it_is(
    file: str, test: Callable[[], None], is_one: bool, sentence: str
) -> None:
    error = begin_at(called_from(file, test), lambda code: code is test.__code__)
    assert (is_crash(error), told(error)) == (is_one, sentence)


@pytest.mark.parametrize("folder", ["/home/me/.local/lib/python3/site-packages", "/usr/lib/python3/dist-packages"])
def test_what_is_installed_anywhere_is_not_the_client(folder: str) -> None:
    names: dict[str, Any] = {"__name__": "library"}
    exec(compile("def look_up():\n    {}['results']", f"{folder}/library.py", "exec"), names)
    with pytest.raises(KeyError) as caught:
        names["look_up"]()
    assert not is_crash(caught.value)


# The test to paste

FAULT = {"vendor": "acme", "connection": "close"}


def test_a_method_with_parameters_and_markers_is_called_by_a_method() -> None:
    options = {"seed": 7, "faults": [{"vendor": "acme", "delay": 1}]}
    original = OriginalTest("test_it", ["client", "n"], {"n": 1}, ["@pytest.mark.slow"], options, "0", True, True)
    assert pasted(original, [FAULT], 2).splitlines()[2:] == [
        "    @pytest.mark.slow",
        "    @pytest.mark.emulator(",
        "        seed=7,",
        "        faults=[",
        "            {'vendor': 'acme', 'connection': 'close'},",
        "            {'vendor': 'acme', 'delay': 1},",
        "        ],",
        "    )",
        "    async def test_it_0_explored_2(self, client, emulator):",
        "        with emulator.exploring:",
        "            await self.test_it(client=client, n=1)",
    ]


@pytest.mark.parametrize(
    "original", [OriginalTest("a", ["n"], {"n": object()}), OriginalTest("a", ["n"], can_be_called=False)]
)
def test_what_cannot_be_called_is_told_how_it_fails(original: OriginalTest) -> None:
    assert pasted(original, [FAULT]).splitlines() == [
        "The values of a cannot be written. Put this marker directly above it, let it take the fixture `emulator`,"
        " and put its body into `with emulator.exploring:`; then it fails:",
        "",
        "@pytest.mark.emulator(",
        "    faults=[",
        "        {'vendor': 'acme', 'connection': 'close'},",
        "    ],",
        ")",
    ]
