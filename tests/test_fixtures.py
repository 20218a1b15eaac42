"""What a new sandbox contains: the same seed gives the same records, and a user's folder overlays ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.client import Client
from emulator.errors import ConfigurationError
from emulator.settings import read_settings
from tests.conftest import EmulatorUnderTest


async def dump(catalogue: Catalogue, **settings: Any) -> str:
    """Return the default sandbox as SQL text."""
    emulator = Emulator(read_settings(settings), catalogue)
    await emulator.start()
    try:
        return await emulator.sandboxes.default.store.run(lambda db: "\n".join(db.iterdump()))
    finally:
        await emulator.close()


async def test_the_same_seed_gives_the_same_records_byte_for_byte(catalogue: Catalogue) -> None:
    assert await dump(catalogue, seed=7) == await dump(catalogue, seed=7)


async def test_another_seed_gives_another_sandbox(catalogue: Catalogue) -> None:
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
            "unknown collection 'dictionary' of immuta. Did you mean 'dictionaries' or 'subscriptions'?",
        ),
        ("immuta/dictionaries.yaml", "records: [", "immuta/dictionaries.yaml line 2: while parsing a flow"),
        ("immuta/dictionaries.yaml", "- id: 1", "expected a mapping with `records` and `populate`, not a list"),
        ("immuta/dictionaries.yaml", "rows: []", "immuta/dictionaries.yaml: unknown field 'rows'."),
        (
            "immuta/dictionaries.yaml",
            "records: [{}]",
            "immuta/dictionaries.yaml line 1, /records/0: the record has no ",
        ),
        (
            "celigo/scripts.yaml",
            f"records:\n- {{_id: {'a' * 24}, name: A}}\n- {{_id: {'a' * 24}, name: B}}\n",
            f"scripts.yaml line 3, /records/1: _id '{'a' * 24}' is a duplicate",
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


@pytest.mark.parametrize("vendor", ["celigo", "immuta", "paradime", "secoda"])
@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("expires: 2030-01-01T00:00:00Z", "/expires: unknown field 'expires'. Did you mean 'expires_at'?"),
        ("expiresAt: 2030-01-01T00:00:00Z", "Did you mean 'expires_at'?"),
        ("expires_at: 2030-01-01T00:00:60Z", "/expires_at: '2030-01-01T00:00:60Z' "),
        ("expires_at: 2030-02-30T00:00:00Z", "/expires_at: '2030-02-30T00:00:00Z' "),
        ("expires_at: 0000-01-01T00:00:00Z", "/expires_at: '0000-01-01T00:00:00Z' "),
        ("workspace: 5", "/workspace: "),
    ],
)
def test_a_credential_with_an_unknown_field_is_refused(
    catalogue: Catalogue, tmp_path: Path, vendor: str, field: str, sentence: str
) -> None:
    kind = ", kind: token" if vendor == "immuta" else ""
    (tmp_path / vendor).mkdir()
    text = f'records: [{{id: a, user: "2", rights: full{kind}, {field}}}]\n'
    (tmp_path / vendor / "credentials.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as refusal:
        Emulator(read_settings({"fixtures": str(tmp_path)}), catalogue)
    assert f"{vendor}/credentials.yaml line 1, /records/0/" in str(refusal.value)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("expires_at", ["2024-01-01t00:00:00z", "2024-01-01T00:00:00.5+02:00"])
def test_a_credential_expires_in_any_spelling_of_its_time(emulator: EmulatorUnderTest, expires_at: str) -> None:
    with Client(emulator.root) as client, client.create_sandbox() as sandbox:
        credential = {**sandbox.state("secoda.credentials").get("secoda-token"), "expires_at": expires_at}
        sandbox.state("secoda.credentials").put(credential)
        found = client.sandbox(sandbox.name)
        assert found.secoda.credentials.every[0].expired


def test_a_fixtures_folder_that_is_not_there_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not a folder"):
        Emulator(read_settings({"fixtures": str(tmp_path / "nowhere")}), catalogue)


@pytest.mark.parametrize(
    ("switch", "sentence"),
    [
        ("immuta.nothing=1", "unknown switch 'immuta.nothing'. Known switches: immuta."),
        ("immuta.bad_request_prefix=maybe", "immuta.bad_request_prefix is 'maybe'; it takes true, false"),
    ],
)
def test_a_wrong_switch_is_refused_with_what_there_is(catalogue: Catalogue, switch: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Emulator(read_settings({"switches": [switch]}), catalogue)
    assert sentence in str(refusal.value)


async def test_generated_records_take_no_id_that_another_file_gives(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "immuta").mkdir()
    (tmp_path / "immuta" / "data_sources.yaml").write_text("populate: 3\n")
    sql = await dump(catalogue, fixtures=str(tmp_path))
    assert sql.count('INSERT INTO "immuta.data_sources"') == 3


async def test_declared_collections_of_a_built_in_vendor_are_populated(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "celigo").mkdir()
    (tmp_path / "celigo" / "exports.yaml").write_text("populate: 150\n")
    sql = await dump(catalogue, fixtures=str(tmp_path))
    assert sql.count('INSERT INTO "celigo.exports"') == 150
