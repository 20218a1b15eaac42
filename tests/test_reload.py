"""A user's own contracts, fixtures and scenarios are read again when they change; a broken file keeps the old ones."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp.test_utils import RawTestServer, TestClient

from emulator.app import Emulator
from emulator.catalogue import Catalogue, read_catalogue
from emulator.files.package_data import CONTRACTS
from emulator.sandbox.blueprint import SandboxOptions
from emulator.server.reload import Reload
from emulator.settings import read_settings

EMPTY = "records: []\n"
SCENARIO = "scenarios: {mine: {description: %s, faults: [{reply: {status: %d}}]}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "immuta").mkdir()
    (tmp_path / "immuta" / "scenarios.yaml").write_text(SCENARIO % ("Before.", 500))
    return tmp_path


@pytest.fixture
async def emulator(catalogue: Catalogue, folder: Path) -> AsyncIterator[Emulator]:
    emulator = Emulator(read_settings({"fixtures": str(folder), "scenarios": "immuta/mine"}), catalogue)
    await emulator.start()
    yield emulator
    await emulator.close()


async def dictionaries(emulator: Emulator, sandbox: str = "default") -> int:
    found = emulator.sandboxes.get(sandbox)
    assert found is not None
    return await found.store.run(lambda db: int(db.execute('SELECT count(*) FROM "immuta.dictionaries"').fetchone()[0]))


async def test_nothing_is_read_while_nothing_changes(emulator: Emulator, folder: Path) -> None:
    assert not await Reload(emulator).poll()


async def test_new_sandboxes_and_resets_take_the_new_fixtures(
    emulator: Emulator, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reload = Reload(emulator)
    before = await dictionaries(emulator)
    (folder / "immuta" / "dictionaries.yaml").write_text(EMPTY)
    with caplog.at_level(logging.INFO, "emulator"):
        assert await reload.poll()
    assert "immuta/dictionaries.yaml changed" in caplog.text
    assert "`emulator reset`" in caplog.text
    assert await dictionaries(emulator) == before > 0
    await emulator.sandboxes.create("later")
    assert await dictionaries(emulator, "later") == 0
    await emulator.reset()
    assert await dictionaries(emulator) == 0


@pytest.mark.parametrize("linked", ["immuta", "immuta/dictionaries.yaml"])
async def test_edit_behind_a_link_is_seen(catalogue: Catalogue, tmp_path: Path, linked: str) -> None:
    real, own = tmp_path / "real" / "immuta", tmp_path / "own"
    real.mkdir(parents=True)
    (real / "dictionaries.yaml").write_text(EMPTY)
    (own / linked).parent.mkdir(parents=True, exist_ok=True)
    (own / linked).symlink_to(tmp_path / "real" / linked)
    (own / "loop").symlink_to(own)
    emulator = Emulator(read_settings({"fixtures": str(own)}), catalogue)
    await emulator.start()
    reload = Reload(emulator)
    assert not await reload.poll()
    (real / "dictionaries.yaml").write_text("records: []  # the same\n")
    assert await reload.poll()
    await emulator.close()


async def test_deleting_a_file_restores_the_built_in_one(emulator: Emulator, folder: Path) -> None:
    (folder / "immuta" / "dictionaries.yaml").write_text(EMPTY)
    reload = Reload(emulator)
    (folder / "immuta" / "dictionaries.yaml").unlink()
    assert await reload.poll()
    await emulator.reset()
    assert await dictionaries(emulator) > 0


async def test_scenarios_are_replaced_where_a_sandbox_begins_with_them(emulator: Emulator, folder: Path) -> None:
    options = SandboxOptions(scenarios=emulator.scenarios_named("immuta/mine"))
    await emulator.sandboxes.create("other", options=options)
    reload = Reload(emulator)
    (folder / "immuta" / "scenarios.yaml").write_text(SCENARIO % ("After.", 403))
    assert await reload.poll()
    assert emulator.scenarios["immuta/mine"].description == "After."
    for name in ("default", "other"):
        sandbox = await emulator.sandboxes.reset(name)
        assert sandbox.scenarios["immuta/mine"].description == "After."


async def test_a_scenario_that_changed_while_it_was_on_can_be_switched_off(emulator: Emulator, folder: Path) -> None:
    assert emulator.sandboxes.default.faults
    reload = Reload(emulator)
    (folder / "immuta" / "scenarios.yaml").write_text(
        "scenarios: {mine: {description: None left., switches: {bad_request_prefix: false}}}\n"
    )
    assert await reload.poll()
    assert await emulator.sandboxes.default.switch_off(emulator.scenarios["immuta/mine"])
    assert not emulator.sandboxes.default.faults


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("dictionaries.yaml", "records: [", "dictionaries.yaml line 2: while parsing"),
        ("dictionaries.yaml", "records: [{}]", "dictionaries.yaml line 1, /records/0: the record has no "),
        ("credentials.yaml", "records: [{id: a}]", "credentials.yaml line 1, /records/0/"),
        ("scenarios.yaml", SCENARIO % ("Bad.", 999), "scenarios.yaml line 1, /scenarios/mine/faults/0/reply/status"),
        ("scenarios.yaml", "scenarios: {}\n", "unknown scenario 'immuta/mine'"),
    ],
)
async def test_a_broken_file_keeps_the_old_ones_and_is_said_once(
    emulator: Emulator, folder: Path, caplog: pytest.LogCaptureFixture, file: str, text: str, sentence: str
) -> None:
    reload = Reload(emulator)
    before = await dictionaries(emulator)
    (folder / "immuta" / file).write_text(text)
    with caplog.at_level(logging.INFO, "emulator"):
        assert not await reload.poll()
        assert not await reload.poll()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert sentence in caplog.messages[0]
    assert "stay" in caplog.messages[0]
    await emulator.reset()
    assert await dictionaries(emulator) == before
    assert emulator.scenarios["immuta/mine"].description == "Before."


async def test_a_folder_that_has_gone_keeps_the_old_ones(
    emulator: Emulator, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reload = Reload(emulator)
    await asyncio.to_thread(folder.rename, folder.with_name("elsewhere"))
    assert not await reload.poll()
    assert "is not a folder" in caplog.text
    assert "immuta/mine" in emulator.scenarios


# Contracts

LISTED = "/integration/integrations"


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """A folder of contracts with Secoda's own one, unchanged."""
    folder = tmp_path / "contracts"
    shutil.copytree(CONTRACTS / "secoda", folder / "secoda")
    return folder


@pytest.fixture
async def held(contracts: Path) -> AsyncIterator[Emulator]:
    emulator = Emulator(read_settings({"contracts": str(contracts)}))
    await emulator.start()
    yield emulator
    await emulator.close()


def rewrite(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


async def answer(emulator: Emulator, query: str = "") -> int:
    headers = {"Authorization": "Bearer secoda-token"}
    client: TestClient[Any, None]
    async with TestClient(RawTestServer(emulator.dispatch)) as client:
        return (await client.get(f"/secoda/api/v1{LISTED}{query}", headers=headers)).status


@pytest.mark.internal_error
async def test_the_next_call_is_validated_against_the_new_contract(
    held: Emulator, contracts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reload = Reload(held)
    file = contracts / "secoda" / "openapi.yaml"
    document = yaml.safe_load(await asyncio.to_thread(file.read_text))
    del document["paths"][f"{LISTED}/{{integration_id}}"]["get"]["responses"]["404"]
    assert await answer(held) == 200
    before = held.catalogue.contracts["secoda"].operations["getIntegration"].responses
    await asyncio.to_thread(file.write_text, yaml.safe_dump(document))
    with caplog.at_level(logging.INFO, "emulator"):
        assert await reload.poll()
    assert "secoda/openapi.yaml changed: calls are validated against it" in caplog.text
    after = held.catalogue.contracts["secoda"].operations["getIntegration"].responses
    assert before.keys() - after.keys() == {404}
    assert await answer(held) == 200
    assert await answer(held, "/00000000-0000-0000-0000-000000000000") == 500, "404 is in the contract no more"


@pytest.mark.parametrize(
    ("file", "before", "after", "sentence"),
    [
        ("openapi.yaml", "openapi:", "openapi: [", "secoda/openapi.yaml line"),
        ("openapi.yaml", "operationId: listIntegrations", "operationId: listThings", "has no handler"),
        (
            "openapi.yaml",
            "https://api.secoda.co",
            "https://api.example.test",
            "hosts have changed, which requires a restart",
        ),
        ("schemas/error.schema.json", "{", "{{", "schemas/error.schema.json line 1 column 2: "),
        ("schemas/error.schema.json", '"type": "object"', '"type": "objekt"', "secoda/"),
    ],
)
async def test_a_broken_contract_keeps_the_old_ones(
    held: Emulator,
    contracts: Path,
    caplog: pytest.LogCaptureFixture,
    file: str,
    before: str,
    after: str,
    sentence: str,
) -> None:
    reload, kept = Reload(held), held.catalogue
    await asyncio.to_thread(rewrite, contracts / "secoda" / file, before, after)
    assert not await reload.poll()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert sentence in caplog.messages[0]
    assert caplog.messages[0].endswith("; the previous version stays in use")
    assert held.catalogue is kept
    assert await answer(held) == 200


def test_built_in_vendors_that_are_read_again_have_the_same_collections(catalogue: Catalogue) -> None:
    again = read_catalogue(catalogue.vendors)
    catalogue.refuse_restart(again)
    for name, vendor in again.vendors.items():
        assert [one.name for one in vendor.collections] == [one.name for one in catalogue.vendors[name].collections]
