"""`fh-immuta-utils`, the only public Python client of Immuta's dictionaries."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients.conftest import Client
from tests.conftest import EmulatorUnderTest


@pytest.mark.parametrize("name", ["Public Activity", "Crm Customers", "Web Sessions"])
def test_api_key_is_exchanged_and_a_dictionary_is_tagged(
    client: Callable[[str], Client], emulator: EmulatorUnderTest, name: str
) -> None:
    seen = client("immuta").script("immuta_utils.py", emulator.url("immuta"), "immuta-api-key", name)
    assert seen["count"] == 3
    assert seen["created"] == [True, True]
    assert seen["columns"]
    assert seen["one"]
    assert seen["tags"][-1]["name"] == "phi.ssn"
    assert [exchange.status for exchange in emulator.exchanges()][:3] == [401, 200, 200]
    assert [exchange.violations for exchange in emulator.exchanges() if exchange.violations] == []


def test_data_source_is_tagged_disabled_restored_and_removed(
    client: Callable[[str], Client], emulator: EmulatorUnderTest
) -> None:
    seen = client("immuta").script(
        "immuta_data_sources.py", emulator.url("immuta"), "immuta-api-key", "Public Activity"
    )
    assert seen == {
        "tagged": True,
        "tags": [{"name": "PII", "source": "curated", "addedBy": 2}],
        "deleted": [True, False],
        "removed": [1, 1],
        "left": [2, 3],
    }
    assert [exchange.violations for exchange in emulator.exchanges() if exchange.violations] == []
