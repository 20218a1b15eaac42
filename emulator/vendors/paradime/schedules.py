"""Schedules of Bolt. Nothing starts them by the clock."""

from __future__ import annotations

import re
from typing import Any

from emulator.exchange import Call, Record
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.paradime.collections import BOLT_RUNS, BOLT_SCHEDULES, WORKSPACES
from emulator.vendors.paradime.errors import schedule_of_yaml, two_names_of_a_schedule, unknown_schedule

HIDDEN = ("isActive", "workspaceName", "configuration")

handlers = Handlers()


def find(call: Call, world: World) -> Record:
    """Return the schedule that a call names by `slug` or `scheduleName`. Raises FieldError.

    Both take a slug, and exactly one is given: Paradime Python SDK 6.9.0.
    """
    given = [call.params[name] for name in ("slug", "scheduleName") if call.params.get(name)]
    if len(given) != 1:
        raise two_names_of_a_schedule()
    schedule = world[BOLT_SCHEDULES].get(given[0])
    if schedule is None:
        raise unknown_schedule(given[0])
    return schedule


def latest_run(world: World, slug: str) -> Record | None:
    """Return the run of a schedule that began last."""
    where = {"slug": slug}
    count = world[BOLT_RUNS].count(where)
    return world[BOLT_RUNS].page(skip=count - 1, limit=1, where=where)[0] if count else None


@handlers.operation("listBoltSchedules")
def list_bolt_schedules(call: Call, world: World) -> dict[str, Any]:
    """Return a page of the active schedules, or of the inactive ones (Paradime documentation, Bolt API)."""
    wanted = {"isActive": not call.params["showInactive"]}
    suspended = (call.params.get("filter") or {}).get("suspended")
    found = world[BOLT_SCHEDULES].all(wanted if suspended is None else {**wanted, "suspended": suspended})
    offset, limit = max(call.params["offset"], 0), max(call.params["limit"], 0)
    page = [_listed(world, schedule) for schedule in found[offset : offset + limit]]
    return {"schedules": page, "totalCount": len(found)}


@handlers.operation("boltScheduleName")
def bolt_schedule_name(call: Call, world: World) -> dict[str, Any]:
    """Return one schedule (Paradime documentation, Bolt API)."""
    schedule = find(call, world)
    run = latest_run(world, schedule["slug"])
    shown = {name: schedule[name] for name in ("commands", "owner", "schedule", "uuid", "source", "suspended")}
    return {"ok": True, "latestRunId": run["id"] if run else None, **shown}


@handlers.operation("createBoltSchedule")
def create_bolt_schedule(call: Call, world: World) -> dict[str, Any]:
    """Add a schedule (Paradime Python SDK 6.9.0, paradime/apis/bolt/client.py)."""
    given = call.params["schedule"]
    slug = world.new_id(BOLT_SCHEDULES, lambda: _slug(world, given["name"]))
    number = world.next_number(f"{BOLT_SCHEDULES.name} ids", 1_000_001)
    workspace = world[WORKSPACES].page(limit=1)
    world[BOLT_SCHEDULES].insert(
        {
            "name": given["name"],
            "slug": slug,
            "schedule": given["schedule"],
            "owner": given.get("ownerEmail"),
            "nextRunAt": None,
            "id": number,
            "uuid": world.uuid(),
            "source": "console",
            "suspended": bool(given.get("suspended")),
            "turboCi": _deferred(given.get("turboCi")),
            "deferredSchedule": _deferred(given.get("deferredSchedule")),
            "commands": given["commands"],
            "gitBranch": given.get("gitBranch"),
            **dict.fromkeys(("slackOn", "slackNotify", "emailOn", "emailNotify")),
            "notifications": _notifications(given.get("notifications")),
            "isActive": True,
            "workspaceName": workspace[0]["name"] if workspace else "",
            "configuration": given,
        }
    )
    return {"slug": slug}


@handlers.operation("suspendBoltSchedule")
def suspend_bolt_schedule(call: Call, world: World) -> dict[str, Any]:
    """Suspend or resume a schedule that no YAML file defines (Paradime Python SDK 6.9.0)."""
    schedule = find(call, world)
    if schedule["source"] == "yaml":
        raise schedule_of_yaml(schedule["slug"])
    world[BOLT_SCHEDULES].replace({**schedule, "suspended": call.params["suspend"]})
    return {"ok": True}


@handlers.operation("createScheduleSlugs")
def create_schedule_slugs(call: Call, world: World) -> dict[str, Any]:
    """Return a slug for each name, in their order (Paradime Python SDK 6.9.0)."""
    return {"ok": True, "slugs": [_slug(world, name) for name in call.params["displayNames"]]}


def _listed(world: World, schedule: Record) -> Record:
    run = latest_run(world, schedule["slug"])
    last = {"lastRunAt": run["startDttm"] if run else None, "lastRunState": run["state"] if run else None}
    return {**{name: value for name, value in schedule.items() if name not in HIDDEN}, **last}


def _slug(world: World, name: str) -> str:
    """Return a slug like "test-schedule-a1b2c3" (airflow-provider-paradime-dbt 1.4.0, tests)."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{words or 'schedule'}-{world.hex(6)}"


def _deferred(given: Record | None) -> Record | None:
    names = ("deferredScheduleName", "deferredScheduleSlug", "deferEnvironmentSlug")
    return given and {**dict.fromkeys(names), **given}


def _notifications(given: Record | None) -> Record | None:
    if given is None:
        return None
    names = {"emailNotifications": "email", "slackNotifications": "slack", "msTeamsNotifications": "teams"}
    return {name: _channels(given.get(f"{kind}Notifications")) for name, kind in names.items()}


def _channels(given: list[Record] | None) -> list[Record] | None:
    return None if given is None else [{"templateSlug": None, "templateName": None, **channel} for channel in given]
