"""Fixture files with `defaults: populate`: what their records leave out is generated."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from emulator.app import Emulator
from emulator.catalogue import Catalogue, read_catalogue
from emulator.cli.main import commands
from emulator.errors import ConfigurationError
from emulator.settings import read_settings
from tests.control import controlled

COLLECTIONS = sorted(one.name for vendor in read_catalogue().vendors.values() for one in vendor.collections)
MINE = "defaults: populate\nrecords:\n- {name: Mine}\n- {name: Yours, type: snowflake}\n"


def write(folder: Path, name: str, text: str) -> str:
    """Write a fixture file into a folder, and return the folder."""
    file = folder / f"{name.replace('.', '/')}.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return str(folder)


async def records(catalogue: Catalogue, name: str, **settings: Any) -> list[dict[str, Any]]:
    """Return a collection of the default sandbox of an emulator."""
    emulator = Emulator(read_settings(settings), catalogue)
    await emulator.start()
    try:
        vendor = name.partition(".")[0]
        (collection,) = (one for one in catalogue.vendors[vendor].collections if one.name == name)
        sandbox = emulator.sandboxes.default
        return await sandbox.run(vendor, lambda world: world[collection].all())
    finally:
        await emulator.close()


async def test_records_are_whole_and_the_same_with_the_same_seed(catalogue: Catalogue, tmp_path: Path) -> None:
    folder = write(tmp_path, "secoda.integrations", f"{MINE}populate: 2\n")
    first, again, other = [
        await records(catalogue, "secoda.integrations", fixtures=folder, seed=seed) for seed in (1, 1, 2)
    ]
    assert first == again != other
    assert len(first) == 4
    by_name = {record["name"]: record for record in first}
    assert by_name["Yours"]["type"] == "snowflake"
    check = catalogue.contracts["secoda"].schema("integration.schema.json")
    assert [check.violations(record, "body") for record in first] == [[]] * 4


@pytest.mark.parametrize("name", [name for name in COLLECTIONS if not name.endswith((".credentials", "_life"))])
async def test_every_collection_can_leave_out_everything(catalogue: Catalogue, tmp_path: Path, name: str) -> None:
    folder = write(tmp_path, name, "defaults: populate\nrecords: [{}]\n")
    assert len(await records(catalogue, name, fixtures=folder)) == 1


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("defaults: populate\nrecords: [{name: Mine}]", True),
        ("records: [{name: Mine}]", False),
        ("defaults: faker\nrecords: []", False),
    ],
)
def test_editors_allow_what_is_left_out_with_the_word_only(catalogue: Catalogue, text: str, is_valid: bool) -> None:
    with controlled(catalogue) as (_, control):
        schema = control.done("GET", "/schemas/celigo.integrations.fixture.schema.json")
    assert Draft202012Validator(schema).is_valid(yaml.safe_load(text)) is is_valid


async def test_linked_records_fit_their_record(catalogue: Catalogue, tmp_path: Path) -> None:
    folder = write(tmp_path, "immuta.data_sources", "defaults: populate\nrecords: [{id: 4711, name: Orders}]\n")
    dictionaries = await records(catalogue, "immuta.dictionaries", fixtures=folder)
    assert 4711 in {one["dataSource"] for one in dictionaries}


async def test_the_log_says_which_keys_were_generated(
    catalogue: Catalogue, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "emulator")
    folder = write(tmp_path, "celigo.scripts", "defaults: populate\nrecords: [{name: Mine}]\n")
    write(tmp_path, "celigo.connections", f"defaults: populate\nrecords: [{{_id: {'a' * 24}, name: Mine}}]\n")
    await records(catalogue, "celigo.scripts", fixtures=folder)
    told = [record.getMessage() for record in caplog.records]
    assert f"{folder}/celigo/scripts.yaml: generated _id" in told
    assert f"{folder}/celigo/connections.yaml: generated nothing" in told


def test_check_and_the_control_api_report_it_too(catalogue: Catalogue, tmp_path: Path) -> None:
    folder = write(tmp_path, "celigo.integrations", "defaults: populate\nrecords: [{name: Mine, sandbox: true}]\n")
    checked = CliRunner().invoke(commands, ["check", folder])
    assert checked.exit_code == 0, checked.output
    keys = "_id, _registeredConnectionIds, createdAt, description, flowGroupings, install, installSteps, lastModified"
    assert f"{folder}/celigo/integrations.yaml: generated {keys}, lastModifiedBy, uninstallSteps\n" in checked.output
    with controlled(catalogue, fixtures=folder) as (_, control):
        listed = {one["collection"]: one for one in control.done("GET", "/state")["collections"]}
        assert listed["celigo.integrations"]["generated"] == [*keys.split(", "), "lastModifiedBy", "uninstallSteps"]
        assert listed["celigo.flows"]["generated"] == []
        control.sandbox(name="alpha", fixtures=write(tmp_path / "..", "secoda.integrations", MINE))
        of_alpha = {one["collection"]: one for one in control.done("GET", "/sandboxes/alpha/state")["collections"]}
        assert "id" in of_alpha["secoda.integrations"]["generated"]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("secoda.integrations", "defaults: faker\n", "line 1, /defaults: expected populate, not 'faker'"),
        ("secoda.integrations", f"{MINE}- 3\n", "line 5, /records/2: not a record: expected an object"),
        (
            "secoda.integrations",
            f"{MINE}- {{nmae: x}}\n",
            "/records/2/nmae: unknown field 'nmae'. Did you mean 'name'?",
        ),
        ("secoda.integrations", f"{MINE}- {{name: 7}}\n", "line 5, /records/2/name: 7 is not of type 'string'"),
        ("secoda.integrations", f"{MINE}- {{id: [7]}}\n", "line 5, /records/2/id: "),
        ("celigo.flows", "defaults: populate\nrecords: [{_id: short}]\n", "line 2, /records/0/_id: "),
        ("secoda.credentials", "defaults: populate\nrecords: [{id: a}]\n", "/defaults: credentials are not generated"),
    ],
)
def test_a_mistake_in_given_fields_is_reported_with_its_place(
    tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    folder = write(tmp_path, name, text)
    with pytest.raises(ConfigurationError) as refusal:
        Emulator(read_settings({"fixtures": folder}))
    assert sentence in str(refusal.value)
    checked = CliRunner().invoke(commands, ["check", folder])
    assert checked.exit_code == 1
    assert sentence in checked.output


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (
            "secoda.integrations",
            f"{MINE}- {{id: {{0}}}}\n- {{id: {{0}}}}\n",
            "secoda.integrations cannot be loaded: RecordExists",
        ),
        ("celigo.revisions", "defaults: populate\nrecords: [{}]\n", "_integrationId cannot be generated"),
        (
            "paradime.nodes",
            "defaults: populate\nrecords: [{kind: chartLike, attributes: {name: x, createdAt: y}}]\n",
            "paradime/nodes.yaml line 2, /records/0/attributes",
        ),
    ],
    ids=["id-twice", "no-such-record", "does-not-fit"],
)
async def test_fixtures_that_cannot_be_completed_stop_the_start(
    catalogue: Catalogue, tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    folder = write(tmp_path, name, text.replace("{0}", json.dumps("740904fe-e87d-44f8-8a91-b13631ff2812")))
    write(tmp_path, "celigo.integrations", "records: []\n")
    with pytest.raises(ConfigurationError, match=sentence):
        await records(catalogue, name, fixtures=folder)


def test_a_sandbox_with_fixtures_that_cannot_be_completed_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    folder = write(tmp_path, "celigo.revisions", "defaults: populate\nrecords: [{}]\n")
    write(tmp_path, "celigo.integrations", "records: []\n")
    with controlled(catalogue) as (_, control):
        status, said = control.refused("POST", "/sandboxes", json={"fixtures": folder})
        assert (status, "_integrationId cannot be generated" in said) == (422, True)
