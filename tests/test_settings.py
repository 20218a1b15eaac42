"""One table of settings: options before environment before emulator.toml before defaults."""

from __future__ import annotations

import tomllib
from contextlib import nullcontext
from dataclasses import FrozenInstanceError, asdict, replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from emulator.errors import ConfigurationError
from emulator.settings import SETTINGS, Settings, read_settings, settings_schema


def test_defaults_apply_if_nothing_is_given(tmp_path: Path) -> None:
    assert read_settings(folder=tmp_path) == Settings()
    assert asdict(Settings()) == {setting.name: setting.default for setting in SETTINGS}


def test_an_unknown_setting_is_a_type_error_and_a_run_time_error() -> None:
    settings = Settings()
    with pytest.raises(AttributeError, match="jornal_size"):
        # mypy refuses an ignore that it does not need: `make check` sees to the types.
        settings.jornal_size  # type: ignore[attr-defined] # noqa: B018
    with pytest.raises(TypeError, match="jornal_size"):
        Settings(jornal_size=1)  # type: ignore[call-arg]
    with pytest.raises(FrozenInstanceError):
        settings.journal_size = 1  # type: ignore[misc]


def test_a_setting_has_the_type_of_what_its_reader_returns() -> None:
    seed: int = Settings().seed
    ports: tuple[tuple[str, int], ...] = read_settings({"vendor_ports": "celigo=4071"}).vendor_ports
    assert (seed, ports) == (1, (("celigo", 4071),))
    assert replace(Settings(), seed=2).seed == 2


def test_option_wins_over_environment_over_file_over_default(tmp_path: Path) -> None:
    (tmp_path / "emulator.toml").write_text('port = 1\nseed = 1\nhost = "file"\n')
    settings = read_settings({"port": "3"}, {"EMULATOR_PORT": "2", "EMULATOR_SEED": "2"}, tmp_path)
    assert (settings.port, settings.seed, settings.host, settings.strict) == (3, 2, "file", False)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_boolean_is_exactly_true_false_1_or_0(text: str, value: bool) -> None:
    assert read_settings(environ={"EMULATOR_STRICT": text}).strict is value


@pytest.mark.parametrize(("text", "value"), [("100", 100), ("512k", 524288), ("256M", 268435456), ("1g", 1073741824)])
def test_size_is_bytes_or_has_a_unit(text: str, value: int) -> None:
    assert read_settings(environ={"EMULATOR_MAX_BODY": text}).max_body == value


def test_the_variable_of_the_pytest_plugin_is_not_an_unknown_setting() -> None:
    assert read_settings(environ={"EMULATOR_URL": "http://127.0.0.1:4070"}).port == 4070


def test_a_list_is_given_with_commas_or_repeated_options() -> None:
    entries = ("a.b=1", "c.d=2")
    assert read_settings(environ={"EMULATOR_SWITCHES": "a.b=1, c.d=2"}).switches == entries
    assert read_settings({"switches": entries}).switches == entries
    assert read_settings({"switches": ("a.b=1,c.d=2", "a.b=1")}).switches == entries


def test_option_of_a_list_may_be_in_the_singular() -> None:
    assert {setting.option: list(setting.options[1:]) for setting in SETTINGS if setting.many} == {
        "--switches": ["--switch"],
        "--scenarios": ["--scenario"],
        "--vendor-hosts": ["--vendor-host"],
        "--vendor-ports": ["--vendor-port"],
        "--cors": [],
        "--vendors": [],
        "--openapi": [],
        "--control-hosts": ["--control-host"],
    }
    assert [setting.name for setting in SETTINGS if setting.singular and not setting.many] == []


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"EMULATOR_STRICT": "yes"}, "EMULATOR_STRICT is 'yes': expected true, false, 1 or 0"),
        ({"EMULATOR_PORT": "http"}, "EMULATOR_PORT is 'http': expected a whole number from 0 to 65535"),
        ({"EMULATOR_PORT": "65536"}, "EMULATOR_PORT is '65536': expected a whole number from 0 to 65535"),
        ({"EMULATOR_MAX_BODY": "big"}, "EMULATOR_MAX_BODY is 'big': expected a number of bytes such as"),
        ({"EMULATOR_MAX_BODY": "1kk"}, "EMULATOR_MAX_BODY is '1kk': expected a number of bytes such as"),
        ({"EMULATOR_SEED": "9" * 5000}, "expected a whole number from 0 to 9223372036854775807"),
        ({"EMULATOR_MAX_BODY": "9" * 5000 + "k"}, "expected a number of bytes such as"),
        ({"EMULATOR_LOG_LEVEL": "loud"}, "EMULATOR_LOG_LEVEL is 'loud': expected one of debug, info, warning, error"),
        ({"EMULATOR_DATABASE": ""}, "EMULATOR_DATABASE is '': expected a value; to leave it unset, remove the setting"),
        (
            {"EMULATOR_CONTROL_TOKEN": ""},
            "EMULATOR_CONTROL_TOKEN is '': expected a value; to leave it unset, remove the setting",
        ),
        ({"EMULATOR_DATABASE": " "}, "also a ${VAR:-} in a compose file"),
        ({"EMULATOR_PROT": "1"}, "unknown setting 'EMULATOR_PROT'. Did you mean 'EMULATOR_PORT', "),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        read_settings(environ=environ)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("name", ["database", "control_token"])
def test_a_blank_option_is_refused_where_it_would_switch_something_off_unseen(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^--{name.replace('_', '-')} is '': expected a value"):
        read_settings({name: ""})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prot = 1", "emulator.toml: unknown setting 'prot'. Did you mean 'port'"),
        ("port = ", "emulator.toml: "),
        ("strict = 'on'", "emulator.toml: strict is 'on': expected true, false, 1 or 0"),
    ],
)
def test_a_wrong_file_is_refused_with_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "emulator.toml").write_text(text)
    with pytest.raises(ConfigurationError) as refusal:
        read_settings(folder=tmp_path)
    assert sentence in str(refusal.value)


def test_file_has_typed_values(tmp_path: Path) -> None:
    (tmp_path / "emulator.toml").write_text('strict = true\nport = 4000\nswitches = ["a.b=1"]\n')
    settings = read_settings(folder=tmp_path)
    assert (settings.strict, settings.port, settings.switches) == (True, 4000, ("a.b=1",))


def test_schema_of_the_file_takes_what_is_read_and_refuses_the_rest(tmp_path: Path) -> None:
    schema = settings_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["properties"].keys() == asdict(Settings()).keys()
    for text, is_valid in (
        (
            'port = 1\nstrict = true\nmax_body = "512k"\nmax_json = 7\ntls = "auto"\ncors = ["*"]\nswitches = "a.b=1"',
            True,
        ),
        ("port = 65536", False),
        ("strict = 2", False),
        ('max_body = "big"', False),
        ('tls = "on"', False),
        ("prot = 1", False),
    ):
        (tmp_path / "emulator.toml").write_text(text)
        assert Draft202012Validator(schema).is_valid(tomllib.loads(text)) == is_valid, text
        with nullcontext() if is_valid else pytest.raises(ConfigurationError):
            read_settings(folder=tmp_path)
