"""Commands for a running emulator: `wait`, `reset`, `snapshot`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.healthcheck import address
from emulator.cli.streams import say
from emulator.errors import ConfigurationError, EmulatorError, reason_of
from emulator.settings import read_settings

if TYPE_CHECKING:
    from emulator.client import Client, SandboxClient

Command = Callable[..., None]

url_option = click.option("--url", metavar="URL", help="The emulator's URL; default: the settings host and port.")
_sandbox_option = click.option("--sandbox", default="default", show_default=True, metavar="NAME", help="Which sandbox.")


def client_at(url: str | None) -> Client:
    """Return a client of the emulator at `url`, or else where the settings say; closed when the command ends."""
    from emulator.client import Client  # noqa: PLC0415

    if url is None:
        host, port = address(os.environ)
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    token = read_settings({}, os.environ).control_token
    try:
        return click.get_current_context().with_resource(Client(url, token))
    except EmulatorError as problem:
        raise ConfigurationError(f"--url: {problem}") from None


def sandbox_at(url: str | None, name: str) -> SandboxClient:
    """Return one of its sandboxes. Raises EmulatorError, naming the known ones."""
    return client_at(url).sandbox(name)


def of_sandbox(command: Command) -> Command:
    """Give a command the options --url and --sandbox."""
    return url_option(_sandbox_option(command))


@click.command()
@url_option
@click.option("--seconds", type=click.FloatRange(min=0), default=30, show_default=True, help="How long to wait.")
def wait(url: str | None, seconds: float) -> None:
    """Wait until an emulator is ready; exit with 1 if it is not ready in time.

    Example: emulator wait --url http://127.0.0.1:4070 --seconds 10
    """
    client_at(url).wait(seconds)


@click.command()
@of_sandbox
def reset(url: str | None, sandbox: str) -> None:
    """Return a sandbox to its start: records, faults, scenarios, clock and journal.

    Example: emulator reset --url http://127.0.0.1:4070
    """
    sandbox_at(url, sandbox).request("POST", "/reset")


@click.group(no_args_is_help=False)
def snapshot() -> None:
    """Save, restore and list snapshots of a sandbox's records.

    Example: emulator snapshot save before
    """


@snapshot.command("save")
@click.argument("name")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@of_sandbox
def save(name: str, file: Path | None, url: str | None, sandbox: str) -> None:
    """Save the records under NAME, and in FILE (SQLite) if it is given.

    Example: emulator snapshot save before before.sqlite
    """
    found = sandbox_at(url, sandbox)
    found.snapshot(name)
    if file is not None:
        _with_file(file, lambda: file.write_bytes(found.download_snapshot(name)))


@snapshot.command("restore")
@click.argument("name")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@of_sandbox
def restore(name: str, file: Path | None, url: str | None, sandbox: str) -> None:
    """Restore the records of NAME; with FILE, upload it as NAME first.

    Example: emulator snapshot restore before before.sqlite
    """
    content = None if file is None else _with_file(file, file.read_bytes)
    found = sandbox_at(url, sandbox)
    if content is not None:
        found.upload_snapshot(name, content)
    found.restore(name)


@snapshot.command("list")
@of_sandbox
def list_snapshots(url: str | None, sandbox: str) -> None:
    """List the snapshots with their sizes.

    Example: emulator snapshot list --url http://127.0.0.1:4070
    """
    for kept in sandbox_at(url, sandbox).snapshots():
        say(f"{kept.name:32} {kept.bytes:>12} bytes")


def _with_file(file: Path, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except OSError as problem:
        raise ConfigurationError(f"{file}: {reason_of(problem)}") from None
