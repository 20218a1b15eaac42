"""The setting `openapi`: documents served as they are, from the command line and in pytest, and what is refused."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator.app import Emulator
from emulator.catalogue import read_catalogue, vendor_homes
from emulator.errors import ConfigurationError
from emulator.server.reload import Reload
from emulator.settings import read_settings
from tests.own_vendor import ref
from tests.test_inference import ITEM, LIST, MADE, TEXT, bare, op, written
from tests.test_own_vendor import run


def overlay(*actions: Any) -> dict[str, Any]:
    return {"overlay": "1.0.0", "info": {"title": "Zoo", "version": "1"}, "actions": list(actions)}


def test_operations_lists_words_rule_and_ignored_parameters(tmp_path: Path) -> None:
    listing = {"get /pets": op({"type": "array", "items": ref("Pet")}, query={"color": TEXT})}
    file = written(tmp_path, bare({**listing, **ITEM, "get /health": op()}))
    code, said = run("operations", "--openapi", f"zoo={file}", "--vendor", "zoo")
    assert code == 0, said
    ends = [line.split("  ")[-1].strip() for line in said.splitlines()]
    assert [line.split("assumed")[-1].strip() for line in ends[:2]] == [
        "pets list, rule 5; ignored: color",
        "pets get, rule 5",
    ]
    assert " example " in said.splitlines()[2]


def test_check_lists_what_is_inferred(tmp_path: Path) -> None:
    file = written(tmp_path, bare({**LIST, **ITEM}))
    code, said = run("check", "--openapi", f"zoo={file}")
    assert code == 0, said
    assert [line.split()[-1] for line in said.splitlines() if line.startswith("zoo ")] == ["inferred", "inferred"]


def test_swagger_2_is_refused_with_the_name_of_a_converter(tmp_path: Path) -> None:
    file = written(tmp_path, {"swagger": "2.0", "info": {"title": "Zoo", "version": "1"}, "paths": {}})
    _, said = run("operations", "--openapi", f"zoo={file}")
    assert "Swagger 2.0 is not read; convert it to OpenAPI 3 (swagger2openapi)" in said


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("zoo", "expected VENDOR=FILE, such as acme=acme.yaml"),
        ("Zoo=zoo.yaml", "expected VENDOR=FILE"),
        ("zoo=nowhere.yaml", "openapi: nowhere.yaml does not exist"),
        ("zoo=.", "openapi: . is a folder; name a document in it, or use the setting vendors"),
        ("celigo=pyproject.toml", "there is a vendor celigo already"),
    ],
)
def test_entry_that_names_no_document_is_refused(entry: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as problem:
        vendor_homes(read_settings({"openapi": (entry,)}))
    assert said in str(problem.value)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (
            {"target": "$.paths['/pets'].put", "update": {}},
            "the target \"$.paths['/pets'].put\" is not in the document",
        ),
        ({"target": "$..put", "update": {}}, "the target '$..put' is not read; use child steps alone"),
        ({"target": "$.info.title", "update": {}}, "expected an object in update, for a target that is an object"),
        ({"update": {}}, "expected target (a JSONPath) and update, or remove: true"),
        ({"target": "$", "remove": True}, "the whole document cannot be removed"),
    ],
)
def test_action_of_an_overlay_that_changes_nothing_is_refused(tmp_path: Path, action: Any, said: str) -> None:
    file = written(tmp_path, bare(LIST))
    written(tmp_path, overlay(action), "zoo.overlay.yaml")
    with pytest.raises(ConfigurationError) as problem:
        read_catalogue({}, homes={"zoo": file})
    assert f"zoo.overlay.yaml line 8, /actions/0: {said}" in str(problem.value)


def test_overlay_removes(tmp_path: Path) -> None:
    file = written(tmp_path, bare({**LIST, **ITEM}))
    written(tmp_path, overlay({"target": "$.paths['/pets'].get", "remove": True}), "zoo.overlay.yaml")
    assert list(read_catalogue({}, homes={"zoo": file}).ways["zoo"]) == ["getPetsPetId"]


def test_changed_document_or_overlay_is_read_again(tmp_path: Path) -> None:
    async def reloaded() -> list[str]:
        emulator = Emulator(read_settings({"port": 0}), read_catalogue({}, homes={"zoo": file}))
        await emulator.start()
        try:
            reload = Reload(emulator)
            written(tmp_path, overlay({"target": "$.paths['/pets'].get", "remove": True}), "zoo.overlay.yaml")
            assert await reload.poll()
            return list(emulator.catalogue.contracts["zoo"].operations)
        finally:
            await emulator.close()

    file = written(tmp_path, bare({**LIST, **ITEM, **MADE}))
    assert asyncio.run(reloaded()) == ["postPets", "getPetsPetId"]


def test_document_is_served_in_pytest(tmp_path: Path) -> None:
    written(tmp_path, bare({**LIST, **ITEM, **MADE}))
    (tmp_path / "pytest.ini").write_text("[pytest]\nemulator_openapi = zoo=zoo.yaml\n", "utf-8")
    (tmp_path / "test_zoo.py").write_text(
        "import httpx\n"
        "def test_it(emulator):\n"
        "    zoo = emulator.vendors['zoo']\n"
        "    assert len(httpx.get(f'{zoo.url}/pets', headers=dict(zoo.headers)).json()) == 3\n",
        "utf-8",
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EMULATOR_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_zoo.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_spellings_of_one_path_become_one(tmp_path: Path) -> None:
    document = bare({**ITEM, "delete /pets/{id}": op(status="204")})
    assert sorted(
        read_catalogue({}, homes={"zoo": written(tmp_path, document)}).contracts["zoo"].document["paths"]
    ) == ["/pets/{petId}"]


def test_name_with_other_characters_is_served(tmp_path: Path) -> None:
    document = bare(LIST)
    document["paths"]["/pets"]["get"]["operationId"] = "pets:list all"
    file = written(tmp_path, json.loads(json.dumps(document)))
    assert list(read_catalogue({}, homes={"zoo": file}).ways["zoo"]) == ["pets:list-all"]
