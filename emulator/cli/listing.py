"""Commands that list things: `operations`, `scenarios`, `version`, `completion`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import get_completion_class

from emulator import __version__
from emulator.cli.completing import vendors
from emulator.cli.options import setting_options
from emulator.cli.streams import say
from emulator.errors import ConfigurationError, unknown
from emulator.settings import read_settings

if TYPE_CHECKING:
    from emulator.catalogue import Catalogue


@click.command()
@click.option("--vendor", metavar="NAME", shell_complete=vendors, help="Only this vendor's.")
@setting_options("vendors", "openapi")
def operations(vendor: str | None, **options: Any) -> None:
    """List every emulated operation with what answers it (code, declared, inferred, example) and its evidence.

    A neighbour is outside of the emulated API of its vendor, whose public clients call it beside that.

    Example: emulator operations --vendor celigo
    """
    from emulator.catalogue import contract_overlay, read_catalogue, vendor_homes  # noqa: PLC0415
    from emulator.control.information import describe_operations  # noqa: PLC0415

    settings = read_settings(options, os.environ)
    found = read_catalogue(overlay=contract_overlay(settings), homes=vendor_homes(settings))
    catalogue = _checked(vendor, found)
    for operation in describe_operations(catalogue):
        if vendor in (None, operation["vendor"]):
            evidence = operation["evidence"]
            call = f"{operation['operation']:28} {operation['method']:8} {operation['path']:58}"
            way = operation["handled_by"]
            # Of what was inferred, the words and their rule are of interest.
            source = evidence["note"] if way == "inferred" else evidence["source"]
            beside = "neighbour" if operation["neighbour"] else ""
            say(f"{operation['vendor']:9} {call} {way:8} {beside:9} {evidence['level']:10} {source}")


@click.command()
@click.option("--vendor", metavar="NAME", shell_complete=vendors, help="Only this vendor's.")
@setting_options("fixtures", "vendors", "openapi")
def scenarios(vendor: str | None, **options: Any) -> None:
    """List every scenario with its description, for `serve --scenario`.

    Example: emulator scenarios --vendor secoda
    """
    from emulator.catalogue import (  # noqa: PLC0415
        contract_overlay,
        fixture_folders,
        read_catalogue,
        read_scenarios,
        vendor_homes,
    )

    settings = read_settings(options, os.environ)
    found = read_catalogue(overlay=contract_overlay(settings), homes=vendor_homes(settings))
    catalogue = _checked(vendor, found)
    for name, scenario in read_scenarios(fixture_folders(settings), catalogue).items():
        if vendor in (None, scenario.vendor):
            say(f"{name:36} {scenario.description}")


def _checked(vendor: str | None, catalogue: Catalogue) -> Catalogue:
    if vendor is not None and vendor not in catalogue.vendors:
        raise ConfigurationError(unknown("vendor", vendor, catalogue.vendors))
    return catalogue


@click.command()
def version() -> None:
    """Print the version.

    Example: emulator version
    """
    say(__version__)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a completion script for commands, options and their values.

    Example: eval "$(emulator completion bash)"
    """
    kind = get_completion_class(shell)
    assert kind is not None
    say(kind(context.find_root().command, {}, "emulator", "_EMULATOR_COMPLETE").source())
