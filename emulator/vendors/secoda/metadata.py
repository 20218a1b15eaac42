"""Uploads of metadata. Each is one sync: its rows replace the integration's, or nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from emulator.exchange import Call, Part, Reply
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendor import Handlers, Transactions
from emulator.vendors.secoda.collections import LINEAGE, RESOURCES
from emulator.vendors.secoda.csv_file import read_rows
from emulator.vendors.secoda.errors import NO_FILE, invalid_fields
from emulator.vendors.secoda.integrations import find
from emulator.vendors.secoda.jsonl_file import read_lineage, read_resources
from emulator.vendors.secoda.reports import Report
from emulator.vendors.secoda.staging import Parse, Stage
from emulator.vendors.secoda.syncs import abandon, begin, finish, refuse_errors, sweep

handlers = Handlers()


class Source(NamedTuple):
    """A file of an upload: its part, its parser, and the collection of its records."""

    part: Part
    parse: Parse
    collection: Collection


@handlers.streaming_operation("importMetadata")
async def import_metadata(call: Call, transactions: Transactions) -> Reply:
    """Replace tables and columns by those of a CSV file.

    Secoda documentation, Integrations, Upload Integration Metadata (via CSV).
    """
    if "file" not in call.parts:
        return await transactions.run(lambda world: _without_file(call, world))
    return await _import(call, transactions, "csv", [Source(call.parts["file"], read_rows, RESOURCES)])


@handlers.streaming_operation("importJsonlMetadata")
async def import_jsonl_metadata(call: Call, transactions: Transactions) -> Reply:
    """Replace resources and lineage by those of JSONL files.

    Secoda documentation, Integrations, Upload Integration Metadata (via JSONL).
    """
    if "resources_file" not in call.parts:
        raise invalid_fields({"resources_file": [NO_FILE]})
    sources = [Source(call.parts["resources_file"], read_resources, RESOURCES)]
    if "lineages_file" in call.parts:
        sources.append(Source(call.parts["lineages_file"], read_lineage, LINEAGE))
    return await _import(call, transactions, "jsonl", sources)


def _without_file(call: Call, world: World) -> Reply:
    find(world, call.params["integration_id"])
    if world.switches["missing_csv_file"] == "refused":
        raise invalid_fields({"file": [NO_FILE]})
    return Reply(200)


async def _import(call: Call, transactions: Transactions, kind: str, sources: Sequence[Source]) -> Reply:
    """Store the files' records invisibly, then put them in force in one transaction, or remove them all."""
    reports = [Report.on(source.part) for source in sources]
    stage = Stage()
    counts = {"resources": 0, "lineage": 0}
    try:
        await transactions.run(lambda world: _begin(world, call, stage, kind, reports))
        for source, report in zip(sources, reports, strict=True):
            stored = await stage.store(source.collection, source.part, source.parse, report, transactions)
            counts["lineage" if source.collection is LINEAGE else "resources"] += stored
        await transactions.run(lambda world: _conclude(world, stage, counts, reports))
    except BaseException:
        if await transactions.run(lambda world: abandon(world, stage.sync_id)):
            await sweep(transactions, stage.integration_id)
        raise
    await sweep(transactions, stage.integration_id)
    return Reply(200)


def _begin(world: World, call: Call, stage: Stage, kind: str, reports: Sequence[Report]) -> None:
    files = {report.part: report.filename for report in reports}
    sync = begin(world, call.params["integration_id"], kind, files)
    stage.integration_id, stage.sync_id, stage.tag = sync["integration_id"], sync["id"], sync["tag"]


def _conclude(world: World, stage: Stage, counts: dict[str, int], reports: Sequence[Report]) -> None:
    """End the sync; its records are then in force, unless none was usable."""
    refuse_errors(world, reports)
    failed = counts["resources"] == 0 and any(report.errors for report in reports)
    status = "failed" if failed else "succeeded"
    finish(world, stage.sync_id, status, reports, **counts)
