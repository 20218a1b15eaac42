"""What a new sandbox contains: the same seed gives the same world, and a user's folder lies over ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.app import Catalogue, Emulator
from emulator.errors import ConfigurationError
from emulator.settings import read_settings


async def dump(catalogue: Catalogue, **settings: Any) -> str:
    """Return the default sandbox as SQL text."""
    emulator = Emulator(read_settings(settings), catalogue)
    await emulator.start()
    try:
        return await emulator.sandboxes.default.store.run(lambda db: "\n".join(db.iterdump()))
    finally:
        await emulator.close()


async def test_the_same_seed_gives_the_same_world_byte_for_byte(catalogue: Catalogue) -> None:
    assert await dump(catalogue, seed=7) == await dump(catalogue, seed=7)


async def test_another_seed_gives_another_world(catalogue: Catalogue) -> None:
    assert await dump(catalogue, seed=7) != await dump(catalogue, seed=8)


async def test_a_users_folder_is_laid_over_ours_file_by_file(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "immuta").mkdir()
    (tmp_path / "immuta" / "dictionaries.yaml").write_text("records: []\n")
    sql = await dump(catalogue, fixtures=str(tmp_path))
    assert 'INSERT INTO "immuta.dictionaries"' not in sql
    assert 'INSERT INTO "immuta.data_sources"' in sql


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        (
            "immuta/dictionary.yaml",
            "records: []",
            "immuta/dictionary.yaml: immuta has no such collection; it has",
        ),
        ("immuta/dictionaries.yaml", "records: [", "immuta/dictionaries.yaml line 2: while parsing a flow"),
        ("immuta/dictionaries.yaml", "- id: 1", "a fixture file holds `records` and `populate`"),
        ("immuta/dictionaries.yaml", "rows: []", "immuta/dictionaries.yaml: unknown rows;"),
        ("immuta/dictionaries.yaml", "records: [{}]", "immuta/dictionaries.yaml line 1, /records/0: it has no "),
        (
            "celigo/credentials.yaml",
            "records:\n- id: a\n- id: a\n",
            "credentials.yaml line 3, /records/1: id 'a' is there twice",
        ),
        ("secoda/integrations.yaml", "records: [{id: 1}]", "secoda/integrations.yaml line 1, /records/0/"),
    ],
)
def test_a_wrong_fixture_is_refused_with_its_place(
    catalogue: Catalogue, tmp_path: Path, file: str, text: str, sentence: str
) -> None:
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(text)
    with pytest.raises(ConfigurationError) as refusal:
        Emulator(read_settings({"fixtures": str(tmp_path)}), catalogue)
    assert sentence in str(refusal.value)


def test_a_fixtures_folder_that_is_not_there_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not a folder"):
        Emulator(read_settings({"fixtures": str(tmp_path / "nowhere")}), catalogue)


@pytest.mark.parametrize(
    ("flag", "sentence"),
    [
        ("immuta.nothing=1", "there is no flag 'immuta.nothing'; there are"),
        ("immuta.bad_request_prefix=maybe", "immuta.bad_request_prefix is 'maybe'; it takes true, false"),
    ],
)
def test_a_wrong_flag_is_refused_with_what_there_is(catalogue: Catalogue, flag: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Emulator(read_settings({"flags": [flag]}), catalogue)
    assert sentence in str(refusal.value)
