"""`emulator new-vendor`: a vendor of one's own to begin with, which is served as it is."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli.completing import folders
from emulator.cli.streams import say
from emulator.errors import ConfigurationError, reason_of

FILES = ("openapi.yaml", "credentials.yaml", "scenarios.yaml", "fixtures/projects.yaml", "fixtures/tasks.yaml")
_NAME = "NAME"


@click.command()
@click.argument("name")
@click.option(
    "--into",
    metavar="FOLDER",
    default="vendors",
    type=click.Path(path_type=Path),
    shell_complete=folders,
    help="The folder of your vendors. [default: vendors]",
)
def new_vendor(name: str, into: Path) -> None:
    """Write an example vendor, with projects and tasks, into FOLDER/NAME. It needs no Python.

    Example: emulator new-vendor acme --into vendors
    """
    from emulator.declared.folders import check_name  # noqa: PLC0415
    from emulator.vendors import vendor_names  # noqa: PLC0415

    home = into / name
    check_name(name, home, vendor_names())
    if home.exists():
        raise ConfigurationError(f"{home} exists already; choose another name or folder")
    try:
        for file in FILES:
            target = home / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text((Path(__file__).parent / file).read_text("utf-8").replace(_NAME, name), "utf-8")
            say(f"{target} written")
    except OSError as problem:
        raise ConfigurationError(f"{home}: {reason_of(problem)}") from None
    say(f"Next: emulator check --vendors {into}, then emulator serve --vendors {into}.")
