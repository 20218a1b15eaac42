"""What an agent can read: contracts, schemas, and the guide to the control API."""

from __future__ import annotations

import json

from mcp.server.fastmcp import FastMCP

from emulator.client import Client
from emulator.client.urls import quoted

__all__ = ["add_resources"]

JSON = "application/json"


def add_resources(server: FastMCP, client: Client) -> None:
    """Give a server the emulator's documents as resources."""

    @server.resource("emulator://docs", mime_type="text/html")
    def docs() -> str:
        """How to use a running emulator: faults, stubs, journal, expectations, records, clock."""
        return client.send("GET", "/docs").decode()

    @server.resource("emulator://operations", mime_type=JSON)
    def operations() -> str:
        """Every operation of every vendor: method, path, statuses, evidence."""
        return json.dumps(client.operations())

    @server.resource("emulator://contracts/{vendor}", mime_type=JSON)
    def contract(vendor: str) -> str:
        """A vendor's API as an OpenAPI document, with servers and credentials of the default sandbox."""
        return client.send("GET", f"/sandboxes/default/vendors/{quoted(vendor)}/openapi.json").decode()

    @server.resource("emulator://schemas/{name}", mime_type=JSON)
    def schema(name: str) -> str:
        """The JSON Schema of a document that tools take: fault, expectation."""
        return client.send("GET", f"/schemas/{quoted(name)}.schema.json").decode()
