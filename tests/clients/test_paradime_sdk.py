"""`paradime-io`, the vendor's Python SDK: its first release and its newest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.conftest import Client
from tests.conftest import EmulatorUnderTest

RELEASES = ["paradime-oldest", "paradime-newest"]


@pytest.fixture(params=RELEASES)
def sdk(request: pytest.FixtureRequest, client: Callable[[str], Client], emulator: EmulatorUnderTest) -> Any:
    return lambda *arguments: client(request.param).script("paradime_sdk.py", emulator.url("paradime"), *arguments)


def test_upsert_twice_makes_one_integration(sdk: Any) -> None:
    assert sdk("upsert_twice") == {"same": True, "color": "CYAN", "active": True}


@pytest.mark.parametrize("count", [0, 9, 10, 11, 25])
def test_added_nodes_are_all_there_once_the_last_batch_is_in(sdk: Any, emulator: EmulatorUnderTest, count: int) -> None:
    uid = sdk("add_nodes", str(count))
    nodes = [node for node in emulator.records("paradime.nodes") if node["integrationUid"] == uid]
    assert len(nodes) == count
    assert not [snapshot for snapshot in emulator.records("paradime.snapshots") if snapshot["isOpen"]]


def test_a_name_is_free_again_after_deactivation(sdk: Any) -> None:
    assert sdk("deactivate") == {"old_is_active": False, "a_new_one_was_made": True, "name": "Old"}


def test_a_wrong_key_is_the_sdks_own_exception(sdk: Any) -> None:
    problem = sdk("wrong_key")
    assert problem["raised"] in ("ParadimeAPIException", "ParadimeException", "Exception")
    assert "401" in problem["text"]


def test_an_unknown_integration_is_a_graphql_error(sdk: Any) -> None:
    problem = sdk("unknown_integration")
    assert problem["raised"] in ("ParadimeAPIException", "ParadimeException")
    assert "nowhere" in problem["text"]
