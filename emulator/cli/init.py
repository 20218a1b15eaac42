"""`emulator init`: creates a folder to start with, whose files an editor checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from emulator.cli.completing import folders
from emulator.cli.streams import say
from emulator.errors import ConfigurationError, reason_of

SCHEMAS = ".schemas"

EXAMPLES: Mapping[str, str] = {
    "emulator.toml": f"""\
#:schema {SCHEMAS}/settings.schema.json
# Settings for `emulator serve` and the other commands in this folder; `emulator serve --help` lists all.
fixtures = "fixtures"
# scenarios = ["secoda/throttled-at-first"]
""",
    "fixtures/secoda/credentials.yaml": f"""\
# yaml-language-server: $schema=../../{SCHEMAS}/secoda.credentials.fixture.schema.json
# Who may call Secoda: `id` is the API key that a client sends.
records:
  - {{id: my-key, user: f71585fa-251c-4102-8d81-c97c57c8d435, rights: full}}
  - {{id: my-key-that-only-reads, user: f71585fa-251c-4102-8d81-c97c57c8d435, rights: read}}
""",
    "fixtures/paradime/integrations.yaml": f"""\
# yaml-language-server: $schema=../../{SCHEMAS}/paradime.integrations.fixture.schema.json
# What Paradime starts with: one integration, and five that are generated.
populate: 5
records:
  - uid: abc123
    name: Tableau
    logoBase64: null
    isActive: true
    nodeTypes:
      - {{nodeType: Dashboard, iconName: chart, color: CYAN}}
""",
    "fixtures/secoda/scenarios.yaml": f"""\
# yaml-language-server: $schema=../../{SCHEMAS}/scenarios.schema.json
# Switch one on: `emulator scenario on secoda/throttled-at-first`, or emulator.scenario("secoda/throttled-at-first").
scenarios:
  throttled-at-first:
    description: The first two creations are throttled.
    faults:
      - operation: createIntegration
        when: {{times: 2}}
        reply: {{status: 429}}
  lost-reply:
    description: Integrations called Sales are created, but the reply is lost.
    faults:
      - operation: createIntegration
        where: {{body: {{name: Sales}}}}
        commit: after
        connection: reset
""",
}


@click.command()
@click.argument("folder", required=False, default=".", type=click.Path(path_type=Path), shell_complete=folders)
def init(folder: Path) -> None:
    """Write an example of emulator.toml, fixtures and scenarios into FOLDER (default: this one).

    Editors with a YAML and a TOML language server check and complete them, by the schemas in the folder .schemas.
    Existing files stay as they are; the schemas are written again.

    Example: emulator init my-emulator
    """
    try:
        for name, text in EXAMPLES.items():
            _write(folder / name, text)
        for name, text in _schemas().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
    except OSError as problem:
        raise ConfigurationError(f"{folder}: {reason_of(problem)}") from None
    say(f"Next, in {folder}: emulator check, then emulator serve.")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists():
        say(f"{file} exists and stays")
    else:
        file.write_text(text, "utf-8")
        say(f"{file} written")


def _schemas() -> dict[str, str]:
    """Return the schemas of the files that users write by their place in the folder."""
    from emulator.catalogue import read_catalogue  # noqa: PLC0415
    from emulator.control.document import file_schema_names, schema_named  # noqa: PLC0415

    catalogue = read_catalogue()
    return {
        f"{SCHEMAS}/{name}": json.dumps(schema_named(name, catalogue), indent=1, ensure_ascii=False) + "\n"
        for name in file_schema_names(catalogue)
    }
