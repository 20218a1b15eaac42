"""The conduct of clients: for each rule a client that breaks it, and one that nearly does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest

from emulator.client import Client, finding_of
from emulator.conduct.calls import Calls
from emulator.conduct.rules import RULES
from emulator.contract.operation import Operation
from emulator.control.document import own_schemas
from emulator.exchange import Record
from tests.conftest import EmulatorUnderTest
from tests.real_time import at_once, real_time
from tests.sample_calls import READS, WRITES, begin

__all__ = ["real_time"]

pytestmark = pytest.mark.usefixtures("real_time")

LIST = "/integration/integrations"
FROZEN = datetime(2030, 1, 1, tzinfo=UTC)


def found(emulator: EmulatorUnderTest) -> list[tuple[str, list[int]]]:
    """Return the rules that were broken, each with its exchanges, over HTTP."""
    told = httpx.get(f"{emulator.root}/_emulator/conduct").json()["findings"]
    return [(one["rule"], one["exchanges"]) for one in told]


def get(emulator: EmulatorUnderTest, **query: Any) -> httpx.Response:
    return emulator.call("secoda", "GET", LIST, params={"page_size": 100, **query})


def create(emulator: EmulatorUnderTest, name: str = "Sales") -> httpx.Response:
    return emulator.call("celigo", "POST", "/integrations", json={"name": name})


def remove(emulator: EmulatorUnderTest) -> httpx.Response:
    return emulator.call("celigo", "DELETE", "/integrations/ffffffffffffffffffffffff")


def throttled(emulator: EmulatorUnderTest, after: str = "5", **when: Any) -> None:
    reply = {"status": 429, "headers": {"Retry-After": after}}
    emulator.fault({"vendor": "secoda", "when": {"times": 1, **when}, "reply": reply})


def refused(emulator: EmulatorUnderTest, status: int, vendor: str = "secoda", **when: Any) -> None:
    emulator.fault({"vendor": vendor, "when": when, "reply": {"status": status}})


def test_table_and_control_api_have_the_same_rules_those_that_do_harm_first() -> None:
    names = json.loads(own_schemas()["finding.schema.json"].read_text())["properties"]["rule"]["enum"]
    assert names == list(RULES)
    assert [rule.does_harm for rule in RULES.values()] == sorted((r.does_harm for r in RULES.values()), reverse=True)


def test_page_lists_the_rules() -> None:
    page = (Path(__file__).parent.parent / "docs" / "how-to" / "conduct.md").read_text("utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \| (yes|no) \|", page, re.MULTILINE)
    assert listed == [(name, "yes" if rule.does_harm else "no") for name, rule in RULES.items()]


@pytest.mark.parametrize("vendor", ["celigo", "secoda"])
def test_documented_rates_are_those_of_the_scenarios(emulator: EmulatorUnderTest, vendor: str) -> None:
    limit, scenario = emulator.catalogue.contracts[vendor].rate_limit, emulator.scenarios[f"{vendor}/rate-window"]
    (rate,) = [fault.when.over for fault in scenario.faults]
    assert limit is not None
    assert rate is not None
    assert (limit.calls, limit.per_second or None) == (rate.capacity, rate.per_second)
    assert (limit.seconds or None) == rate.seconds


@pytest.mark.parametrize("vendor", ["celigo", "immuta", "secoda"])
def test_contracts_say_of_each_list_with_pages_how_it_is_paged(emulator: EmulatorUnderTest, vendor: str) -> None:
    operations = emulator.catalogue.contracts[vendor].operations.values()
    paged = [one for one in operations if one.method == "GET" and {"page", "skip", "offset"} & _names(one)]
    assert [one.name for one in paged if one.paging is None] == [], "write x-paging: docs/how-to/conduct.md"
    assert all(one.paging.parameter in _names(one) for one in paged if one.paging is not None)


def _names(operation: Operation) -> set[str]:
    return {parameter.name for parameter in operation.parameters if parameter.place == "query"}


def test_client_that_does_all_well_has_no_findings(emulator: EmulatorUnderTest) -> None:
    assert create(emulator).status_code == 201
    following = httpx.URL(emulator.url("secoda") + LIST)
    while following:
        page = httpx.get(following, headers=emulator.headers("secoda")).json()
        following = page["links"]["next"]
    assert found(emulator) == []


def test_rules_that_compare_calls_find_nothing_in_one(emulator: EmulatorUnderTest) -> None:
    throttled(emulator)
    refused(emulator, 401, times=1, after=1)
    replies = [get(emulator), get(emulator), get(emulator, page_size=1, page=2), create(emulator), remove(emulator)]
    assert [reply.status_code for reply in replies] == [429, 401, 200, 201, 404]
    for one in emulator.sandbox.journal:
        calls = Calls(emulator.catalogue.contracts[one.vendor], [one], {})
        assert [name for name, rule in RULES.items() if not rule.single and list(rule.find(calls))] == []


# --- Retry-After


def test_retry_before_retry_after_is_over(emulator: EmulatorUnderTest) -> None:
    throttled(emulator, times=2)
    assert [get(emulator).status_code for _ in range(3)] == [429, 429, 200]
    assert found(emulator) == [("retry-after-ignored", [1, 2, 3])]


@pytest.mark.parametrize("frozen", [False, True])
def test_retry_after_the_sandboxs_clock_says_that_it_is_over(emulator: EmulatorUnderTest, frozen: bool) -> None:
    emulator.clock.set(FROZEN, frozen=frozen)
    throttled(emulator)
    get(emulator)
    emulator.clock.advance(5)
    get(emulator)
    assert found(emulator) == []


@pytest.mark.parametrize("after", ["0", "soon", "-1", ""])
def test_retry_after_without_seconds_needs_no_wait(emulator: EmulatorUnderTest, after: str) -> None:
    throttled(emulator, after)
    get(emulator)
    get(emulator)
    assert found(emulator) == []


@pytest.mark.parametrize(("seconds", "rules"), [(59, ["retry-after-ignored"]), (60, [])])
def test_date_in_retry_after_is_compared_with_the_sandboxs_clock(
    emulator: EmulatorUnderTest, seconds: int, rules: list[str]
) -> None:
    emulator.clock.set(FROZEN, frozen=True)
    throttled(emulator, format_datetime(FROZEN.replace(minute=1), usegmt=True))
    get(emulator)
    emulator.clock.advance(seconds)
    get(emulator)
    assert [rule for rule, _ in found(emulator)] == rules


def test_other_operation_may_be_called_before_retry_after_is_over(emulator: EmulatorUnderTest) -> None:
    throttled(emulator)
    get(emulator)
    emulator.call("secoda", "GET", "/integration/integrations/d31e59c7-cd52-4398-9d6e-da313a7b7775")
    assert "retry-after-ignored" not in dict(found(emulator))


def test_calls_that_were_under_way_do_not_ignore_retry_after(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once(monkeypatch, 2)
    emulator.fault({"vendor": "secoda", "delay": {"fixed": 0.3}})
    throttled(emulator)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda size: get(emulator, page_size=size), (20, 30)))
    assert "retry-after-ignored" not in dict(found(emulator))


# --- writes


def lost(**effect: Any) -> Record:
    return {"vendor": "celigo", "operation": "createIntegration", "when": {"times": 1}, "commit": "after", **effect}


LOST = [lost(connection="reset"), lost(reply={"status": 500}), lost(connection="truncate")]


@pytest.mark.parametrize("fault", LOST, ids=["reset", "failed", "truncated"])
def test_write_that_was_done_and_sent_again_made_a_duplicate(emulator: EmulatorUnderTest, fault: Record) -> None:
    emulator.fault(fault)
    with suppress(httpx.TransportError):
        create(emulator)
    create(emulator)
    assert ("duplicate-write", [1, 2]) in found(emulator)


def test_write_that_was_not_done_may_be_sent_again(emulator: EmulatorUnderTest) -> None:
    emulator.fault(lost(reply={"status": 503}, commit="before"))
    assert [create(emulator).status_code, create(emulator).status_code] == [503, 201]
    assert found(emulator) == []


def test_equal_writes_with_good_answers_are_no_duplicates(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "celigo", "delay": {"fixed": 0.01}})
    assert [create(emulator).status_code, create(emulator).status_code] == [201, 201]
    assert found(emulator) == []


def test_other_write_after_a_lost_answer_is_no_duplicate(emulator: EmulatorUnderTest) -> None:
    emulator.fault(lost(reply={"status": 500}))
    create(emulator)
    create(emulator, "Marketing")
    assert found(emulator) == []


def test_write_after_what_was_made_is_deleted_is_no_duplicate(emulator: EmulatorUnderTest) -> None:
    emulator.fault(lost(reply={"status": 500}))
    create(emulator)
    listed = emulator.call("celigo", "GET", "/integrations").json()
    made = next(one["_id"] for one in listed if one["name"] == "Sales")
    assert emulator.call("celigo", "DELETE", f"/integrations/{made}").status_code == 204
    create(emulator)
    assert found(emulator) == []


def test_idempotent_write_may_be_sent_again(emulator: EmulatorUnderTest) -> None:
    made = create(emulator).json()
    emulator.fault({**lost(reply={"status": 500}), "operation": "updateIntegration"})
    put = [
        emulator.call("celigo", "PUT", f"/integrations/{made['_id']}", json={"name": "Marketing"}).status_code
        for _ in range(2)
    ]
    assert put == [500, 200]
    assert found(emulator) == []


ADD = 'mutation { addCustomIntegration(name: "Mine", nodeTypes: []) { ok } }'


def mutate(emulator: EmulatorUnderTest) -> Any:
    return emulator.call("paradime", "POST", json={"query": ADD}).json()


def test_mutation_with_an_error_beside_its_data_was_done(emulator: EmulatorUnderTest) -> None:
    errors = [{"message": "not all could be loaded"}]
    emulator.fault({"vendor": "paradime", "when": {"times": 1}, "graphql": {"errors": errors, "data": "keep"}})
    before = len(emulator.records("paradime.integrations"))
    mutate(emulator)
    mutate(emulator)
    assert len(emulator.records("paradime.integrations")) == before + 2
    assert found(emulator) == [("duplicate-write", [1, 2])]


def test_mutation_whose_error_came_before_it_was_done_may_be_sent_again(emulator: EmulatorUnderTest) -> None:
    emulator.fault({"vendor": "paradime", "when": {"times": 1}, "graphql": {"errors": [{"message": "try again"}]}})
    mutate(emulator)
    mutate(emulator)
    assert found(emulator) == []


# --- refusals


@pytest.mark.parametrize("status", [400, 403, 404])
def test_repeating_what_never_heals(emulator: EmulatorUnderTest, status: int) -> None:
    refused(emulator, status)
    get(emulator)
    get(emulator)
    assert found(emulator) == [("retried-in-vain", [1, 2])]


@pytest.mark.parametrize(("seconds", "rules"), [(0.5, ["retried-in-vain"]), (1, [])])
def test_waiting_until_something_exists_is_not_in_vain(
    emulator: EmulatorUnderTest, seconds: float, rules: list[str]
) -> None:
    emulator.clock.set(FROZEN, frozen=True)
    refused(emulator, 404)
    for _ in range(3):
        get(emulator)
        emulator.clock.advance(seconds)
    assert [rule for rule, _ in found(emulator)] == rules


@pytest.mark.parametrize(("seconds", "rules"), [(59, ["retried-in-vain"]), (60, [])])
@pytest.mark.parametrize(("status", "call"), [(403, get), (404, remove), (422, create)])
def test_same_call_a_minute_later_is_a_new_attempt(
    emulator: EmulatorUnderTest,
    status: int,
    call: Callable[[EmulatorUnderTest], object],
    seconds: float,
    rules: list[str],
) -> None:
    emulator.clock.set(FROZEN, frozen=True)
    refused(emulator, status, "secoda" if call is get else "celigo")
    call(emulator)
    emulator.clock.advance(seconds)
    call(emulator)
    assert [rule for rule, _ in found(emulator)] == rules


def test_refusal_that_heals_is_not_in_vain(emulator: EmulatorUnderTest) -> None:
    refused(emulator, 404, times=2)
    assert [get(emulator).status_code for _ in range(3)] == [404, 404, 200]
    assert found(emulator) == []


def test_other_call_after_a_refusal_is_no_retry(emulator: EmulatorUnderTest) -> None:
    refused(emulator, 404)
    get(emulator)
    get(emulator, page_size=10)
    assert found(emulator) == []


def test_equal_calls_at_once_are_no_retries(emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once(monkeypatch, 2)
    emulator.fault({"vendor": "secoda", "delay": {"fixed": 0.3}, "reply": {"status": 404}})
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: get(emulator), range(2)))
    assert found(emulator) == []


def test_three_calls_with_a_refused_credential_hammer(emulator: EmulatorUnderTest) -> None:
    refused(emulator, 401)
    for page_size in (10, 20, 30):
        get(emulator, page_size=page_size)
    assert found(emulator) == [("hammered", [1, 2, 3])]


def test_two_calls_with_a_refused_credential_are_one_retry(emulator: EmulatorUnderTest) -> None:
    refused(emulator, 401)
    get(emulator)
    get(emulator)
    assert found(emulator) == [("retried-in-vain", [1, 2])]


def test_other_credential_after_a_401_is_no_retry(emulator: EmulatorUnderTest) -> None:
    for rights in ("expired", "read"):
        emulator.call("celigo", "GET", "/integrations", rights=rights)
    assert found(emulator) == []


def test_expired_credential_used_again(emulator: EmulatorUnderTest) -> None:
    emulator.call("celigo", "GET", "/integrations", rights="expired")
    emulator.call("celigo", "GET", "/flows", rights="expired")
    assert found(emulator) == [("expired-credential", [1, 2])]


# --- giving up, leaving


def test_giving_up_at_the_first_503(emulator: EmulatorUnderTest) -> None:
    refused(emulator, 503, times=1)
    get(emulator)
    assert found(emulator) == [("gave-up", [1])]


@pytest.mark.parametrize("times", [1, 2])
def test_trying_again_after_a_503_is_not_giving_up(emulator: EmulatorUnderTest, times: int) -> None:
    refused(emulator, 503, times=times)
    get(emulator)
    get(emulator)
    assert found(emulator) == []


def test_write_that_may_make_a_duplicate_need_not_be_tried_again(emulator: EmulatorUnderTest) -> None:
    refused(emulator, 503, "celigo")
    create(emulator)
    assert found(emulator) == []


def leave(emulator: EmulatorUnderTest, calls: Mapping[str, tuple[str, str, Any]]) -> None:
    """Call Celigo, and leave once the call is in progress."""
    fault = emulator.fault({"vendor": "celigo", "delay": {"fixed": 3600}})
    with begin(emulator, "celigo", calls):
        while not emulator.exchanges():
            sleep(0.001)
    with Client(emulator.root) as client:
        client.sandbox("default").verify("*Integration*", status=0, within=60)
    emulator.sandbox.faults.remove(fault.id)


def test_answer_that_nobody_waits_for(emulator: EmulatorUnderTest) -> None:
    leave(emulator, READS)
    assert found(emulator) == [("abandoned", [1])]


def test_answer_that_is_asked_for_again(emulator: EmulatorUnderTest) -> None:
    leave(emulator, READS)
    emulator.call("celigo", "GET", "/integrations")
    assert found(emulator) == []


def test_write_that_is_looked_after(emulator: EmulatorUnderTest) -> None:
    leave(emulator, WRITES)
    emulator.call("celigo", "GET", "/integrations")
    assert found(emulator) == []


# --- pages


def test_page_left_out(emulator: EmulatorUnderTest) -> None:
    for page in (1, 3, 4, 5):
        get(emulator, page=page, page_size=1)
    assert ("pages-skipped", [1, 2]) in found(emulator)
    assert "pages-read-twice" not in dict(found(emulator))


def test_pages_in_any_order_are_not_left_out(emulator: EmulatorUnderTest) -> None:
    last = get(emulator, page_size=1).json()["total_pages"]
    for page in range(last, 1, -1):
        get(emulator, page=page, page_size=1)
    assert found(emulator) == []


def test_page_read_twice(emulator: EmulatorUnderTest) -> None:
    for page in (1, 2, 2):
        get(emulator, page=page, page_size=1)
    assert ("pages-read-twice", [2, 3]) in found(emulator)


def test_page_whose_first_answer_failed_is_not_read_twice(emulator: EmulatorUnderTest) -> None:
    refused(emulator, 500, after=1, times=1)
    for page in (1, 2, 2):
        get(emulator, page=page, page_size=1)
    assert "pages-read-twice" not in dict(found(emulator))


def test_list_read_from_its_start_again_is_not_read_twice(emulator: EmulatorUnderTest) -> None:
    for page in (1, 2, 1, 2):
        get(emulator, page=page, page_size=1)
    assert dict(found(emulator)).keys() == {"pages-unread"}


@pytest.mark.parametrize(
    ("vendor", "path", "query"),
    [
        ("secoda", LIST, {"page_size": 1}),
        ("celigo", "/integrations", {"limit": 1}),
        ("immuta", "/dataSource", {"size": 1}),
    ],
)
def test_list_not_read_to_its_end(emulator: EmulatorUnderTest, vendor: str, path: str, query: dict[str, int]) -> None:
    emulator.call(vendor, "GET", path, params=query)
    assert found(emulator) == [("pages-unread", [1])]


def test_offsets_to_the_end_of_a_list_with_a_total(emulator: EmulatorUnderTest) -> None:
    total = emulator.call("immuta", "GET", "/dataSource", params={"size": 2}).json()["count"]
    for offset in range(2, total, 2):
        emulator.call("immuta", "GET", "/dataSource", params={"size": 2, "offset": offset})
    assert total > 2
    assert found(emulator) == []


def test_offset_that_counts_with_another_size_leaves_records_out(emulator: EmulatorUnderTest) -> None:
    for offset in (0, 3):
        emulator.call("immuta", "GET", "/dataSource", params={"size": 2, "offset": offset})
    assert ("pages-skipped", [1, 2]) in found(emulator)


def test_url_of_the_next_page_made_otherwise(emulator: EmulatorUnderTest) -> None:
    for query in ({"page_size": 1}, {"page": 2}):
        emulator.call("secoda", "GET", LIST, params=query)
    assert ("next-ignored", [1, 2]) in found(emulator)


def test_url_of_the_next_page_made_alike(emulator: EmulatorUnderTest) -> None:
    for query in ({"page_size": 1}, {"page_size": 1, "page": 2}):
        emulator.call("secoda", "GET", LIST, params=query)
    assert "next-ignored" not in dict(found(emulator))


@pytest.mark.parametrize("limit", [{}, {"limit": 1}])
def test_links_to_the_end(emulator: EmulatorUnderTest, limit: dict[str, int]) -> None:
    for number in range(100):
        create(emulator, f"Shop {number}")
    with httpx.Client(headers=emulator.headers("celigo")) as client:
        page = client.get(f"{emulator.url('celigo')}/integrations", params=limit)
        while "next" in page.links:
            page = client.get(page.links["next"]["url"])
    assert len(emulator.exchanges()) > 101
    assert found(emulator) == []


# --- the rest


def fetch(emulator: EmulatorUnderTest, times: int, between: int = 0, **headers: str) -> httpx.Response:
    for _ in range(times):
        reply = emulator.call("celigo", "GET", "/integrations", headers=headers)
        emulator.clock.advance(between)
    return reply


def test_unchanged_list_fetched_again_and_again(emulator: EmulatorUnderTest) -> None:
    fetch(emulator, 3, between=1)
    assert found(emulator) == [("refetched", [1, 2, 3])]


def test_list_fetched_by_many_at_once_and_once_more(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once(monkeypatch, 5)
    emulator.clock.set(FROZEN, frozen=True)
    emulator.fault({"vendor": "celigo", "delay": {"fixed": 0.3}, "when": {"times": 5}})
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: fetch(emulator, 1), range(5)))
    emulator.clock.advance(1)
    fetch(emulator, 1)
    assert found(emulator) == []
    fetch(emulator, 1)
    ((rule, exchanges),) = found(emulator)
    assert (rule, exchanges[1:]) == ("refetched", [6, 7])


def test_list_fetched_twice_or_changed_or_asked_for_changes(emulator: EmulatorUnderTest) -> None:
    etag = fetch(emulator, 2, between=1).headers["ETag"]
    assert fetch(emulator, 3, between=1, **{"If-None-Match": etag}).status_code == 304
    create(emulator)
    fetch(emulator, 2, between=1)
    assert found(emulator) == []


def test_vendor_without_etags_lets_clients_fetch_lists(emulator: EmulatorUnderTest) -> None:
    for _ in range(4):
        get(emulator)
    assert found(emulator) == []


@pytest.mark.parametrize(("writes", "rules"), [(30, []), (31, ["burst"])])
def test_more_writes_than_the_documentation_allows(emulator: EmulatorUnderTest, writes: int, rules: list[str]) -> None:
    for number in range(writes):
        get(emulator)
        emulator.call("secoda", "POST", LIST, json={"name": f"Mine {number}", "type": "custom"})
    assert [rule for rule, _ in found(emulator)] == rules


def test_writes_at_the_documented_pace_by_the_sandboxs_clock(emulator: EmulatorUnderTest) -> None:
    for number in range(40):
        emulator.call("secoda", "POST", LIST, json={"name": f"Mine {number}", "type": "custom"})
        emulator.clock.advance(2)
    assert found(emulator) == []


def test_secret_in_a_query(emulator: EmulatorUnderTest) -> None:
    get(emulator, api_key="s3cr3t-s3cr3t")
    assert found(emulator) == [("secret-in-query", [1])]


def test_secret_in_a_link_that_the_vendor_has_made(emulator: EmulatorUnderTest) -> None:
    made = create(emulator).json()
    link = emulator.call("celigo", "GET", f"/integrations/{made['_id']}/template").json()["signedURL"]
    assert httpx.get(link).status_code == 200
    assert found(emulator) == []


# --- where findings are read


def test_findings_after_an_exchange(emulator: EmulatorUnderTest) -> None:
    refused(emulator, 404)
    for _ in range(3):
        get(emulator)
    with Client(emulator.root) as client:
        sandbox = client.sandbox("default")
        assert [one.exchanges for one in sandbox.conduct()] == [(1, 2, 3)]
        assert [one.exchanges for one in sandbox.conduct(since=1)] == [(2, 3)]
        assert sandbox.conduct(since=2) == []
        (finding,) = sandbox.conduct(since=1)
    assert (finding.rule, finding.does_harm, finding.operations) == ("retried-in-vain", True, ("listIntegrations",))
    assert str(finding).startswith("retried-in-vain: GET /integration/integrations got 404 in exchange 2")


def test_dropping_a_sandbox_returns_what_was_found_in_it(emulator: EmulatorUnderTest) -> None:
    with Client(emulator.root) as client, client.create_sandbox() as sandbox:
        httpx.get(sandbox.secoda.url + LIST, headers=dict(sandbox.secoda.headers), params={"page_size": 1})
        told = sandbox.request("DELETE", query={"journal": True})
    assert [finding_of(one).rule for one in told["findings"]] == ["pages-unread"]


def test_findings_show_no_credentials(emulator: EmulatorUnderTest) -> None:
    get(emulator, token="s3cr3t-s3cr3t-s3cr3t")
    emulator.call("celigo", "GET", "/integrations", rights="expired")
    emulator.call("celigo", "GET", "/flows", rights="expired")
    told = httpx.get(f"{emulator.root}/_emulator/conduct").text
    assert "secret-in-query" in told
    assert "s3cr3t" not in told
    assert emulator.credential("celigo", "expired")["id"] not in told
