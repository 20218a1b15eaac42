"""Commands that have to do with the live vendors: `record`, `compare`, `replay`, `pull`."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import click

from emulator.cli.completing import files, vendors
from emulator.cli.options import setting_options
from emulator.cli.remote import client_at, url_option
from emulator.errors import ConfigurationError, EmulatorError
from emulator.settings import read_settings

Command = TypeVar("Command", bound=Callable[..., None])

CREDENTIALS_HELP = 'Headers for the live vendor, as JSON: {"headers": {"Authorization": "Bearer …"}}.'

_live_option = click.option("--upstream", metavar="URL", required=True, help="Its live URL: https://api.integrator.io.")
_recorded_option = click.option(
    "--upstream", metavar="URL", default="", help="Where the vendor was, if not at its own host."
)
_form_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "markdown"]),
    default="text",
    show_default=True,
    help="The form of the report.",
)


def _vendor_option(help: str) -> Callable[[Command], Command]:
    return click.option("--vendor", metavar="NAME", required=True, shell_complete=vendors, help=help)


def _file_option(*names: str, help: str, **others: Any) -> Callable[[Command], Command]:
    path = click.Path(path_type=Path)
    return click.option(*names, metavar="FILE", type=path, shell_complete=files, help=help, **others)


@click.command()
@_vendor_option("The vendor to record.")
@_live_option
@_file_option("--out", required=True, help="A new file: calls.har for HAR 1.2, calls.jsonl for JSON lines.")
@click.option("--port", type=click.IntRange(0, 65535), default=4071, show_default=True, help="Where to listen.")
@click.option("--allow-writes", is_flag=True, help="Pass writes on, too: they change the live vendor's data.")
@setting_options("contracts", "vendors", "openapi")
def record(vendor: str, upstream: str, out: Path, port: int, allow_writes: bool, **options: Any) -> None:
    """Record what a client and a live vendor say to each other, until Ctrl-C.

    The client calls http://127.0.0.1:4071/<vendor> in place of the vendor, with the vendor's credentials, which are
    masked in the file. Each exchange is validated against the contract. Only reads pass: GET, HEAD and GraphQL queries.

    Example: emulator record --vendor celigo --upstream https://api.integrator.io --out calls.har
    """
    from emulator.cli.recording import record_until_signalled  # noqa: PLC0415

    record_until_signalled(read_settings(options, os.environ), vendor, upstream, out, port, allow_writes)


@click.command()
@_vendor_option("The vendor to compare.")
@_file_option(
    "--from",
    "recordings",
    multiple=True,
    help="Recorded exchanges: a HAR file of any program, or the JSON lines of emulator record.",
)
@_recorded_option
@_form_option
@_file_option("--credentials", help=CREDENTIALS_HELP)
@click.option("--allow-writes", is_flag=True, help="Also create, change and remove records of its own.")
@_file_option("--evidence", help="A new file for what was observed: my-contracts/celigo/emulator.overlay.yaml.")
@setting_options("contracts", "vendors", "openapi", "switches")
def compare(
    vendor: str,
    recordings: tuple[Path, ...],
    upstream: str,
    form: str,
    credentials: Path | None,
    allow_writes: bool,
    evidence: Path | None,
    **options: Any,
) -> None:
    """Compare a vendor with its contract: by operation and status, confirmed, differs, or not met; and its switches.

    With --from it reads recorded exchanges; else it asks the live vendor at --upstream, with --credentials, for what
    the contract promises. It only reads, unless --allow-writes. Which value of each switch is true is said, too, with
    the lines for emulator.toml, and with --evidence written as an overlay of the contract. The exit code is 1 if
    anything differs.

    Example: emulator compare --vendor celigo --from calls.har
    """
    if not recordings and not (upstream and credentials):
        raise ConfigurationError("give --from FILE, or --upstream URL and --credentials FILE to ask the live vendor")
    if recordings and (credentials or allow_writes):
        given = "--credentials" if credentials else "--allow-writes"
        raise ConfigurationError(f"{given} is for the live vendor: leave it out with --from, which asks nobody")
    from emulator.cli.comparing import Compared, compare_live, compare_recordings  # noqa: PLC0415

    compared = Compared(read_settings(options, os.environ), vendor, form, evidence)
    if recordings:
        compare_recordings(compared, recordings, upstream)
    elif credentials:
        compare_live(compared, upstream, credentials, allow_writes)


@click.command()
@click.argument(
    "recordings",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    shell_complete=files,
)
@_vendor_option("The vendor that was recorded.")
@_recorded_option
@_form_option
@url_option
@click.option("--sandbox", metavar="NAME", help="Which sandbox; without it, a new one for this command.")
@setting_options("contracts", "vendors", "openapi")
def replay(
    recordings: tuple[Path, ...],
    vendor: str,
    upstream: str,
    form: str,
    url: str | None,
    sandbox: str | None,
    **options: Any,
) -> None:
    """Send recorded calls to a running emulator, and compare its replies: status, names and types.

    Ids that the emulator gives otherwise than the vendor are replaced in later calls. The exit code is 1 if anything
    differs.

    Example: emulator replay calls.har --vendor celigo
    """
    from emulator.cli.replaying import replay_recordings  # noqa: PLC0415

    client, settings = client_at(url), read_settings(options, os.environ)
    try:
        with ExitStack() as until_done:
            used = client.sandbox(sandbox) if sandbox else until_done.enter_context(client.create_sandbox())
            replay_recordings(settings, vendor, recordings, upstream, form, used)
    except EmulatorError as problem:  # 1 says that something differs
        raise ConfigurationError(problem.detail) from None


@click.command()
@_vendor_option("The vendor to read from.")
@_live_option
@_file_option("--credentials", required=True, help=CREDENTIALS_HELP)
@click.option(
    "--into",
    metavar="FOLDER",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    shell_complete=files,
    help="Where the fixtures are written, in a new folder of the vendor's name.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="How many records of a collection at most.",
)
@setting_options("contracts", "vendors", "openapi", "seed")
def pull(vendor: str, upstream: str, credentials: Path, into: Path, limit: int, **options: Any) -> None:
    """Make fixtures of a live vendor's records, with names, addresses, texts and ids replaced by made-up ones.

    It only reads. The same value is replaced by the same one everywhere, so that references still join; the same --seed
    makes the same of the same records. Times, numbers and words that say of what kind something is are kept.

    Example: emulator pull --vendor celigo --upstream https://api.integrator.io --credentials mine.json --into fixtures
    """
    from emulator.cli.pulling import pull_records  # noqa: PLC0415

    pull_records(read_settings(options, os.environ), vendor, upstream, credentials, into, limit)
