"""What a shell completes, and the choices that help texts show."""

from __future__ import annotations

import pytest
from click.shell_completion import BashComplete

from emulator import __version__
from emulator.cli.main import commands
from emulator.settings import SETTINGS
from tests.test_cli import Run, command

__all__ = ["command"]


def completed(*words: str, typed: str = "") -> list[tuple[str, str]]:
    found = BashComplete(commands, {}, "emulator", "_EMULATOR_COMPLETE").get_completions(list(words), typed)
    return [(item.type, item.value) for item in found]


@pytest.mark.parametrize(
    ("words", "typed", "values"),
    [
        ((), "sna", ["snapshot"]),
        (("serve",), "--tls-p", ["--tls-port"]),
        (("serve", "--tls"), "", ["off", "auto", "files"]),
        (("serve", "--strict"), "t", ["true"]),
        (("serve", "--scenario"), "secoda/rate-l", ["secoda/rate-limited"]),
        (("serve", "--scenario"), "*/outa", ["*/outage"]),
        (("serve", "--switches"), "secoda.bad", ["secoda.bad_rows=recorded", "secoda.bad_rows=refused"]),
        (("serve", "--vendor-ports"), "ce", ["celigo="]),
        (("serve", "--port"), "", []),
        (("operations", "--vendor"), "im", ["immuta"]),
        (("scenarios", "--vendor"), "x", []),
        (("completion",), "z", ["zsh"]),
    ],
)
def test_a_shell_completes(words: tuple[str, ...], typed: str, values: list[str]) -> None:
    assert completed(*words, typed=typed) == [("plain", value) for value in values]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("serve", "--tls-cert"), "file"),
        (("serve", "--database"), "file"),
        (("serve", "--fixtures"), "dir"),
        (("serve", "--contracts"), "dir"),
        (("check",), "dir"),
        (("check", "--contracts"), "dir"),
        (("scenarios", "--fixtures"), "dir"),
        (("snapshot", "save", "before"), "file"),
    ],
)
def test_a_shell_completes_file_names(words: tuple[str, ...], kind: str) -> None:
    assert completed(*words, typed="my-") == [(kind, "my-")]


def test_help_shows_the_choices_of_a_setting(command: Run) -> None:
    shown = command("serve", "--help")[1]
    assert [setting.name for setting in SETTINGS if f"{setting.options[-1]} {setting.kind.metavar}" not in shown] == []
    assert "--tls [off|auto|files]" in shown


@pytest.mark.parametrize("words", [(), ("serve",), ("snapshot", "save")])
def test_h_is_short_for_help(command: Run, words: tuple[str, ...]) -> None:
    assert command(*words, "-h") == command(*words, "--help")


def test_version_is_an_option_too(command: Run) -> None:
    assert command("--version") == (0, f"{__version__}\n", "")
