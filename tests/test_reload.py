"""A user's own fixtures and scenarios are read again when they change; a broken file keeps the old ones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from emulator.app import Catalogue, Emulator
from emulator.reload import Reload
from emulator.sandbox.sandbox import Beginning
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
    assert not await Reload(emulator, folder).poll()


async def test_new_sandboxes_and_resets_take_the_new_fixtures(
    emulator: Emulator, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reload = Reload(emulator, folder)
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


async def test_a_file_that_goes_lets_the_built_in_one_come_back(emulator: Emulator, folder: Path) -> None:
    (folder / "immuta" / "dictionaries.yaml").write_text(EMPTY)
    reload = Reload(emulator, folder)
    (folder / "immuta" / "dictionaries.yaml").unlink()
    assert await reload.poll()
    await emulator.reset()
    assert await dictionaries(emulator) > 0


async def test_scenarios_are_replaced_where_a_sandbox_begins_with_them(emulator: Emulator, folder: Path) -> None:
    beginning = Beginning(scenarios=emulator.scenarios_named("immuta/mine"))
    await emulator.sandboxes.create("other", beginning=beginning)
    reload = Reload(emulator, folder)
    (folder / "immuta" / "scenarios.yaml").write_text(SCENARIO % ("After.", 403))
    assert await reload.poll()
    assert emulator.scenarios["immuta/mine"].description == "After."
    for name in ("default", "other"):
        sandbox = await emulator.sandboxes.reset(name)
        assert sandbox.scenarios["immuta/mine"].description == "After."


async def test_a_scenario_that_changed_while_it_was_on_can_be_switched_off(emulator: Emulator, folder: Path) -> None:
    assert emulator.sandboxes.default.faults
    reload = Reload(emulator, folder)
    (folder / "immuta" / "scenarios.yaml").write_text(
        "scenarios: {mine: {description: None left., flags: {bad_request_prefix: false}}}\n"
    )
    assert await reload.poll()
    assert await emulator.sandboxes.default.switch_off(emulator.scenarios["immuta/mine"])
    assert not emulator.sandboxes.default.faults


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("dictionaries.yaml", "records: [", "dictionaries.yaml line 2: while parsing"),
        ("dictionaries.yaml", "records: [{}]", "dictionaries.yaml line 1, /records/0: it has no "),
        ("credentials.yaml", "records: [{id: a}]", "credentials.yaml line 1, /records/0/"),
        ("scenarios.yaml", SCENARIO % ("Bad.", 999), "scenarios.yaml line 1, /scenarios/mine/faults/0/reply/status"),
        ("scenarios.yaml", "scenarios: {}\n", "there is no scenario 'immuta/mine'"),
    ],
)
async def test_a_broken_file_keeps_the_old_ones_and_is_said_once(
    emulator: Emulator, folder: Path, caplog: pytest.LogCaptureFixture, file: str, text: str, sentence: str
) -> None:
    reload = Reload(emulator, folder)
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
    reload = Reload(emulator, folder)
    await asyncio.to_thread(folder.rename, folder.with_name("elsewhere"))
    assert not await reload.poll()
    assert "is not a folder" in caplog.text
    assert "immuta/mine" in emulator.scenarios
