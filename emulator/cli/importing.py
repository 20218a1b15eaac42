"""`emulator import`: a document, or recorded calls, become a folder, with what is inferred in files to correct."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from emulator.cli.completing import folders
from emulator.cli.streams import say
from emulator.errors import ConfigurationError, reason_of
from emulator.settings import VENDOR_FILE, read_settings


@click.command(name="import")
@click.argument("document", metavar="VENDOR=FILE")
@click.option(
    "--into",
    metavar="FOLDER",
    default="vendors",
    type=click.Path(path_type=Path),
    shell_complete=folders,
    help="The folder of your vendors. [default: vendors]",
)
def import_document(document: str, into: Path) -> None:
    """Write an OpenAPI document (3.0, 3.1) into FOLDER/VENDOR, with what is inferred of it beside it, to correct.

    openapi.yaml is the document as it came, emulator.overlay.yaml says what each operation does, with the rule, and
    fixtures/ has the first records. A folder that exists already gets the new document alone.

    FILE may also be recorded calls: HAR (.har), or a Postman collection (2.1). Their replies become examples and first
    records in FOLDER/VENDOR; if it is new, an OpenAPI document is made of them, too. Credentials are masked.

    Example: emulator import acme=acme.yaml --into vendors
    """
    from emulator.cli.imported import MOST_TOLD, imported  # noqa: PLC0415

    # Vendors of the settings are of no interest: an earlier import of this one is not another vendor.
    settings = replace(read_settings({"vendors": ","}, os.environ), openapi=(_vendor_file(document),))
    try:
        found = imported(settings, into)
        for target, text in found.files.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
            say(f"{target} written")
    except OSError as problem:
        raise ConfigurationError(f"{into}: {reason_of(problem)}") from None
    for sentence in found.told[:MOST_TOLD]:
        say(sentence)
    if len(found.told) > MOST_TOLD:
        say(f"… and {len(found.told) - MOST_TOLD} more that were left out.")
    say(f"Next: emulator check --vendors {into}, then emulator serve --vendors {into}.")


def _vendor_file(text: str) -> tuple[str, str]:
    try:
        return VENDOR_FILE.read(text)
    except ValueError as problem:
        raise ConfigurationError(f"{text!r}: {problem}") from None
