"""The matrix: every operation, every violation of its contract, strict or not, in memory or in a file.

`make test` walks a twentieth of it in each of the four worlds, in each another one; `make matrix` (TEST_MATRIX=all)
walks all of it in each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from random import Random

import httpx
import pytest

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.client import exchange_of
from emulator.contract.fidelity import check_reply
from emulator.contract.openapi import responses_of
from emulator.exchange import NOTHING, Reply
from emulator.journal.entry import Exchange
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from emulator.testing.report import unexpected_calls
from tests.conftest import EmulatorUnderTest
from tests.matrix import Attempt, attempts

SEED = "20261127"
SHARE = 0.05
VENDORS = ("celigo", "immuta", "paradime", "secoda")


@pytest.fixture(scope="module", params=["memory", "database"])
def emulator(
    request: pytest.FixtureRequest, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmulatorUnderTest]:
    in_file = {"database": tmp_path_factory.mktemp("matrix") / "emulator.db"} if request.param == "database" else {}
    settings = read_settings({"port": 0, "access_log": False, **in_file})
    with ThreadedServer(Emulator(settings, catalogue)) as server, httpx.Client(timeout=60) as client:
        yield EmulatorUnderTest(server, client)


@pytest.fixture(scope="session")
def attempts_of(catalogue: Catalogue) -> Callable[[str], list[Attempt]]:
    """Return the attempts of a vendor: to make them takes longer than to walk a part of them."""
    return cache(lambda vendor: list(attempts(catalogue.contracts[vendor])))


@pytest.mark.parametrize("strict", [False, True], ids=["tolerant", "strict"])
@pytest.mark.parametrize("vendor", VENDORS)
def test_every_violation_is_found(
    request: pytest.FixtureRequest,
    emulator: EmulatorUnderTest,
    attempts_of: Callable[[str], list[Attempt]],
    vendor: str,
    strict: bool,
) -> None:
    chosen = drawn(attempts_of(vendor), request.node.name)
    found = [problem for attempt in chosen for problem in problems(emulator, vendor, attempt, strict)]
    assert not found, "\n".join(found)


def test_the_matrix_has_every_operation(catalogue: Catalogue, attempts_of: Callable[[str], list[Attempt]]) -> None:
    for vendor, contract in catalogue.contracts.items():
        assert vendor in VENDORS
        assert {attempt.operation for attempt in attempts_of(vendor)} >= set(contract.handled)


def drawn(all_attempts: list[Attempt], test: str) -> list[Attempt]:
    """Return what a test walks in this run."""
    if os.environ.get("TEST_MATRIX") == "all":
        return all_attempts
    return Random(f"{SEED} {test}").sample(all_attempts, max(1, round(len(all_attempts) * SHARE)))


def problems(emulator: EmulatorUnderTest, vendor: str, attempt: Attempt, strict: bool) -> Iterator[str]:
    """Make one attempt in a fresh state; say what is wrong with the reply, or with its journal entry."""
    emulator.reset()
    emulator.strict(strict)
    headers = {"Content-Type": attempt.content_type} if attempt.content_type else {}
    path = attempt.path + attempt.query
    options = {"content": attempt.body} if attempt.body else {}
    response = emulator.call(vendor, attempt.method, path, rights=attempt.rights, headers=headers, **options)
    exchanges = emulator.exchanges()
    if len(exchanges) != 1:
        yield f"{attempt}: {len(exchanges)} exchanges in the journal"
        return
    for problem in (*_wrong_reply(emulator, vendor, attempt, response), *_wrong_entry(attempt, exchanges[0])):
        yield f"{attempt} -> {response.status_code} {response.text[:200]}\n    {problem}"
    if strict and attempt.invalid and response.status_code < 400:
        yield f"{attempt} -> {response.status_code}: strict lets it pass"


def _wrong_reply(emulator: EmulatorUnderTest, vendor: str, attempt: Attempt, response: httpx.Response) -> Iterator[str]:
    contract = emulator.catalogue.contracts[vendor]
    operation = contract.operations[attempt.operation]
    responses = responses_of(operation, contract)
    if response.status_code >= 500:
        yield "a 5xx"
    kind = response.headers.get("content-type", "")
    is_json = "json" in kind
    reply = Reply(
        response.status_code,
        response.json() if is_json and response.content else NOTHING,
        content=b"" if is_json else response.content,
        content_type=kind,
    )
    for violation in check_reply(reply, responses):
        yield f"not in the contract: {violation.place}{violation.pointer}: {violation.sentence}"
    expected = {"no credentials": {401, 403}, "expired credentials": {401, 403}}.get(attempt.kind)
    if expected and response.status_code not in expected:
        yield f"expected one of {sorted(expected)}"


def _wrong_entry(attempt: Attempt, exchange: Exchange) -> Iterator[str]:
    if exchange.operations not in ((attempt.operation,), ()):
        yield f"journalled as {exchange.operations}"
    if exchange.reply_violations:
        yield f"an internal error: {exchange.reply_violations}"
    told = list(unexpected_calls([exchange_of(exchange.document())]))
    if attempt.invalid and not told:
        yield "the departure passes unseen"
    if not attempt.invalid and told:
        yield f"a call in the contract fails the test: {told}"
