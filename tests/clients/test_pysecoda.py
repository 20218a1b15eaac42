"""`pysecoda`, an independent client of Secoda's API: every method whose path the documentation has."""

from __future__ import annotations

from collections.abc import Callable

from tests.clients.conftest import Client
from tests.conftest import EmulatorUnderTest

ADA = "f71585fa-251c-4102-8d81-c97c57c8d435"


def test_each_kind_is_made_found_changed_and_deleted(
    client: Callable[[str], Client], emulator: EmulatorUnderTest
) -> None:
    seen = client("pysecoda").script("pysecoda_surface.py", emulator.url("secoda"), ADA)
    assert seen.pop("queries") == []
    assert len(seen) == 18
    assert {name: found for name, found in seen.items() if not all(found)} == {}
    assert {404, 405}.isdisjoint(exchange.status for exchange in emulator.exchanges())
