"""The journal read by `where`: the same conditions as of faults and of verify."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.client import Client, EmulatorError, SandboxClient, Where
from emulator.journal.waiting import QUICK_BYTES
from tests.conftest import EmulatorUnderTest

ALIASES = "{ one: listCustomIntegrations { ok } }"


@pytest.fixture
def journal(emulator: EmulatorUnderTest) -> Iterator[SandboxClient]:
    """A sandbox with four calls: two creations, one of them refused, a listing, and one that no operation matches."""
    for name, rights in (("Sales", "full"), ("Sales", "read"), ("Other", "full")):
        emulator.call("celigo", "POST", "/integrations", json={"name": name}, rights=rights)
    emulator.call("celigo", "GET", "/nowhere", params={"page": "2"})
    with Client(emulator.root) as client:
        yield client.sandbox()


def ids(sandbox: SandboxClient, **wanted: Any) -> list[int]:
    return [exchange.id for exchange in sandbox.journal.select(**wanted)]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"body": {"name": "Sales"}}, [1, 2]),
        ({"body": {"name": {"glob": "S*"}}, "status": 201}, [1]),
        ({"status": {"schema": {"minimum": 400}}}, [2, 4]),
        ({"query": {"page": 2}}, [4]),
        ({"body": {"name": {"absent": True}}}, [4]),
        ({"headers": {"Authorization": {"glob": "Bearer *"}}}, []),
    ],
)
def test_only_exchanges_with_these_values_are_listed(journal: SandboxClient, where: Any, found: list[int]) -> None:
    assert ids(journal, where=where) == found


def test_where_and_the_other_filters_are_combined(journal: SandboxClient) -> None:
    assert ids(journal, where={"body": {"name": "Sales"}}, since=1) == [2]
    assert ids(journal, where={"body": {"name": "Sales"}}, limit=1) == [2]
    assert ids(journal, where={"body": {"name": "Sales"}}, status=201) == [1]
    assert ids(journal, where={"body": {"name": "Sales"}}, operation="list*") == []


def test_an_argument_belongs_to_the_operation_that_is_asked_for(emulator: EmulatorUnderTest) -> None:
    fields = 'addCustomIntegration(name: "mine", nodeTypes: []) { ok } updateCustomIntegration(uid: "u") { ok }'
    emulator.call("paradime", "POST", json={"query": f"mutation {{ {fields} }}"})
    where = {"arguments": {"name": "mine"}}
    with Client(emulator.root) as client:
        sandbox = client.sandbox()
        assert ids(sandbox, where=where) == ids(sandbox, where=where, operation="add*") == [1]
        assert ids(sandbox, where=where, operation="update*") == []


def test_a_large_journal_is_matched_too(emulator: EmulatorUnderTest) -> None:
    while emulator.sandbox.journal.bytes <= QUICK_BYTES:
        emulator.call("celigo", "POST", "/integrations", json={"name": "x" * 60_000})
    emulator.call("celigo", "POST", "/integrations", json={"name": "y"})
    with Client(emulator.root) as client:
        assert ids(client.sandbox(), where={"body": {"name": "y"}}) == [emulator.sandbox.journal.recorded]


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("{", 'Invalid where: write it as JSON, such as {"query": {"page": 2}}.'),
        pytest.param("[" * 5000, "Invalid where: write it as JSON, ", id="deep"),
        ("1", "where: 1 is not of type 'object'."),
        ('{"boddy": {}}', "where.boddy: unknown field 'boddy'. Did you mean 'body'? "),
        ('{"body": {"a": {"regex": "("}}}', "Invalid where: body a: invalid: "),
    ],
)
def test_an_invalid_where_is_refused(emulator: EmulatorUnderTest, where: str, sentence: str) -> None:
    with Client(emulator.root) as client, pytest.raises(EmulatorError) as caught:
        client.sandbox().request("GET", "/journal", query={"where": where})
    assert caught.value.status == 422
    assert str(caught.value).startswith(sentence)


def test_where_is_the_same_in_python_and_over_http(journal: SandboxClient) -> None:
    where: Where = {"body": {"name": "Sales"}, "status": 201}
    told = journal.request("GET", "/journal", query={"where": json.dumps(where)})
    assert [one["id"] for one in told["exchanges"]] == ids(journal, where=where) == [1]
    assert [one.id for one in journal.verify("createIntegration", where=where)] == [1]
