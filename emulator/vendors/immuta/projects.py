"""Projects: data sources that people use together, for purposes. The contract declares purposes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.errors import Refusal
from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.immuta.auth import require_full_rights
from emulator.vendors.immuta.collections import PROJECT_DATA_SOURCES, PROJECT_MEMBERS, PROJECTS, USERS
from emulator.vendors.immuta.data_sources import NOT_SUBSCRIBED, find_data_source, subscription_status
from emulator.vendors.immuta.errors import name_taken, not_the_owner, project_not_found
from emulator.vendors.immuta.users import user_fields

DEFAULTS: Mapping[str, Any] = {
    "description": None,
    "deleted": False,
    "allowMaskedJoins": False,
    "subscriptionType": "manual",
    "subscriptionPolicy": None,
    "equalization": None,
    "workspace": None,
    "snowflake": None,
    "type": None,
    "schema": None,
    "schemaEvolutionId": None,
    "purposes": [],
    "stagedPurposes": [],
}
"""The values of a new project in the documented reply (Immuta documentation, Manage Projects)."""

IN_A_SEARCH = (
    *("id", "name", "status", "description", "deleted", "updatedAt", "subscriptionPolicy", "createdAt"),
    *("subscriptionType", "workspace", "type", "allowMaskedJoins"),
)
"""The fields of a project in a search, besides those about the caller."""

GIVEN = ("projectKey", "name", "status", "documentation", "tags", *DEFAULTS)
"""The fields that clients may give (Immuta documentation, Manage Projects)."""

COMPLIANT: Mapping[str, Any] = {
    "isMissingPurposeAcknowledgement": False,
    "validationFrequencyExceeded": False,
    "isMissingEntitlements": False,
    "invalidSubscriptions": [],
    "missingDataSources": [],
}
"""What is said of a member who may use everything (immuta/tap-immuta 0.3.2, schemas/project_member.py)."""

handlers = Handlers()
hooks = Hooks()


@hooks.writing("purposes")
def settle(world: World, write: Write) -> Record | None:
    """Return a purpose as it is stored. Raises a 403 for a user who may only read (assumed)."""
    require_full_rights(world)
    if write.after is None or write.before is not None:
        return write.after
    return {**write.after, "addedByProfile": int(world.identity.user)}


@handlers.operation("listProjects")
def list_projects(call: Call, world: World) -> Reply:
    """Return one page of the projects that match, by name (Immuta documentation, Manage Projects)."""
    text = call.params.get("searchText", "").lower()
    fields = ("name",) if call.params.get("nameOnly") else ("name", "description")
    found = [one for one in world[PROJECTS].all() if any(text in (one[name] or "").lower() for name in fields)]
    found.sort(key=lambda project: project["name"])
    offset = call.params.get("offset", 0)
    end = None if call.params.get("noLimit") else offset + call.params.get("size", 10)
    return Reply(200, {"count": len(found), "hits": [_hit(world, one) for one in found[offset:end]]})


@handlers.operation("createProject")
def create_project(call: Call, world: World) -> Reply:
    """Create a project, which whoever calls owns (Immuta documentation, Manage Projects; the owner is assumed)."""
    require_full_rights(world)
    payload: Any = call.document
    _refuse_taken_key(world, payload["projectKey"])
    user, now = int(world.identity.user), timestamp(world.now)
    given = {name: payload[name] for name in GIVEN if name in payload}
    made = {"createdBy": user, "updatedBy": user, "createdAt": now, "updatedAt": now}
    id = world.unused_number(PROJECTS, world[PROJECTS].count() + 1)
    project = {"id": id, "documentation": f"# {payload['name']}", **DEFAULTS, **given, **made}
    world[PROJECTS].insert(project)
    member = world.unused_number(PROJECT_MEMBERS, world[PROJECT_MEMBERS].count() + 1)
    world[PROJECT_MEMBERS].insert({"id": member, "project": id, "profile": user, "state": "owner"})
    return Reply(200, project)


@handlers.operation("getProject")
def get_project(call: Call, world: World) -> Reply:
    """Return a project in full (immuta/tap-immuta 0.3.2, schemas/project.py)."""
    project = find_project(world, call.params["projectId"])
    return Reply(200, {"tags": [], **project, **_relation(world, project), "hasSqlAccount": False})


@handlers.operation("updateProject")
def update_project(call: Call, world: World) -> Reply:
    """Change the fields that are sent (Immuta documentation, Manage Projects). Raises a 403 for who does not own it."""
    project = find_project(world, call.params["projectId"])
    _require_state(world, project, ("owner",))
    payload: Any = call.document
    given = {name: payload[name] for name in GIVEN if name in payload}
    if given.get("projectKey", project["projectKey"]) != project["projectKey"]:
        _refuse_taken_key(world, given["projectKey"])
    made = {"updatedBy": int(world.identity.user), "updatedAt": timestamp(world.now)}
    world[PROJECTS].replace({**project, **given, **made})
    return Reply(200, {**project, **given, **made})


@handlers.operation("listProjectMembers")
def list_project_members(call: Call, world: World) -> Reply:
    """Return the members of a project (immuta/tap-immuta 0.3.2, schemas/project_member.py)."""
    project = find_project(world, call.params["projectId"])
    may_approve = _membership(world, project)["state"] == "owner"
    members = world[PROJECT_MEMBERS].all(where={"project": project["id"]})
    return Reply(200, {"members": [_member(world, one, may_approve) for one in members]})


@handlers.operation("listProjectDataSources")
def list_project_data_sources(call: Call, world: World) -> Reply:
    """Return the data sources of a project (immuta/tap-immuta 0.3.2, schemas/project_data_source.py)."""
    project = find_project(world, call.params["projectId"])
    contents = world[PROJECT_DATA_SOURCES].all(where={"project": project["id"]})
    return Reply(200, {"dataSources": [_content(world, one) for one in contents]})


@handlers.operation("addProjectDataSources")
def add_project_data_sources(call: Call, world: World) -> Reply:
    """Add data sources to a project, or none if one is unknown (michaelpdunlap/Immuta_API_use_cases; assumed)."""
    project = find_project(world, call.params["projectId"])
    _require_state(world, project, ("owner", "subscribed"))
    payload: Any = call.document
    there = {one["dataSource"] for one in world[PROJECT_DATA_SOURCES].all(where={"project": project["id"]})}
    for data_source in dict.fromkeys(payload["dataSourceIds"]):
        find_data_source(world, data_source)
        if data_source not in there:
            _add(world, project, data_source, payload.get("comment"))
    return Reply(200, {})


def find_project(world: World, id: int) -> Record:
    """Return the project with that id. Raises the 404 if there is none."""
    project = world[PROJECTS].get(id)
    if project is None:
        raise project_not_found()
    return project


def _refuse_taken_key(world: World, key: str) -> None:
    if world[PROJECTS].all(where={"projectKey": key}):
        raise Refusal(name_taken("project", key))


def _require_state(world: World, project: Record, allowed: tuple[str, ...]) -> None:
    if _membership(world, project)["state"] not in allowed:
        raise not_the_owner("update", "project")


def _membership(world: World, project: Record) -> Record:
    """Return what the caller is to a project."""
    where = {"project": project["id"], "profile": int(world.identity.user)}
    return next(iter(world[PROJECT_MEMBERS].all(where=where)), {"id": None, "state": NOT_SUBSCRIBED})


def _relation(world: World, project: Record) -> Record:
    """Return the fields of a project about the caller."""
    membership = _membership(world, project)
    state = membership["state"]
    return {
        "subscribedAsUser": state != NOT_SUBSCRIBED,
        "subscriptionId": membership["id"],
        "acknowledgeRequired": False,
        "subscriptionStatus": state,
        "requestedState": None,
        "approved": state not in (NOT_SUBSCRIBED, "pending"),
        "subscriptionExpiration": None,
        "filterId": project["id"],
        "purposeCount": len(project["purposes"]),
    }


def _hit(world: World, project: Record) -> Record:
    relation = _relation(world, project)
    names = ("filterId", "acknowledgeRequired", "subscriptionStatus", "purposeCount")
    return {
        **{name: project[name] for name in IN_A_SEARCH},
        **{name: relation[name] for name in names},
        "isEqualized": project["equalization"] is not None,
        "hasDeletedPurposes": any(purpose.get("deleted") for purpose in project["purposes"]),
    }


def _member(world: World, membership: Record, may_approve: bool) -> Record:
    state = membership["state"]
    return {
        **user_fields(world, membership["profile"]),
        "type": "user",
        "approved": state != "pending",
        "state": state,
        "subscriptionId": membership["id"],
        "approvals": [],
        "currentUserCanApprove": may_approve,
        "compliance": dict(COMPLIANT),
    }


def _content(world: World, content: Record) -> Record:
    data_source = find_data_source(world, content["dataSource"])
    adder = world[USERS].get(content["addedByProfile"])
    names = ("policyHandlerType", "deleted", "subscriptionType", "subscriptionPolicy", "connectionString")
    return {
        **{name: data_source[name] for name in (*names, "blobHandlerType")},
        "addedBy": adder["profile"]["name"] if adder else None,
        "dataSourceName": data_source["name"],
        "addedOn": content["addedOn"],
        "dataSourceId": data_source["id"],
        "addedByProfile": content["addedByProfile"],
        "comment": content["comment"],
        "subscriptionStatus": subscription_status(world, data_source["id"]),
        "derivedInThisProject": False,
    }


def _add(world: World, project: Record, data_source: int, comment: str | None) -> None:
    world[PROJECT_DATA_SOURCES].insert(
        {
            "id": world.unused_number(PROJECT_DATA_SOURCES, world[PROJECT_DATA_SOURCES].count() + 1),
            "project": project["id"],
            "dataSource": data_source,
            "addedByProfile": int(world.identity.user),
            "addedOn": timestamp(world.now),
            "comment": comment,
        }
    )
