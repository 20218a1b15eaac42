"""Neighbours, operations outside of the emulated API of a vendor: told apart wherever operations are listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from emulator.cli.main import commands
from emulator.testing.coverage import ContractCoverage
from tests.own_vendor import crud, served, written

LISTED: list[dict[str, Any]] = [
    {"vendor": "acme", "operation": "listTasks", "neighbour": False, "statuses": {"200": "documented"}},
    {
        "vendor": "acme",
        "operation": "runTask",
        "neighbour": True,
        "statuses": {"200": "documented", "404": "documented"},
    },
]


def with_a_neighbour() -> dict[str, Any]:
    document = crud()
    document["paths"]["/tasks"]["get"]["x-neighbour"] = True
    return document


def coverage(*called: tuple[str, int]) -> ContractCoverage:
    counted = ContractCoverage()
    counted.know(LISTED)
    for operation, status in called:
        counted.count("acme", [operation], status)
    return counted


def test_control_api_says_which_operations_are_neighbours(tmp_path: Path) -> None:
    with served(tmp_path, with_a_neighbour()) as client:
        listed = httpx.get(client.base_url.copy_with(path="/_emulator/operations")).json()["operations"]
    neighbours = {one["operation"] for one in listed if one["neighbour"]}
    assert neighbours == {"listTasks"}


def test_command_line_marks_neighbours(tmp_path: Path) -> None:
    vendors = written(tmp_path, with_a_neighbour())
    command = ["operations", "--vendor", "acme", "--vendors", str(vendors)]
    lines = CliRunner().invoke(commands, command).stdout.splitlines()
    assert [line.split()[1] for line in lines if " neighbour " in line] == ["listTasks"]


def test_coverage_counts_neighbours_apart() -> None:
    (told,) = coverage(("listTasks", 200)).lines(80, details=False)
    assert told == "acme: 1 of 1 operations, 1 of 1 documented statuses, 0 of 1 neighbours"


@pytest.mark.parametrize(("called", "percent"), [([], 100), ([("runTask", 200)], 200 / 3)])
def test_statuses_of_a_neighbour_count_once_it_was_called(called: list[tuple[str, int]], percent: float) -> None:
    assert coverage(("listTasks", 200), *called).percent() == pytest.approx(percent)


def test_coverage_of_a_worker_keeps_its_neighbours() -> None:
    merged = ContractCoverage()
    merged.merge(coverage(("listTasks", 200), ("runTask", 404)).document())
    assert merged.lines(80, details=False) == ["acme: 1 of 1 operations, 2 of 3 documented statuses, 1 of 1 neighbours"]
