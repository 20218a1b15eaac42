"""Commands for a running emulator: `wait`, `reset`, `snapshot`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.healthcheck import address
from emulator.cli.streams import say
from emulator.errors import ConfigurationError, EmulatorError
from emulator.settings import read_settings

if TYPE_CHECKING:
    from emulator.client import Client, SandboxClient

Command = Callable[..., None]

_url_option = click.option("--url", metavar="URL", help="The emulator's URL; default: the settings host and port.")
_sandbox_option = click.option("--sandbox", default="default", show_default=True, metavar="NAME", help="Which sandbox.")


def _client(url: str | None) -> Client:
    from emulator.client import Client  # noqa: PLC0415

    if url is None:
        host, port = address(os.environ)
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    token = read_settings({}, os.environ).control_token
    try:
        return click.get_current_context().with_resource(Client(url, token))
    except EmulatorError as problem:
        raise ConfigurationError(f"--url: {problem}") from None


def _sandbox(url: str | None, name: str) -> SandboxClient:
    return _client(url).sandbox(name)


def _of_sandbox(command: Command) -> Command:
    return _url_option(_sandbox_option(command))


@click.command()
@_url_option
@click.option("--seconds", type=click.FloatRange(min=0), default=30, show_default=True, help="How long to wait.")
def wait(url: str | None, seconds: float) -> None:
    """Wait until an emulator is ready; exit with 1 if it is not ready in time.

    Example: emulator wait --url http://127.0.0.1:4070 --seconds 10
    """
    _client(url).wait(seconds)


@click.command()
@_of_sandbox
def reset(url: str | None, sandbox: str) -> None:
    """Return a sandbox to its start: records, faults, scenarios, clock and journal.

    Example: emulator reset --url http://127.0.0.1:4070
    """
    _sandbox(url, sandbox).request("POST", "/reset")


@click.group(no_args_is_help=False)
def snapshot() -> None:
    """Save, restore and list snapshots of a sandbox's records.

    Example: emulator snapshot save before
    """


@snapshot.command("save")
@click.argument("name")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@_of_sandbox
def save(name: str, file: Path | None, url: str | None, sandbox: str) -> None:
    """Save the records under NAME, and in FILE (SQLite) if it is given.

    Example: emulator snapshot save before before.sqlite
    """
    found = _sandbox(url, sandbox)
    found.snapshot(name)
    if file is not None:
        _with_file(file, lambda: file.write_bytes(found.download_snapshot(name)))


@snapshot.command("restore")
@click.argument("name")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@_of_sandbox
def restore(name: str, file: Path | None, url: str | None, sandbox: str) -> None:
    """Restore the records of NAME; with FILE, upload it as NAME first.

    Example: emulator snapshot restore before before.sqlite
    """
    content = None if file is None else _with_file(file, file.read_bytes)
    found = _sandbox(url, sandbox)
    if content is not None:
        found.upload_snapshot(name, content)
    found.restore(name)


@snapshot.command("list")
@_of_sandbox
def list_snapshots(url: str | None, sandbox: str) -> None:
    """List the snapshots with their sizes.

    Example: emulator snapshot list --url http://127.0.0.1:4070
    """
    for kept in _sandbox(url, sandbox).snapshots():
        say(f"{kept.name:32} {kept.bytes:>12} bytes")


def _with_file(file: Path, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except OSError as problem:
        raise ConfigurationError(f"{file}: {(problem.strerror or str(problem)).lower()}") from None
