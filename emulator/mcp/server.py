"""The server that `emulator mcp` runs: its tools, and what it shows as resources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.types import ContentBlock

from emulator.client import Client
from emulator.errors import EmulatorError, sentence, unknown
from emulator.mcp.resources import add_resources
from emulator.mcp.spelling import in_tools
from emulator.mcp.tools import Tools

__all__ = ["server"]

INSTRUCTIONS = """\
A running emulator of the APIs of data-catalog and iPaaS vendors, for testing a client without the real vendor.
Begin with create_sandbox: it returns each vendor's base URL, headers and credentials. Point the client there, run it,
then look at read_journal and verify. set_scenario and arm_fault make the vendor fail; explain_unmatched says why a call
got no operation.
Read emulator://docs before you write a fault, a matcher or an expectation for the first time.
"""


class Server(FastMCP):
    """A server that refuses what no tool takes, and says what an agent can do about a refusal."""

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Sequence[ContentBlock] | dict[str, Any]:
        """Call a tool. Raises ToolError with the emulator's sentence."""
        taken = next(
            (tool.inputSchema["properties"] for tool in await self.list_tools() if tool.name == name), arguments
        )
        for argument in arguments:
            if argument not in taken:
                raise ToolError(sentence(unknown("argument", argument, taken, f"of {name}")))
        try:
            return await super().call_tool(name, arguments)
        except ToolError as problem:
            refusal = problem.__cause__
            raise ToolError(in_tools(refusal.detail)) if isinstance(refusal, EmulatorError) else problem from None


def server(client: Client) -> FastMCP:
    """Return a server whose tools use the emulator of `client`."""
    made = Server("integration-emulator", instructions=INSTRUCTIONS, log_level="WARNING")
    for tool in Tools(client).all():
        made.add_tool(tool)
    add_resources(made, client)
    return made
