"""The server that `emulator mcp` runs: its tools, and what it shows as resources."""

from __future__ import annotations

from mcp.server.fastmcp import FastMCP

from emulator.client import Client
from emulator.mcp.resources import add_resources
from emulator.mcp.tools import Tools

__all__ = ["server"]

INSTRUCTIONS = """\
A running emulator of the APIs of data-catalog and iPaaS vendors, for testing a client without the real vendor.
Begin with create_sandbox: it returns each vendor's base URL, headers and credentials. Point the client there, run it,
then look at read_journal and verify. set_scenario and arm_fault make the vendor fail; explain_unmatched says why a call
got no operation.
Read emulator://docs before you write a fault, a matcher or an expectation for the first time.
"""


def server(client: Client) -> FastMCP:
    """Return a server whose tools use the emulator of `client`."""
    made = FastMCP("integration-emulator", instructions=INSTRUCTIONS, log_level="WARNING")
    for tool in Tools(client).all():
        made.add_tool(tool)
    add_resources(made, client)
    return made
