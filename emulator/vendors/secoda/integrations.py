"""Integrations of the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from emulator.exchange import NOTHING, Call, Document, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers, Transactions
from emulator.vendors.secoda.changes import remove_resources
from emulator.vendors.secoda.collections import (
    ARTIFACTS,
    CATALOG,
    CONVERSATIONS,
    FAILING_TESTS,
    INTEGRATIONS,
    RUN_LOGS,
    SYNCS,
)
from emulator.vendors.secoda.errors import NO_UUID, invalid_fields, not_found, parse_uuid, problems_of_texts
from emulator.vendors.secoda.paging import find_page
from emulator.vendors.secoda.populate import TEAM, WORKSPACE, timestamp
from emulator.vendors.secoda.staging import clear
from emulator.vendors.secoda.texts import read_text

handlers = Handlers()


@handlers.operation("listIntegrations")
def list_integrations(call: Call, world: World) -> Reply:
    """Return one page of the integrations, optionally of one type.

    Secoda documentation, Integrations, List Integrations.
    """
    where = {"type": call.params["type"]} if call.params.get("type") else None
    integrations = world[INTEGRATIONS]
    page = find_page(call, integrations.count(where), world.switches)
    found = integrations.page(page.skip, page.length, where)
    return Reply(200, page.envelope([_shown(integration, world) for integration in found]))


@handlers.operation("createIntegration")
def create_integration(call: Call, world: World) -> Reply:
    """Create an integration with defaults (Secoda documentation, Integrations, Create Integration)."""
    given: Document = {} if call.document is NOTHING else call.document
    teams = [parse_uuid(team) for team in given.get("teams", (TEAM,))]
    wrong = {**problems_of_texts(given), **_problems_of_teams(teams)}
    if wrong:
        raise invalid_fields(wrong)
    integration = _new(given, teams, world.new_id(INTEGRATIONS, world.uuid), timestamp(world.now))
    world[INTEGRATIONS].insert(integration)
    return Reply(201, _shown(integration, world))


@handlers.operation("getIntegration")
def get_integration(call: Call, world: World) -> Reply:
    """Return one integration (Secoda documentation, Integrations, Get Integration)."""
    return Reply(200, _shown(find(world, call.params["integration_id"]), world))


@handlers.streaming_operation("deleteIntegration")
async def delete_integration(call: Call, transactions: Transactions) -> Reply:
    """Delete an integration at once, then all its content in batches.

    Secoda documentation, Integrations, Delete Integration.
    """
    for sync in await transactions.run(lambda world: _delete(world, call.params["integration_id"])):
        await clear(transactions, sync["tag"])
        await transactions.run(partial(_forget, sync_id=sync["id"]))
    return Reply(204)


def find(world: World, integration_id: str) -> Record:
    """Return the integration with that id. Raises Refusal (404)."""
    integration = world[INTEGRATIONS].get(parse_uuid(integration_id))
    if integration is None:
        raise not_found()
    return integration


def _delete(world: World, integration_id: str) -> list[Record]:
    """Delete the integration and everything but its rows; return its syncs with rows, which are deleted later."""
    id = find(world, integration_id)["id"]
    syncs = world[SYNCS].all({"integration_id": id})
    for sync in syncs:
        if sync["rows"] == "none":
            world[SYNCS].delete(sync["id"])
        else:
            world[SYNCS].replace({**sync, "current": False, "rows": "leaving"})
    world[CONVERSATIONS].delete_all({"integration_id": id})
    world[RUN_LOGS].delete_all({"integration_id": id})
    remove_resources(world, [one["id"] for one in world[CATALOG].all({"integration": id})])
    for collection in (INTEGRATIONS, ARTIFACTS, FAILING_TESTS):
        world[collection].delete(id)
    return [sync for sync in syncs if sync["rows"] != "none"]


def _forget(world: World, sync_id: str) -> None:
    world[SYNCS].delete(sync_id)


def _new(given: Document, teams: Sequence[str | None], id: str, now: str) -> dict[str, Any]:
    return {
        "id": id,
        "created_at": now,
        "updated_at": now,
        "name": read_text(given.get("name", "Untitled")),
        "type": read_text(given.get("type", "custom")),
        "credentials": given.get("credentials", {}),
        "workspace_id": WORKSPACE,
        "ssh_tunnel": None,
        "execute_access": [],
        "scheduled_extractions_hour": None,
        "scheduled_extractions_frequency": None,
        "scheduled_extractions_next_run": None,
        "scheduled_extractions_last_run": None,
        "properties": {},
        "preview_access_users": [],
        "preview_access_roles": [],
        "preview_access_groups": [],
        "teams": teams,
    }


def _problems_of_teams(teams: Sequence[str | None]) -> dict[str, Any]:
    """Return the errors in teams that the contract allows, such as numbers."""
    wrong = {str(place): [NO_UUID] for place, team in enumerate(teams) if team is None}
    return {"teams": wrong} if wrong else {}


def _shown(integration: Record, world: World) -> Record:
    return integration if world.switches["credentials_in_replies"] == "shown" else {**integration, "credentials": {}}
