"""Command line options of settings, made from their table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import click

from emulator.cli.completing import of_kind
from emulator.settings import BOOLEAN, SETTINGS

Command = TypeVar("Command", bound=Callable[..., None])

ALONE: Final[Mapping[str, Any]] = {"is_flag": False, "flag_value": "true"}
"""A boolean option without a value: `--strict` alone is `--strict true`."""


def setting_options(*names: str) -> Callable[[Command], Command]:
    """Give a command the options of the named settings, in the order of the table; without names, of all."""

    def give(command: Command) -> Command:
        for setting in reversed(SETTINGS):
            if setting.name not in (names or (setting.name,)):
                continue
            # click shows the default, but read_settings applies it: here None means "not given".
            text = f"{setting.help} [{setting.variable}; default: {_shown(setting.default)}]"
            command = click.option(
                *setting.options,
                setting.name,
                help=text,
                multiple=setting.many,
                metavar=setting.kind.metavar,
                **(ALONE if setting.kind is BOOLEAN else {}),
                shell_complete=of_kind(setting.kind),
            )(command)
        return command

    return give


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return "none" if default in ("", ()) else str(default)
