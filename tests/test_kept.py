"""What is kept is believed only if it is whole and was made of the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emulator.app import Emulator
from emulator.catalogue import read_catalogue
from emulator.errors import ConfigurationError
from emulator.files import yaml_file
from emulator.files.disk_cache import SIZE, Kept
from emulator.files.package_data import CONTRACTS, is_ours
from emulator.files.yaml_file import read_yaml
from emulator.sandbox.kept_world import kept_world
from emulator.settings import read_settings


@pytest.fixture(autouse=True)
def _kept_files_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    Kept(tmp_path / "a.yaml", [b"text", b"code"]).write(b"content")
    assert Kept(tmp_path / "a.yaml", [b"text", b"code"]).read() == b"content"


def test_nothing_is_found_before_it_is_kept(tmp_path: Path) -> None:
    assert Kept(tmp_path / "a.yaml", [b"text"]).read() is None


def test_it_stands_where_python_keeps_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Kept(tmp_path / "a.yaml", []).file.parent == tmp_path / "__pycache__"
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "elsewhere"))
    assert Kept(tmp_path / "a.yaml", []).file.is_relative_to(tmp_path / "elsewhere")


@pytest.mark.parametrize("made_of", [[b"other", b"code"], [b"text", b"newer code"], [b"text"], [b"textcode"], []])
def test_what_was_made_of_something_else_is_not_believed(tmp_path: Path, made_of: list[bytes]) -> None:
    Kept(tmp_path / "a.yaml", [b"text", b"code"]).write(b"content")
    assert Kept(tmp_path / "a.yaml", made_of).read() is None


@pytest.mark.parametrize("length", [0, 1, SIZE, 2 * SIZE - 1, 2 * SIZE, 2 * SIZE + 3])
def test_a_file_that_is_cut_short_is_not_believed(tmp_path: Path, length: int) -> None:
    kept = Kept(tmp_path / "a.yaml", [b"text"])
    kept.write(b"content")
    kept.file.write_bytes(kept.file.read_bytes()[:length])
    assert kept.read() is None


@pytest.mark.parametrize("place", [0, SIZE, 2 * SIZE, -1])
def test_a_file_with_one_wrong_bit_is_not_believed(tmp_path: Path, place: int) -> None:
    kept = Kept(tmp_path / "a.yaml", [b"text"])
    kept.write(b"content")
    found = bytearray(kept.file.read_bytes())
    found[place] ^= 1
    kept.file.write_bytes(found)
    assert kept.read() is None


def test_what_is_kept_anew_takes_the_place_of_the_former(tmp_path: Path) -> None:
    Kept(tmp_path / "a.yaml", [b"text"]).write(b"content")
    Kept(tmp_path / "a.yaml", [b"new text"]).write(b"new content")
    assert Kept(tmp_path / "a.yaml", [b"new text"]).read() == b"new content"
    assert len(list((tmp_path / "__pycache__").iterdir())) == 1


def test_nothing_is_kept_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").write_text("not a folder")
    kept = Kept(tmp_path / "a.yaml", [b"text"])
    kept.write(b"content")
    assert kept.read() is None
    assert [file.name for file in tmp_path.iterdir()] == ["__pycache__"]


def test_no_half_of_a_file_is_left_where_it_cannot_be_finished(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "a.yaml", [b"text"])
    kept.file.mkdir(parents=True)
    (kept.file / "in the way").touch()
    kept.write(b"content")
    assert list(kept.file.parent.iterdir()) == [kept.file]


def test_nothing_is_kept_if_python_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    Kept(tmp_path / "a.yaml", [b"text"]).write(b"content")
    assert list(tmp_path.iterdir()) == []


def test_others_may_read_what_one_user_has_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "a.yaml", [b"text"])
    before = os.umask(0o022)
    try:
        kept.write(b"content")
    finally:
        os.umask(before)
    assert kept.file.stat().st_mode & 0o777 == 0o644


def test_writers_at_the_same_time_leave_one_whole_file(tmp_path: Path) -> None:
    contents = [bytes([number]) * 100_000 for number in range(8)]
    kept = Kept(tmp_path / "a.yaml", [b"text"])
    seen: list[bytes | None] = []

    def write(content: bytes) -> None:
        for _ in range(20):
            kept.write(content)
            seen.append(kept.read())

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, contents))
    assert set(seen) <= set(contents)
    assert len(list(kept.file.parent.iterdir())) == 1


# Documents


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is taken for one of those that come with the package."""
    monkeypatch.setattr(yaml_file, "is_ours", lambda file: file.is_relative_to(tmp_path))
    monkeypatch.setattr(yaml_file, "PACKAGE", tmp_path)
    file = tmp_path / "document.yaml"
    file.write_text("a: 1\n")
    return file


def test_a_document_is_parsed_once(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_yaml(ours) == {"a": 1}
    monkeypatch.delattr(yaml_file, "_parse")
    assert read_yaml(ours) == {"a": 1}


def test_a_document_that_has_changed_is_read_anew_though_its_time_and_size_have_not(ours: Path) -> None:
    read_yaml(ours)
    stat = ours.stat()
    ours.write_text("a: 2\n")
    os.utime(ours, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert read_yaml(ours) == {"a": 2}


def test_a_parser_that_has_changed_reads_anew(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_yaml(ours)
    monkeypatch.setattr(yaml_file, "_parser", lambda: b"another")
    monkeypatch.setattr(yaml_file, "_parse", lambda file, text: "parsed anew")
    assert read_yaml(ours) == "parsed anew"


def test_a_document_that_does_not_parse_is_named_with_its_line_each_time(ours: Path) -> None:
    read_yaml(ours)
    ours.write_text("a: 1\na: 2\n")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"document\.yaml line 2: a is there twice"):
            read_yaml(ours)


def test_an_integer_beyond_64_bits_is_the_same_each_time(ours: Path) -> None:
    ours.write_text("a: 123456789012345678901")
    assert [read_yaml(ours), read_yaml(ours)] == 2 * [{"a": 123456789012345678901}]
    assert not (ours.parent / "__pycache__").exists()


def test_a_users_own_file_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_file, "PACKAGE", tmp_path)
    (tmp_path / "own.yaml").write_text("a: 1\n")
    assert not is_ours(tmp_path / "own.yaml")
    assert read_yaml(tmp_path / "own.yaml") == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["own.yaml"]


def test_contracts_are_ours() -> None:
    assert is_ours(CONTRACTS / "secoda" / "openapi.yaml")


# The world

PROCESS = """
import asyncio, sys
from emulator.app import Emulator
from emulator.settings import read_settings

async def records():
    emulator = Emulator(read_settings(dict([setting.split("=") for setting in sys.argv[1:]])))
    await emulator.start()
    content = await emulator.sandboxes.default.store.dump()
    await emulator.close()
    return content

content = asyncio.run(records())
print(hash(content), *(name in sys.modules for name in ("faker", "yaml", "ariadne", "jsonschema")))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout of its own, in which nothing is kept yet."""
    root = Path(__file__).parent.parent
    for folder in ("emulator", "contracts", "fixtures"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def started(copy: Path, *settings: str) -> list[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("EMULATOR_", "PYTHON"))}
    environ |= {"PYTHONPATH": str(copy), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, *settings], cwd=copy, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_the_second_process_begins_with_the_same_world_and_imports_nothing_to_make_it(copy: Path) -> None:
    world, *imported = started(copy)
    assert imported == ["True", "True", "False", "False"]
    assert started(copy) == [world, "False", "False", "False", "False"]


def test_a_world_is_made_anew_after_a_change_of_fixtures_or_code(copy: Path) -> None:
    started(copy)
    fixture = copy / "fixtures" / "celigo" / "audit.yaml"
    fixture.write_text(fixture.read_text().replace("populate: 40", "populate: 41"))
    assert started(copy)[1] == "True"
    assert started(copy)[1] == "False"
    with (copy / "emulator" / "vendors" / "celigo" / "populate.py").open("a") as file:
        file.write("# changed\n")
    assert started(copy)[1] == "True"


def test_only_the_usual_world_is_kept(copy: Path) -> None:
    started(copy, "seed=2")
    assert not list((copy / "emulator" / "__pycache__").glob("world.*"))
    started(copy)
    (world,) = (copy / "emulator" / "__pycache__").glob("world.*")
    kept = world.read_bytes()
    started(copy, "seed=2")
    assert world.read_bytes() == kept


def test_a_world_depends_on_seed_and_switches() -> None:
    emulator = Emulator(read_settings(), read_catalogue())
    fixtures, switches = emulator.fixtures(), emulator.switches
    usual = kept_world(fixtures, 1, switches)._made_of
    assert kept_world(fixtures, 2, switches)._made_of != usual
    assert kept_world(fixtures, 1, {**switches, "secoda": {"a": 1}})._made_of != usual
    assert kept_world(fixtures, 1, switches)._made_of == usual
