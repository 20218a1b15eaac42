"""`emulator replay`: recorded calls are sent to the emulator, and its replies compared with the recorded ones."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from emulator.compare.archive import ArchiveWriter, read_archive
from emulator.compare.comparison import Comparison
from emulator.compare.replaying import Replayer
from emulator.compare.structure import structural_differences
from emulator.compare.upstream import upstream_of
from tests.conftest import EmulatorUnderTest
from tests.live_vendor import Change, Reply, live_vendor, unchanged
from tests.sample_calls import READS
from tests.test_cli import Run, command
from tests.test_compare import found, verdicts
from tests.test_record import VENDORS, reader, recording

__all__ = ["command"]

JOURNEY = [
    ("POST", "/integrations", {"name": "Mine"}),
    ("GET", "/integrations/{id}", None),
    ("PUT", "/integrations/{id}", {"name": "Yours"}),
    ("DELETE", "/integrations/{id}", None),
    ("GET", "/integrations/{id}", None),
]
"""A record's life: its id is another one at each time."""


async def journey(emulator: EmulatorUnderTest, folder: Path, change: Change = unchanged) -> Path:
    """Record the journey with Celigo, whose replies are changed; return the file."""
    file, id = folder / "calls.har", ""
    async with (
        live_vendor(f"{emulator.root}/celigo", change) as url,
        recording(emulator, "celigo", url, allows_writes=True) as recorded,
    ):
        for method, path, body in JOURNEY:
            response = await recorded.call(method, path.format(id=id), body)
            if method == "POST":
                id = (await response.json())["_id"]
    with ArchiveWriter(file, "1") as archive:
        for exchange in recorded.exchanges:
            archive.add(exchange)
    return file


async def replayed(emulator: EmulatorUnderTest, file: Path, vendor: str = "celigo") -> Comparison:
    """Replay a file in the default sandbox."""
    of_vendor = reader(emulator, vendor)
    comparison = Comparison(vendor)
    root = upstream_of(emulator.url(vendor), of_vendor.contract).root
    replayer = Replayer(of_vendor, comparison, root, emulator.headers(vendor))
    async with ClientSession() as session:
        for recorded in read_archive(file):
            await replayer.replay(recorded, session)
    return comparison


async def test_a_journey_with_new_ids_is_the_same(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    file = await journey(emulator, tmp_path)
    comparison = await replayed(emulator, file)
    assert found(comparison) == []
    assert verdicts(comparison) == {
        "createIntegration 201": "confirmed",
        "getIntegration 200": "confirmed",
        "updateIntegration 200": "confirmed",
        "deleteIntegration 204": "confirmed",
        "getIntegration 404": "confirmed",
    }


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_list_is_the_same(emulator: EmulatorUnderTest, vendor: str, tmp_path: Path) -> None:
    method, path, body = READS[vendor]
    file = tmp_path / "calls.jsonl"
    async with recording(emulator, vendor) as recorded:
        await recorded.call(method, path, body)
        await recorded.call(method, path, body, **dict.fromkeys(emulator.headers(vendor), "wrong"))
    with ArchiveWriter(file, "1") as archive:
        for exchange in recorded.exchanges:
            archive.add(exchange)
    comparison = await replayed(emulator, file, vendor)
    assert found(comparison) == []
    assert sorted(status for _, status in comparison.rows) == [200, 401]


def another_status(reply: Reply) -> None:
    if reply.method == "PUT":
        reply.status = 202


def another_field(reply: Reply) -> None:
    if reply.method == "POST":
        reply.document["brandNew"] = 1
        del reply.document["mode" if "mode" in reply.document else "sandbox"]


@pytest.mark.parametrize(
    ("change", "differences"),
    [
        (another_status, [("updateIntegration 202", "status", "enum")]),
        (
            another_field,
            [
                ("createIntegration 201", "body/brandNew", "structure"),
                ("createIntegration 201", "body/sandbox", "structure"),
            ],
        ),
    ],
)
async def test_exactly_what_differs_is_found(
    emulator: EmulatorUnderTest, tmp_path: Path, change: Change, differences: list[tuple[str, str, str]]
) -> None:
    file = await journey(emulator, tmp_path, change)
    assert found(await replayed(emulator, file)) == differences


async def test_a_body_that_is_not_json_is_a_difference(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    def cut(reply: Reply) -> None:
        if reply.method == "PUT":
            reply.document = b'{"_id": "5f'

    file = await journey(emulator, tmp_path, cut)
    assert found(await replayed(emulator, file)) == [("updateIntegration 200", "body", "structure")]


@pytest.mark.parametrize(
    ("ours", "theirs", "differences"),
    [
        ({"a": 1}, {"a": 2.5}, []),
        ({"a": None}, {"a": "x"}, []),
        ({"a": 1}, {"a": "1"}, [("/a", "number", "string")]),
        ({"a": 1}, {"b": 1}, [("/b", "missing", "present"), ("/a", "present", "missing")]),
        ([], [1], []),
        ([{"a": 1}], [{"a": True}], [("/0/a", "number", "boolean")]),
        ([1], {"a": 1}, [("", "array", "object")]),
    ],
)
def test_documents_are_compared_by_names_and_types(
    ours: Any, theirs: Any, differences: list[tuple[str, str, str]]
) -> None:
    assert list(structural_differences(ours, theirs)) == differences


def test_the_command_replays_in_a_sandbox_of_its_own(command: Run, emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    file = asyncio.run(journey(emulator, tmp_path))
    count = len(emulator.exchanges())
    code, out, _ = command("replay", str(file), "--vendor", "celigo", "--url", emulator.root, "--format", "json")
    assert code == 0
    assert json.loads(out)["counts"] == {"confirmed": 5, "differs": 0, "not met": 0}
    assert len(emulator.exchanges()) == count
    words = ("--vendor", "celigo", "--url", emulator.root, "--sandbox", "default")
    assert command("replay", str(file), *words)[0] == 0
    assert len(emulator.exchanges()) == count + 5


def test_an_emulator_that_is_gone_is_said(command: Run, tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").touch()
    words = (str(tmp_path / "calls.jsonl"), "--vendor", "celigo", "--url", "http://127.0.0.1:9")
    code, _, error = command("replay", *words)
    assert code == 2
    assert "127.0.0.1:9" in error
