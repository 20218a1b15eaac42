"""The command line: `emulator serve`, and the commands of `emulator.commands`."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from emulator.app import Emulator
from emulator.commands.checking import check
from emulator.commands.listing import completion, operations, scenarios, version
from emulator.commands.running import reset, snapshot, wait
from emulator.console_log import ConsoleLog, JsonFormatter, format_for, message_line
from emulator.errors import ConfigurationError
from emulator.reload import Reload
from emulator.remote import NotDone
from emulator.server import Server, new_event_loop
from emulator.settings import SETTINGS, Settings, read_settings


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line; exit with 0 if all went well, 1 if a check failed, 2 for usage or configuration."""
    words = sys.argv[1:] if words is None else words
    try:
        commands.main(words or ["--help"], prog_name="emulator", standalone_mode=False)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as problem:
        _end(problem.format_message(), 2)
    except ConfigurationError as problem:
        _end(str(problem), 2)
    except NotDone as problem:
        _end(str(problem), 1)


def _end(sentence: str, code: int) -> None:
    click.echo(f"emulator: {sentence}", err=True)
    sys.exit(code)


@click.group(no_args_is_help=False)
def commands() -> None:
    """Stand in for the Paradime, Secoda, Immuta and Celigo integration APIs."""


def _setting_options(command: Callable[..., None]) -> Callable[..., None]:
    for setting in reversed(SETTINGS):
        # click shows the default, and read_settings knows it: here None means "not given".
        text = f"{setting.help} [{setting.variable}; default: {_shown(setting.default)}]"
        option = click.option(*setting.flags, setting.name, help=text, multiple=setting.many, metavar="VALUE")
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
    _log(settings)
    with ExitStack() as open_until_ended, asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(settings, _lines(settings, open_until_ended)))


def _log(settings: Settings) -> None:
    """Let what is logged besides calls go to the standard error."""
    handler = logging.StreamHandler()
    is_json = settings.log_format == "json"
    handler.setFormatter(JsonFormatter() if is_json else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    # At debug it would print every piece of work, records and all.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)


def _lines(settings: Settings, open_until_ended: ExitStack) -> ConsoleLog | None:
    """Return what prints a line for each call; None if the setting access_log forbids it."""
    if not settings.access_log:
        return None
    line = format_for(settings.log_format, sys.stdout.isatty(), os.environ.get("NO_COLOR", ""))
    log = ConsoleLog(sys.stdout.fileno(), line)
    open_until_ended.callback(log.close)
    return log


async def _serve(settings: Settings, lines: ConsoleLog | None) -> None:
    emulator = Emulator(settings, on_record=lines)
    server = Server(emulator)
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    try:
        await server.start()
        following = _follow(emulator)
        # What is there by now stays: the collector need not look at it again while a long upload is read.
        gc.collect()
        gc.freeze()
        _announce(server)
        await stopping.wait()
        if following is not None:
            following.cancel()
    finally:
        await server.stop()


def _follow(emulator: Emulator) -> asyncio.Task[None] | None:
    """Read the user's folder again whenever its files change, if there is one."""
    settings = emulator.settings
    if not settings.fixtures or not settings.reload:
        return None
    return asyncio.create_task(Reload(emulator, Path(settings.fixtures)).run())


def _announce(server: Server) -> None:
    is_json = server.emulator.settings.log_format == "json"
    for line in _banner(server).split("\n"):
        click.echo(message_line(line, "info", datetime.now(UTC)) if is_json else line)


def _banner(server: Server) -> str:
    return "\n".join([*_vendor_lines(server), *_tls_lines(server), "Ready."])


def _tls_lines(server: Server) -> list[str]:
    if server.tls_url is None:
        return []
    trust = f"trust {server.url}/_emulator/ca.crt" if server.emulator.settings.tls == "auto" else "your own certificate"
    return [f"{'https':24} {server.tls_url}  {trust}", f"{'for built-in URLs':24} HTTPS_PROXY={server.url}"]


def _vendor_lines(server: Server) -> list[str]:
    catalogue = server.emulator.catalogue
    lines = []
    for name, vendor in catalogue.vendors.items():
        contract = catalogue.contracts[name]
        credential = next(iter(server.emulator.sandboxes.default.credentials[name].values()), None)
        presented = vendor.present(credential) if credential else {}
        headers = ", ".join(f"{header}: {value}" for header, value in presented.items()) or "no credentials"
        lines.append(
            f"{vendor.title:24} {server.url}{contract.base_path}  {len(contract.handled)} operations  {headers}"
        )
    return lines


for command in (check, operations, scenarios, wait, reset, snapshot, version, completion):
    commands.add_command(command)
