"""`emulator init`, and the schemas of the files that users write."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from emulator.catalogue import Catalogue
from emulator.cli.init import EXAMPLES
from emulator.control.document import schema_named
from emulator.files.package_data import FIXTURES
from emulator.settings import read_settings
from tests.control import controlled
from tests.test_cli import Run, command

__all__ = ["command"]

FIXTURE_FILES = [file for file in sorted(FIXTURES.glob("*/*.yaml")) if file.stem != "scenarios"]
MODELINE = re.compile(r"^# yaml-language-server: \$schema=(\S+)\n")


def departures(schema: Any, document: Any) -> list[str]:
    Draft202012Validator.check_schema(schema)
    return [error.message for error in Draft202012Validator(schema).iter_errors(document)]


def test_what_is_written_is_checked_and_served(command: Run, catalogue: Catalogue, tmp_path: Path) -> None:
    code, out, err = command("init")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        *(f"{name} written" for name in EXAMPLES),
        "Next, in .: emulator check, then emulator serve.",
    ]
    assert command("check") == (
        0,
        "No problem in the built-in contracts, fixtures and scenarios, and of fixtures.\n",
        "",
    )
    settings = read_settings(folder=tmp_path)
    with controlled(catalogue, fixtures=str(tmp_path / settings.fixtures)) as (_, control):
        assert control.done("GET", "/state/paradime.integrations")["total"] == 6
        names = [f"{one['vendor']}/{one['name']}" for one in control.done("GET", "/scenarios")["scenarios"]]
    assert {"secoda/throttled-at-first", "secoda/lost-reply"} <= set(names)


def test_editors_find_the_schema_of_each_file(command: Run, tmp_path: Path) -> None:
    assert command("init", "mine")[0] == 0
    for file in sorted((tmp_path / "mine").rglob("*.yaml")):
        named = MODELINE.match(file.read_text("utf-8"))
        assert named, file
        schema = json.loads((file.parent / named[1]).read_text("utf-8"))
        assert departures(schema, yaml.safe_load(file.read_text("utf-8"))) == []
    settings = tmp_path / "mine" / "emulator.toml"
    comment, _, text = settings.read_text("utf-8").partition("\n")
    schema = json.loads((settings.parent / comment.removeprefix("#:schema ")).read_text("utf-8"))
    assert departures(schema, tomllib.loads(text)) == []


def test_existing_files_stay_and_schemas_are_rewritten(command: Run, tmp_path: Path) -> None:
    command("init")
    (tmp_path / "emulator.toml").write_text("seed = 2\n")
    (tmp_path / ".schemas" / "settings.schema.json").write_text("{}")
    assert command("init")[1].splitlines()[0] == "emulator.toml exists and stays"
    assert (tmp_path / "emulator.toml").read_text() == "seed = 2\n"
    assert json.loads((tmp_path / ".schemas" / "settings.schema.json").read_text())["properties"]


def test_an_invalid_folder_is_one_sentence(command: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = command("init", "file")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("emulator: file: ")


@pytest.mark.parametrize("file", FIXTURE_FILES, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_schema_of_a_fixture_file_takes_the_built_in_one_and_no_unknown_field(catalogue: Catalogue, file: Path) -> None:
    schema = schema_named(f"{file.parent.name}.{file.stem}.fixture.schema.json", catalogue)
    document = yaml.safe_load(file.read_text("utf-8"))
    assert departures(schema, document) == []
    assert departures(schema, {**document, "recods": []}) != []
    assert departures(schema, {"records": [1]}) != []
