"""`emulator import`: a document becomes a folder that is served as the document alone is, and can be corrected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from emulator.catalogue import read_catalogue
from tests.own_vendor import ref
from tests.test_inference import ITEM, LIST, MADE, bare, op, written
from tests.test_own_vendor import run

DOCUMENT = bare({**LIST, **ITEM, **MADE, "put /pets/{petId}": op(ref("Pet"), sent=ref("Pet")), "get /health": op()})


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    code, said = run("import", f"zoo={written(tmp_path, DOCUMENT)}", "--into", str(tmp_path / "vendors"))
    assert code == 0, said
    return tmp_path / "vendors"


def test_imported_folder_does_what_the_document_alone_does(imported: Path, tmp_path: Path) -> None:
    alone = read_catalogue({}, homes={"zoo": tmp_path / "zoo.yaml"})
    folder = read_catalogue({}, homes={"zoo": imported / "zoo"})
    assert folder.ways == alone.ways
    assert folder.contracts["zoo"].document["x-emulator"] == alone.contracts["zoo"].document["x-emulator"]
    notes = {name: one.evidence for name, one in folder.contracts["zoo"].operations.items()}
    assert notes["getPets"] == alone.contracts["zoo"].operations["getPets"].evidence


def test_document_stays_as_it_came_and_the_overlay_names_each_rule(imported: Path, tmp_path: Path) -> None:
    home = imported / "zoo"
    assert (home / "openapi.yaml").read_bytes() == (tmp_path / "zoo.yaml").read_bytes()
    comments = [line.strip() for line in (home / "emulator.overlay.yaml").read_text("utf-8").splitlines()]
    assert "# getPets: pets list, rule 5" in comments
    assert "# getHealth: replies by example" in comments
    assert (home / "fixtures" / "pets.yaml").is_file()


def test_records_in_examples_are_written_as_fixtures(tmp_path: Path) -> None:
    document = bare({**LIST, **ITEM})
    content = document["paths"]["/pets"]["get"]["responses"]["200"]["content"]["application/json"]
    content["example"] = [{"id": 1, "name": "Ann"}]
    run("import", f"zoo={written(tmp_path, document)}", "--into", str(tmp_path / "vendors"))
    fixture = yaml.safe_load((tmp_path / "vendors" / "zoo" / "fixtures" / "pets.yaml").read_text("utf-8"))
    assert fixture == {"populate": 0, "records": [{"id": 1, "name": "Ann"}]}


def test_imported_folder_passes_the_check(imported: Path) -> None:
    code, said = run("check", "--vendors", str(imported))
    assert code == 0, said
    assert "zoo       getPets " in said


def test_new_version_replaces_the_document_alone(imported: Path, tmp_path: Path) -> None:
    overlay = imported / "zoo" / "emulator.overlay.yaml"
    overlay.write_text(overlay.read_text("utf-8").replace('"action":"replace"', '"action":"patch"'), "utf-8")
    newer = {**DOCUMENT, "info": {"title": "Zoo", "version": "2"}}
    code, said = run("import", f"zoo={written(tmp_path, newer)}", "--into", str(imported))
    assert code == 0, said
    assert [line for line in said.splitlines() if line.endswith("written")] == [f"{imported}/zoo/openapi.yaml written"]
    contract = read_catalogue({}, homes={"zoo": imported / "zoo"}).contracts["zoo"]
    assert contract.version == "2"
    assert contract.document["paths"]["/pets/{petId}"]["put"]["x-emulator"]["action"] == "patch"


def test_action_whose_target_is_gone_is_named_by_the_check(imported: Path) -> None:
    document = json.loads(json.dumps(DOCUMENT))
    del document["paths"]["/pets"]["post"]
    (imported / "zoo" / "openapi.yaml").write_text(json.dumps(document), "utf-8")
    code, said = run("check", "--vendors", str(imported))
    assert code == 1
    assert "the target \"$.paths['/pets'].post\" is not in the document" in said


def test_vendor_that_was_not_imported_is_not_overwritten(imported: Path, tmp_path: Path) -> None:
    (imported / "zoo" / "emulator.overlay.yaml").unlink()
    _, said = run("import", f"zoo={tmp_path / 'zoo.yaml'}", "--into", str(imported))
    assert f"{imported}/zoo was not imported (it has no emulator.overlay.yaml); choose another name or folder" in said
