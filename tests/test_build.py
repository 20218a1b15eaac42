"""The build of a wheel parses its YAML documents."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from emulator.contract.documents import OPENAPI, SUFFIXES, contract_files, load_all
from emulator.files.package_data import CONTRACTS
from emulator.files.prepared import NAME, packed, unpacked
from emulator.files.yaml_parser import parse
from hatch_build import IN_WHEEL, prepared_files

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built() -> dict[str, bytes]:
    return dict(prepared_files(ROOT))


def in_wheel() -> Iterator[tuple[str, Path]]:
    for folder, name in IN_WHEEL.items():
        for file in (ROOT / folder).rglob("*"):
            yield f"{name}/{file.relative_to(ROOT / folder).as_posix()}", file


def test_each_document_is_built_as_a_checkout_parses_it(built: dict[str, bytes]) -> None:
    documents = {f"{name}.parsed": file for name, file in in_wheel() if file.suffix == ".yaml"}
    others = {name: file for name, file in documents.items() if file.name != OPENAPI}
    parsed = {name: json.loads(content) for name, content in built.items() if name.endswith(".parsed")}
    assert parsed == {name: parse(file.read_bytes(), file.name) for name, file in others.items()}


@pytest.mark.parametrize("name", [*(folder.name for folder in CONTRACTS.iterdir()), "control"])
def test_the_documents_of_a_contract_are_built_as_a_checkout_reads_them(
    built: dict[str, bytes], name: str, tmp_path: Path
) -> None:
    folder = CONTRACTS / name if name != "control" else ROOT / "emulator" / name
    in_the_wheel = f"{'emulator' if name == 'control' else 'emulator/data/contracts'}/{name}/{NAME}"
    (tmp_path / NAME).write_bytes(built[in_the_wheel])
    assert unpacked(tmp_path) == load_all(contract_files(folder))


def test_equal_parts_of_documents_are_one_object(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(packed({"a": {"type": ["string"], "max": 1}, "b": [{"type": ["string"], "max": 1}]}))
    found = unpacked(tmp_path) or {}
    assert found["a"] is found["b"][0]


def test_equal_values_of_other_types_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(packed({"a": [1, 1.0, True, "1", 0, 0.0, -0.0, False, None, [], {}]}))
    assert repr(unpacked(tmp_path)) == "{'a': [1, 1.0, True, '1', 0, 0.0, -0.0, False, None, [], {}]}"


@pytest.mark.parametrize("content", [b"", b"no such format", b"\xfb"])
def test_a_file_that_python_does_not_read_is_as_if_there_were_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert unpacked(tmp_path) is None


def test_each_document_has_a_checksum(built: dict[str, bytes]) -> None:
    found = json.loads(built["emulator/data/checksums.json"])
    assert found == {name: crc32(file.read_bytes()) for name, file in in_wheel() if file.suffix in SUFFIXES}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("populate: 1\npopulate: 2\n", 'duplicate key populate\n  in "<byte string>", line 2'),
        ("records: [", "line 2, column 1"),
        ("records: !!set {a}", "unsupported tag !!set"),
    ],
)
def test_a_document_that_does_not_parse_fails_the_build_with_its_name_and_line(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "fixtures" / "celigo").mkdir(parents=True)
    (tmp_path / "fixtures" / "celigo" / "audit.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"^fixtures/celigo/audit\.yaml: ") as refusal:
        list(prepared_files(tmp_path))
    assert sentence in str(refusal.value)


def test_make_says_what_it_installs() -> None:
    rules = re.split(r"\n(?=\S)", (ROOT / "Makefile").read_text("utf-8"))
    silent = [rule.partition(":")[0] for rule in rules if "install --quiet" in rule and "@echo" not in rule]
    assert silent == []
    assert len([rule for rule in rules if "install --quiet" in rule]) >= 3


@pytest.mark.parametrize(("installed", "folder"), [(False, ".serve"), (True, ".venv")])
def test_make_serve_installs_no_packages_of_development(tmp_path: Path, installed: bool, folder: str) -> None:
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    if installed:
        (tmp_path / ".venv").mkdir()
        (tmp_path / ".venv" / ".installed").touch()
    command = ["make", "--dry-run", "serve"]
    *before, last = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert last == f"{folder}/bin/python -m emulator serve"
    assert ("-r requirements/run.txt" in "".join(before)) != installed
    assert "requirements/dev.txt" not in "".join(before)
