"""The server that `emulator mcp` runs: its tools, and what it shows as resources."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mcp.server.fastmcp import FastMCP
from mcp.server.fastmcp.exceptions import ToolError
from mcp.types import ContentBlock
from pydantic import ValidationError

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

LONGEST = 60
"""How many characters of a wrong argument are shown."""

TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "null": "null",
}


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
            raise ToolError(_told(name, problem, taken)) from None


def _told(name: str, problem: ToolError, taken: Mapping[str, Any]) -> str:
    """Return what an agent reads of the refusal of a tool, whose arguments have the schemas in `taken`."""
    refusal = problem.__cause__
    if isinstance(refusal, ValidationError):
        error = refusal.errors()[0]
        argument = str(error["loc"][0])
        given = "missing" if error["type"] == "missing" else json.dumps(error["input"], default=str)[:LONGEST]
        return sentence(f"the argument {argument!r} of {name} is {given}; it takes {_types(taken[argument])}")
    return in_tools(refusal.detail) if isinstance(refusal, EmulatorError) else str(problem)


def _types(schema: Mapping[str, Any]) -> str:
    """Return what a schema takes: "text or null"."""
    return " or ".join(TYPES[one["type"]] for one in schema.get("anyOf", [schema]))


def server(client: Client) -> FastMCP:
    """Return a server whose tools use the emulator of `client`."""
    made = Server("integration-emulator", instructions=INSTRUCTIONS, log_level="WARNING")
    for tool in Tools(client).all():
        made.add_tool(tool)
    add_resources(made, client)
    return made
