"""`emulator mcp`, as the SDK's own client uses it over standard input and output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import TextContent, TextResourceContents
from pydantic import AnyUrl

from emulator.cli.main import commands
from emulator.errors import ConfigurationError
from emulator.testing import running


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as emulator:
        yield emulator.api.url


class Agent:
    """What an agent does: it calls tools and reads resources."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session

    async def do(self, tool: str, **arguments: Any) -> Any:
        """Call a tool that has to succeed and return what it says."""
        result = await self.session.call_tool(tool, arguments)
        assert not result.isError, result.content
        assert result.structuredContent is not None
        return result.structuredContent.get("result", result.structuredContent)

    async def refused(self, tool: str, **arguments: Any) -> str:
        """Call a tool that has to fail and return the sentence."""
        result = await self.session.call_tool(tool, arguments)
        assert result.isError
        (content,) = result.content
        assert isinstance(content, TextContent)
        return content.text

    async def read(self, uri: str) -> str:
        """Return the text of a resource."""
        (content,) = (await self.session.read_resource(AnyUrl(uri))).contents
        assert isinstance(content, TextResourceContents)
        return content.text


@asynccontextmanager
async def agent(url: str) -> AsyncIterator[Agent]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
    command = StdioServerParameters(command=sys.executable, args=["-m", "emulator", "mcp", "--url", url], env=kept)
    async with stdio_client(command) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield Agent(session)


async def test_an_agent_tests_an_integration_by_itself(url: str) -> None:
    async with agent(url) as one:
        created = await one.do("create_sandbox", name="agents", seed=7)
        secoda = created["vendors"]["secoda"]
        await one.do("arm_fault", sandbox="agents", fault=fault("listIntegrations", 503))
        await one.do("set_scenario", sandbox="agents", scenario="celigo/outage")
        async with httpx.AsyncClient(headers=secoda["headers"]) as client:
            listing = f"{secoda['base_url']}/integration/integrations"
            assert [(await client.get(listing)).status_code for _ in range(2)] == [503, 200]
            assert (await client.get(f"{secoda['base_url']}/integrations/integration")).status_code == 404
        rows = (await one.do("read_journal", sandbox="agents"))["calls"]
        assert [(row["operations"], row["status"]) for row in rows] == [
            (["listIntegrations"], 503),
            (["listIntegrations"], 200),
            ([], 404),
        ]
        assert (await one.do("read_call", sandbox="agents", id=rows[0]["id"]))["reply"]["status"] == 503
        explained = await one.do("explain_unmatched", sandbox="agents")
        assert explained["nearest"][0]["operation"] == "listIntegrations"
        assert (await one.do("verify", sandbox="agents", expectation=expected(2)))["passed"] is True
        assert (await one.do("verify", sandbox="agents", expectation=expected(3)))["passed"] is False
        assert [found["rule"] for found in (await one.do("conduct", sandbox="agents"))["findings"]] == ["pages-unread"]
        await one.do("drop_sandbox", sandbox="agents")
        assert "agents" in await one.refused("read_journal", sandbox="agents")


def fault(operation: str, status: int) -> dict[str, Any]:
    return {"vendor": "secoda", "operation": operation, "when": {"times": 1}, "reply": {"status": status}}


def expected(count: int) -> dict[str, Any]:
    return {"vendor": "secoda", "operation": "listIntegrations", "count": count}


async def test_an_agent_changes_records_clock_and_switches(url: str) -> None:
    async with agent(url) as one:
        await one.do("create_sandbox", name="changed")
        before = await one.do("list_records", sandbox="changed")
        added = await one.do("put_record", sandbox="changed", collection="secoda.integrations", record={"name": "Ours"})
        await one.do("put_record", sandbox="changed", collection="secoda.integrations", record=added, replace=True)
        found = await one.do("list_records", sandbox="changed", collection="secoda.integrations", text="Ours")
        assert found == {"total": 1, "records": [added]}
        await one.do("delete_record", sandbox="changed", collection="secoda.integrations", id=added["id"])
        assert await one.do("list_records", sandbox="changed") == before
        clock = await one.do(
            "set_clock", sandbox="changed", now="2030-01-01T00:00:00Z", frozen=True, advance_seconds=60
        )
        assert clock["now"].startswith("2030-01-01T00:01:00")
        switched = await one.do("set_switches", sandbox="changed", switches={"celigo.empty_list_status": 204})
        assert "204" in json.dumps(switched)
        await one.do("drop_sandbox", sandbox="changed")


async def scenarios(one: Agent) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await one.do("list_scenarios", sandbox="ending"))["scenarios"]
    return listed


async def test_scenarios_and_faults_end(url: str) -> None:
    async with agent(url) as one:
        await one.do("create_sandbox", name="ending")
        await one.do("set_scenario", sandbox="ending", scenario="secoda/outage")
        on = [found for found in await scenarios(one) if found["active"]]
        assert [f"{found['vendor']}/{found['name']}" for found in on] == ["secoda/outage"]
        await one.do("set_scenario", sandbox="ending", scenario="secoda/outage", on=False)
        await one.do("arm_fault", sandbox="ending", fault=fault("listIntegrations", 503))
        await one.do("disarm_faults", sandbox="ending")
        assert not any(found["active"] for found in await scenarios(one))
        await one.do("drop_sandbox", sandbox="ending")


async def test_an_agent_reads_contracts_and_schemas(url: str) -> None:
    async with agent(url) as one:
        for vendor in ("secoda", "immuta", "celigo", "paradime"):
            document = json.loads(await one.read(f"emulator://contracts/{vendor}"))
            assert document["paths"], vendor
        operations = json.loads(await one.read("emulator://operations"))
        listed = (await one.do("list_operations", vendor="secoda"))["operations"]
        known = {found["operation"]: found for found in operations if found["vendor"] == "secoda"}
        assert [found["operation"] for found in listed] == list(known)
        for found in listed:
            assert found["statuses"] == list(known[found["operation"]]["statuses"])
            assert found["evidence"] == known[found["operation"]]["evidence"]["level"]
        for name in ("fault", "expectation"):
            assert json.loads(await one.read(f"emulator://schemas/{name}"))["properties"]
        guide = await one.read("emulator://docs")
        assert "### POST /sandboxes/{sandbox}/faults" in guide
        assert '"commit": "after"' in guide
        assert "<" not in guide


async def test_mistakes_are_told_in_the_emulators_sentences(url: str) -> None:
    async with agent(url) as one:
        assert "listIntegrations" in await one.refused("arm_fault", fault=fault("listIntegration", 503))
        assert "secoda/outage" in await one.refused("set_scenario", scenario="secoda/outtage")
        assert "secoda.integrations" in await one.refused("list_records", collection="secoda.integration")
        assert "secoda" in await one.refused("list_operations", vendor="secodda")
        assert "advance_seconds" in await one.refused("set_clock", advance=60)


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("list_operations", {}, "The argument 'vendor' of list_operations is missing; it takes text."),
    ("arm_fault", {"fault": "x"}, """The argument 'fault' of arm_fault is "x"; it takes an object."""),
    ("read_call", {"id": [1]}, "The argument 'id' of read_call is [1]; it takes a whole number."),
    ("set_scenario", {"scenario": "*/outage", "on": "perhaps"}, """'on' of set_scenario is "perhaps"; it takes"""),
    ("create_sandbox", {"name": "a", "seed": "b"}, "it takes a whole number or null."),
    ("set_clock", {"advance_seconds": "soon"}, "it takes a number."),
]


async def test_wrong_arguments_are_told_in_one_sentence(url: str) -> None:
    async with agent(url) as one:
        for tool, arguments, sentence in WRONG:
            assert sentence in await one.refused(tool, **arguments)


async def test_large_collections_are_shown_in_parts(url: str) -> None:
    async with agent(url) as one:
        await one.do("create_sandbox", name="large")
        await one.do("set_scenario", sandbox="large", scenario="celigo/large-world")
        asked = {"sandbox": "large", "collection": "celigo.integrations"}
        first, rest = await one.do("list_records", **asked), await one.do("list_records", skip=10_000, **asked)
        assert len(first["records"]) == 50
        assert first["total"] == rest["total"] == 10_000 + len(rest["records"])
        await one.do("drop_sandbox", sandbox="large")


async def test_tools_that_find_nothing_say_so(url: str) -> None:
    async with agent(url) as one:
        await one.do("create_sandbox", name="quiet")
        for tool in ("conduct", "read_journal"):
            result = await one.session.call_tool(tool, {"sandbox": "quiet"})
            assert result.content, tool
        assert "create_sandbox creates another one" in await one.refused("drop_sandbox", sandbox="default")
        await one.do("drop_sandbox", sandbox="quiet")


async def test_refusals_name_what_an_agent_has(url: str) -> None:
    async with agent(url) as one:
        await one.do("create_sandbox", name="refusing")
        assert "drop_sandbox drops" in await one.refused("create_sandbox", name="refusing")
        wrong = {"sandbox": "refusing", "collection": "secoda.integrations", "record": {"name": 3}}
        assert "force: true" in await one.refused("put_record", **wrong)
        assert (await one.do("put_record", force=True, **wrong))["name"] == 3
        assert "list_records lists" in await one.refused("list_records", sandbox="refusing", collection="x")
        await one.do("drop_sandbox", sandbox="refusing")


async def test_every_tool_and_resource_says_what_it_is_for(url: str) -> None:
    async with agent(url) as one:
        tools = (await one.session.list_tools()).tools
        assert len({tool.name for tool in tools}) == len(tools) > 10
        assert [tool.name for tool in tools if not tool.description] == []
        resources = (await one.session.list_resources()).resources
        templates = (await one.session.list_resource_templates()).resourceTemplates
        assert len(resources) + len(templates) == 4
        assert all(found.description for found in resources)
        assert all(found.description for found in templates)


def test_without_the_extra_the_command_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "emulator.mcp.server", None)
    result = CliRunner().invoke(commands, ["mcp"])
    assert isinstance(result.exception, ConfigurationError)
    assert "pip install 'integration-emulator[mcp]'" in str(result.exception)
