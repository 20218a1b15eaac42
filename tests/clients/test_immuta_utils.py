"""`fh-immuta-utils`, the only public Python client of Immuta's dictionaries."""

from __future__ import annotations

from collections.abc import Callable

from tests.clients.conftest import Client
from tests.conftest import EmulatorUnderTest


def dictionary_that_the_client_can_read(emulator: EmulatorUnderTest) -> str:
    """Return the name of a data source whose columns all say `nullable`: the client refuses others."""
    for dictionary in emulator.records("immuta.dictionaries"):
        if all("nullable" in column for column in dictionary["metadata"]):
            sources = emulator.records("immuta.data_sources")
            return next(str(source["name"]) for source in sources if source["id"] == dictionary["dataSource"])
    raise LookupError("no fixture dictionary says `nullable` of each column")


def test_api_key_is_exchanged_and_a_dictionary_is_tagged(
    client: Callable[[str], Client], emulator: EmulatorUnderTest
) -> None:
    name = dictionary_that_the_client_can_read(emulator)
    seen = client("immuta").script("immuta_utils.py", emulator.url("immuta"), "immuta-api-key", name)
    assert seen["count"] == 3
    assert seen["columns"]
    assert seen["one"]
    assert seen["tags"][-1]["name"] == "phi.ssn"
    assert [exchange.status for exchange in emulator.exchanges()][:3] == [401, 200, 200]


def test_the_seeds_own_columns_can_be_read_with_the_switch_for_nullable(
    client: Callable[[str], Client], emulator: EmulatorUnderTest
) -> None:
    emulator.flag("immuta.column_nullable", "added")
    name = next(source["name"] for source in emulator.records("immuta.data_sources") if source["id"] == 1)
    assert client("immuta").script("immuta_utils.py", emulator.url("immuta"), "immuta-api-key", name)["columns"]
