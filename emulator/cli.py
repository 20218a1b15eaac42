"""The command line: `emulator serve`, `emulator operations`, `emulator version`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import click

from emulator import __version__
from emulator.app import Emulator, read_catalogue
from emulator.control.api import describe_operations
from emulator.errors import ConfigurationError
from emulator.server import Server, new_event_loop
from emulator.settings import SETTINGS, Settings, read_settings


def main() -> None:
    """Run the command line; exit with 0 if all went well, 1 if a check failed, 2 for usage or configuration."""
    try:
        commands.main(prog_name="emulator", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except ConfigurationError as problem:
        click.echo(f"emulator: {problem}", err=True)
        sys.exit(2)


@click.group()
def commands() -> None:
    """Stand in for the Paradime, Secoda, Immuta and Celigo integration APIs."""


def _setting_options(command: Callable[..., None]) -> Callable[..., None]:
    for setting in reversed(SETTINGS):
        # click shows the default, and read_settings knows it: here None means "not given".
        text = f"{setting.help} [{setting.variable}; default: {_shown(setting.default)}]"
        option = click.option(setting.flag, setting.name, help=text, multiple=setting.many, metavar="VALUE")
        command = option(command)
    return command


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return "none" if default in ("", ()) else str(default)


@commands.command()
@_setting_options
def serve(**flags: Any) -> None:
    """Serve all vendors until SIGTERM or SIGINT.

    Example: emulator serve --port 4070 --flags celigo.empty_list_status=204
    """
    settings = read_settings(flags, os.environ)
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s")
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    server = Server(Emulator(settings))
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    await server.start()
    try:
        click.echo(_banner(server))
        await stopping.wait()
    finally:
        await server.stop()


def _banner(server: Server) -> str:
    return "\n".join([*_vendor_lines(server), "Ready."])


def _vendor_lines(server: Server) -> list[str]:
    catalogue = server.emulator.catalogue
    lines = []
    for name, vendor in catalogue.vendors.items():
        contract = catalogue.contracts[name]
        credential = next(iter(server.emulator.sandboxes.default.credentials[name].values()))
        headers = ", ".join(f"{header}: {value}" for header, value in vendor.present(credential).items())
        lines.append(
            f"{vendor.title:24} {server.url}{contract.base_path}  {len(contract.handled)} operations  {headers}"
        )
    return lines


@commands.command()
def operations() -> None:
    """List every emulated operation with its evidence.

    Example: emulator operations
    """
    for operation in describe_operations(read_catalogue().contracts):
        evidence = operation["evidence"]
        place = f"{operation['vendor']:9} {operation['operation']:28} {operation['method']:8} {operation['path']:58}"
        click.echo(f"{place} {evidence['level']:10} {evidence['source']}")


@commands.command()
def version() -> None:
    """Print the version.

    Example: emulator version
    """
    click.echo(__version__)
