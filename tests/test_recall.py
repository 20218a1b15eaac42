"""Answering from memory is invisible: every answer is what it would be without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.app import Catalogue
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
    (
        "POST",
        "/paradime/graphql",
        {"headers": PAIR, "json": {"query": "{listCustomIntegrations {integrations {name}}}"}},
    ),
]

CHANGES: list[Step] = [
    ("POST", "/secoda/api/v1/integration/integrations", {"headers": SECODA, "json": {"name": "New"}}),
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


def play(control: Control, steps: list[Step]) -> list[tuple[int, str, dict[str, str]]]:
    """Return what each step is answered in a world of its own, but for what names the port or the real time."""
    control.done("POST", "/reset")
    control.done("PUT", "/clock", json=FROZEN)
    control.done("DELETE", "/faults")
    return [_answer(control, *step) for step in steps]


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


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.sampled_from(READS) | st.sampled_from(READS) | st.sampled_from(CHANGES), min_size=4, max_size=25)
)
def test_every_answer_is_the_same_without_recall(both: tuple[Control, Control], steps: list[Step]) -> None:
    recalling, computing = both
    assert play(recalling, steps) == play(computing, steps)


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
