"""`emulator check`: reports all mistakes in contracts, fixtures and scenarios, with their places."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from emulator.cli.completing import folders as folder_names
from emulator.cli.options import setting_options
from emulator.cli.streams import say
from emulator.settings import read_settings


@click.command()
@click.argument(
    "folders", metavar="[FOLDER]...", nargs=-1, type=click.Path(path_type=Path), shell_complete=folder_names
)
@setting_options("contracts", "vendors", "openapi")
def check(folders: Sequence[Path], **options: Any) -> None:
    """Check the built-in contracts, fixtures and scenarios, and those in your own folders.

    FOLDER contains fixtures; without it, the folder of the setting `fixtures` is checked. The settings `contracts`,
    `vendors` and `openapi` apply. For your own vendors, it lists what answers each operation: code, declared, inferred,
    example. The exit code is 1 if there are mistakes.

    Example: emulator check fixtures
    """
    from emulator.cli.problems import all_completions, all_problems, checked_folders, own_operations  # noqa: PLC0415

    settings = read_settings(options, os.environ)
    checked = checked_folders(settings, folders)
    problems = 0
    for problem in all_problems(checked, settings):
        say(problem)
        problems += 1
    if problems:
        click.echo(f"{problems} problem{'s' if problems > 1 else ''} found.", err=True)
        sys.exit(1)
    for line in [*own_operations(settings), *map(str, all_completions(checked, settings))]:
        say(line)
    own_folders = [
        *filter(None, [settings.contracts]),
        *settings.vendors,
        *(file for _, file in settings.openapi),
        *checked[1:],
    ]
    of_own = "".join(f", and of {folder}" for folder in own_folders)
    say(f"No problem in the built-in contracts, fixtures and scenarios{of_own}.")
