"""What an agent can read: contracts, schemas, and the guide to the control API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mcp.server.fastmcp import FastMCP

from emulator.client import Client
from emulator.client.urls import quoted

__all__ = ["add_resources"]

JSON = "application/json"


def add_resources(server: FastMCP, client: Client) -> None:
    """Give a server the emulator's documents as resources."""

    @server.resource("emulator://docs", mime_type="text/markdown")
    def docs() -> str:
        """How to use a running emulator: faults, stubs, journal, expectations, records, clock; with examples."""
        return "\n".join(_guide(json.loads(client.send("GET", "/openapi.json"))))

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


def _guide(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the routes of the control API as Markdown, by tag: an agent's tools do the same, and take the same."""
    url = document["servers"][0]["url"]
    yield f"# {document['info']['title']}, at {url}\n\n{document['info']['description']}"
    for tag in document["tags"]:
        yield f"\n## {tag['name']}\n\n{tag['description']}"
        for path, routes in document["paths"].items():
            for method, route in routes.items():
                if isinstance(route, dict) and tag["name"] in route.get("tags", ()):
                    yield from _route(f"{method.upper()} {path}", route)


def _route(title: str, route: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n### {title}\n\n{route['summary']} {route.get('description', '')}".rstrip()
    body = route.get("requestBody", {}).get("content", {}).get(JSON, {})
    for name, example in body.get("examples", {}).items():
        yield f"- {name}: `{json.dumps(example['value'], ensure_ascii=False)}`"
