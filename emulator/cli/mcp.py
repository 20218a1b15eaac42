"""The command for coding agents: `mcp`."""

from __future__ import annotations

import click

from emulator.cli.remote import client_at, url_option
from emulator.errors import ConfigurationError


@click.command()
@url_option
def mcp(url: str | None) -> None:
    """Let a coding agent use a running emulator, by the Model Context Protocol on standard input and output.

    The agent starts this command itself. It needs the extra mcp.

    Example: emulator mcp --url http://127.0.0.1:4070
    """
    try:
        from emulator.mcp.server import server  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError("this command needs: pip install 'integration-emulator[mcp]'") from None
    server(client_at(url)).run("stdio")
