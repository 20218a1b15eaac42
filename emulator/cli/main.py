"""The command line: `emulator serve`, and the commands of the other modules here."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from emulator import __version__
from emulator.cli.check import check
from emulator.cli.importing import import_document
from emulator.cli.init import init
from emulator.cli.inspection import faults, journal, sandboxes, scenario, state
from emulator.cli.listing import completion, operations, scenarios, version
from emulator.cli.live import compare, pull, record, replay
from emulator.cli.mcp import mcp
from emulator.cli.new_vendor import new_vendor
from emulator.cli.options import setting_options
from emulator.cli.remote import reset, snapshot, wait
from emulator.cli.streams import say
from emulator.errors import ConfigurationError, EmulatorError, sentence
from emulator.runtime.authorities import without_authorities
from emulator.settings import read_settings


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line; exit with 0 for success, 1 if a check failed, 2 for invalid usage or configuration."""
    words = sys.argv[1:] if words is None else words
    try:
        commands.main(words or ["--help"], prog_name="emulator", standalone_mode=False)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as problem:
        _end(_explained(problem), 2)
    except ConfigurationError as problem:
        _end(str(problem), 2)
    except EmulatorError as problem:
        _end(problem.detail, 1)


def _explained(problem: click.ClickException) -> str:
    """Return what is wrong with a command line, and what lists what it takes unless a near name is told."""
    context = problem.ctx if isinstance(problem, click.UsageError) else None
    if context is None or getattr(problem, "possibilities", None):
        return problem.format_message()
    return f"{sentence(problem.format_message())} `{context.command_path} --help` lists what it takes."


def _end(said: str, code: int) -> None:
    click.echo(f"emulator: {said}", err=True)
    sys.exit(code)


def _say_help(context: click.Context, option: click.Parameter, is_asked: bool) -> None:
    if is_asked and not context.resilient_parsing:
        say(context.get_help())
        context.exit()


def _say_version(context: click.Context, option: click.Parameter, is_asked: bool) -> None:
    if is_asked and not context.resilient_parsing:
        say(__version__)
        context.exit()


@click.group(no_args_is_help=False)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Print the version and exit.",
)
def commands() -> None:
    """Emulate the Paradime, Secoda, Immuta and Celigo integration APIs.

    Example: emulator serve
    """


@commands.command()
@click.option("--open", "opens_page", is_flag=True, help="Show the console in a browser.")
@setting_options()
def serve(opens_page: bool, **options: Any) -> None:
    """Serve all vendors until SIGTERM or SIGINT.

    Example: emulator serve --port 4070 --switches celigo.empty_list_status=204
    """
    settings = read_settings(options, os.environ)
    # Hardly anything from the start is garbage: the collector would scan all of it, again and again.
    gc.disable()
    try:
        with without_authorities():
            from emulator.cli.serve import serve_until_signalled  # noqa: PLC0415

        serve_until_signalled(settings, opens_page)
    finally:
        gc.enable()


def _give_help(command: click.Command) -> None:
    """Give a command and its subcommands a -h and --help that report in a sentence if they cannot be written."""
    command.add_help_option = False
    command.params.append(
        click.Option(
            ["-h", "--help"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_say_help,
            help="Show this message and exit.",
        )
    )
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _give_help(below)


LISTING = (operations, scenarios, version, completion)
RUNNING = (wait, reset, snapshot, sandboxes, journal, state, faults, scenario, mcp)
LIVE = (record, compare, replay, pull)
for command in (init, new_vendor, import_document, check, *LISTING, *RUNNING, *LIVE):
    commands.add_command(command)
_give_help(commands)
