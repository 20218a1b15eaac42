"""YAML that people write: what JSON cannot express is refused with its line, before anything is built from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import ConfigurationError
from emulator.files import yaml_file
from emulator.files.package_data import CONTRACTS, FIXTURES
from emulator.files.yaml_file import place, read_yaml, short_name
from emulator.files.yaml_parser import parse
from emulator.settings import read_settings

UNFOLDING = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(10 * [f'*{before}'])}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
TOO_LONG = "is not an integer of at most 4300 digits"
NO_TAG = ": JSON has no such value"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("&a [*a]", "line 1: *a refers to a value that contains it"),
        ("\n&a {b: *a}", "line 2: *a refers to a value that contains it"),
        ("a: &a {<<: *a}", "line 1: *a refers to a value that contains it"),
        (UNFOLDING, "line 6: its aliases expand to more than 1000000 values"),
        (201 * "[", "line 1: more than 200 levels"),
        (100_000 * "- ", "line 1: more than 200 levels"),
        (f"a: &a {150 * '['}{150 * ']'}\nb: {60 * '['}*a{60 * ']'}", "line 2: more than 200 levels"),
        (f"a:\n  b: {5000 * '9'}", f"line 2: '{40 * '9'}…' {TOO_LONG}"),
        (f"a:\n  b: 0x{5000 * 'f'}", f"line 2: '0x{38 * 'f'}…' {TOO_LONG}"),
        (f"a: 0b{20000 * '1'}", f"line 1: '0b{38 * '1'}…' {TOO_LONG}"),
        ("a: !!int x", f"line 1: 'x' {TOO_LONG}"),
        ("a: !!float x", "line 1: 'x' is not a number that JSON has"),
        ("a: !!bool x", "line 1: 'x' is not a boolean"),
        ("a: .inf", "line 1: '.inf' is not a number that JSON has"),
        ("a: [\n.nan]", "line 2: '.nan' is not a number that JSON has"),
        ("a: 1.0e+999", "line 1: '1.0e+999' is not a number that JSON has"),
        ("a: !!binary aGk=", f"line 1: unsupported tag !!binary{NO_TAG}"),
        ("a: !!set {a, b}", f"line 1: unsupported tag !!set{NO_TAG}"),
        ("a: !!timestamp x", f"line 1: unsupported tag !!timestamp{NO_TAG}"),
        ("a: !mine x", f"line 1: unsupported tag !mine{NO_TAG}"),
        ("a: !!map x", "line 1: expected a mapping"),
        ("!!map [1]", "line 1: expected a mapping"),
        ("a:\n  !!seq {b: 1}", "line 2: expected a list"),
        ("a: !!str [1]", "line 1: expected a scalar"),
        ("a: 1\na: 2", "line 2: duplicate key a"),
        ("a: {<<: {}, <<: {}}", "line 1: duplicate key <<"),
        ("a: {<<: {b: 1,\nb: 2}}", "line 2: duplicate key b"),
        ("a: {<<: [1]}", "line 1: expected a mapping or list of mappings for merging"),
        ("? [a]\n: 1", "line 1: expected a name as key"),
        ("- &a [1]\n- {*a : 1}", "line 2: expected a name as key"),
        ("- &a 1\n- &a 2", "line 2: duplicate anchor &a"),
        ("a: *b", "line 1: unknown alias *b"),
        (
            '{"a": "\\ud83e x"}',
            "line 1: while parsing a quoted scalar, found invalid Unicode character escape code",
        ),
        ("a: 1\n---\na: 2", "line 2: expected a single document in the stream, but found another document"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(text.encode(), "a.yaml")
    assert str(refused.value) == f"a.yaml {sentence}"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a: 1\nb: \xff", "line 2: invalid leading UTF-8 octet"),
        (b"a: 1\nb: \xc3", "line 2: incomplete UTF-8 octet sequence"),
        (b"a:\n\n- \x07", "line 3: control characters are not allowed"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"a\.yaml {sentence}$"):
        read_yaml(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("a: &a [1]\nb: *a\nc: {<<: &m {d: 1}, e: 2}", {"a": [1], "b": [1], "c": {"d": 1, "e": 2}}),
        ("a: !!str 1\nb: !!int '2'\nc: 2020-01-01\nd: ! x", {"a": "1", "b": 2, "c": "2020-01-01", "d": "x"}),
        (f"a: {4300 * '9'}", {"a": int(4300 * "9")}),
        ("a: 017\nb: 0x1F\nc: 1_000\nd: 1:30\ne: .5\nf: +5", {"a": 15, "b": 31, "c": 1000, "d": 90, "e": 0.5, "f": 5}),
        ("a: ~\nb:\nc: 'null'\nd: no\n~: !!null x", {"a": None, "b": None, "c": "null", "d": False, "~": None}),
        ("- &a 1\n- {*a : b, '<<': <<, c: =}", [1, {"1": "b", "<<": "<<", "c": "="}]),
        (
            "- &a {x: 1, y: 2}\n- &b {y: 3, z: 4}\n- {z: 5, <<: [*a, *b]}\n- {<<: {<<: *b}}",
            [{"x": 1, "y": 2}, {"y": 3, "z": 4}, {"x": 1, "y": 2, "z": 5}, {"y": 3, "z": 4}],
        ),
        ('{"a": "\\ud83e\\uddea \\\\ud83e", "b": "\\\\\\uD83E\\uDDEA"}', {"a": "🧪 \\ud83e", "b": "\\🧪"}),
        ("", None),
    ],
)
def test_what_json_can_hold_is_read(text: str, document: object) -> None:
    assert parse(text.encode(), "a.yaml") == document


def test_place_in_a_text_without_an_end_is_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("&a [*a]")
    assert place(tmp_path / "a.yaml", "/0/0/0") == f"{tmp_path}/a.yaml line 1, /0/0/0"


def test_place_in_json_with_escaped_characters_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text('{"a": "\\ud83e\\uddea",\n"b": 1}')
    assert place(tmp_path / "a.yaml", "/b") == f"{tmp_path}/a.yaml line 2, /b"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (CONTRACTS / "secoda" / "schemas" / "a.json", "contracts/secoda/schemas/a.json"),
        (FIXTURES / "scenarios.yaml", "fixtures/scenarios.yaml"),
        (Path("own/b/secoda/integrations.yaml"), "own/b/secoda/integrations.yaml"),
        (Path("../own/secoda/schemas/a.json"), "../own/secoda/schemas/a.json"),
        (Path("/srv/own/secoda/a.yaml"), "/srv/own/secoda/a.yaml"),
    ],
)
def test_file_of_a_user_is_named_as_the_user_can_open_it(file: Path, name: str) -> None:
    assert short_name(file) == name


@pytest.mark.parametrize("text", [f"seed = {5000 * '9'}", f"scenarios = {5000 * '['}"])
def test_settings_file_beyond_pythons_limits_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "emulator.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"^emulator\.toml: an integer is too long, or arrays are nested"):
        read_settings({}, folder=tmp_path)


@pytest.fixture
def built_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is taken for one of those that come with the package."""
    monkeypatch.setattr(yaml_file, "is_ours", lambda file: file.is_relative_to(tmp_path))
    file = tmp_path / "document.yaml"
    file.write_text("a:\n  b: 1\n")
    return file


def test_a_built_in_document_is_read_as_the_build_has_parsed_it(built_in: Path) -> None:
    built_in.with_name("document.yaml.parsed").write_text('{"a": 123456789012345678901}')
    assert read_yaml(built_in) == {"a": 123456789012345678901}


def test_a_place_in_a_built_in_document_is_that_in_the_yaml(built_in: Path) -> None:
    built_in.with_name("document.yaml.parsed").write_text('{"a": {"b": 1}}')
    assert place(built_in, "/a/b") == f"{built_in} line 2, /a/b"


def test_a_built_in_document_is_parsed_where_no_build_has(built_in: Path) -> None:
    read_yaml(built_in)["a"]["b"] = 2
    assert read_yaml(built_in) == {"a": {"b": 1}}


def test_a_changed_built_in_document_is_read_again(built_in: Path) -> None:
    read_yaml(built_in)
    built_in.write_text("a: 3\n")
    assert read_yaml(built_in) == {"a": 3}


def test_a_users_document_is_parsed_whatever_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("a: 1\n")
    (tmp_path / "own.yaml.parsed").write_text('{"a": 2}')
    assert read_yaml(tmp_path / "own.yaml") == {"a": 1}
