"""What is kept of calls, to be quicker the next time, has a bound in bytes: more of it than fits was offered to each.

The documents of GraphQL are in test_graphql_calls.py, journals in test_journal.py, snapshots in test_durability.py.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import httpx
import pytest

from emulator.catalogue import Catalogue
from emulator.matching.globs import matches
from emulator.sandbox import templates
from emulator.transport.hosts import Hosts
from emulator.transport.origin import origin_at
from tests.conftest import EmulatorUnderTest
from tests.control import controlled


def taken_by(times: int, use: Callable[[int], object]) -> int:
    """Return how many bytes are left in use after `use(number)` was called so many times."""
    tracemalloc.start()
    for number in range(times):
        use(number)
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken


def test_globs_that_were_looked_for_stay_within_a_bound() -> None:
    taken = taken_by(1000, lambda number: matches("listIntegrations", f"{'?' * 195}{number}"))
    assert taken <= 2_000_000, "fnmatch would keep all of them"


@pytest.mark.parametrize("keep", [lambda host: origin_at("http", host).url, Hosts({}).vendor], ids=["URL", "vendor"])
def test_what_is_known_of_hosts_that_were_called_stays_within_a_bound(keep: Callable[[str], object]) -> None:
    taken = taken_by(400, lambda number: keep(f"{number}{'x' * 15_000}"))
    assert taken <= 3_000_000, "all of them would take 6 MB or more"


def test_routes_of_paths_that_were_called_stay_within_a_bound(catalogue: Catalogue) -> None:
    with controlled(catalogue) as (emulator, _):
        pipeline = emulator._pipelines["secoda"]
        for length, most in ((140, 1_500_000), (10_000, 100_000)):
            path = f"/api/v1/integration/integrations/{'x' * length}"
            assert taken_by(3_000, lambda number: pipeline.serves_graphql(f"{path}{number}")) <= most  # noqa: B023


@pytest.mark.parametrize("length", [200, 201])
def test_a_glob_may_have_200_characters(emulator: EmulatorUnderTest, length: int) -> None:
    fault = {"vendor": "celigo", "operation": "*" * length, "delay": {"fixed": 0}}
    responses = [
        httpx.post(f"{emulator.root}/_emulator/faults", json=fault),
        httpx.get(f"{emulator.root}/_emulator/journal", params={"operation": "*" * length}),
    ]
    assert [response.is_success for response in responses] == [length == 200] * 2
    assert {response.status_code for response in responses} <= {200, 201, 422}


@pytest.mark.parametrize(("most", "kept"), [(1, 1), (10**9, 4)])
def test_templates_are_cached_up_to_the_limit(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, most: int, kept: int
) -> None:
    monkeypatch.setattr(templates, "TEMPLATES_BYTES", most)
    with controlled(catalogue) as (emulator, control):
        for seed in (2, 3, 4):
            control.sandbox(name=f"of-{seed}", seed=seed)
        assert len(emulator.sandboxes._templates) == kept
