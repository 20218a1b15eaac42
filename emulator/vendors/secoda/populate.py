"""Generates more integrations, so that lists have several pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from emulator.exchange import Record

if TYPE_CHECKING:
    from faker import Faker

    from emulator.store.world import World

WORKSPACE = "f71585fa-251c-4102-8d81-c97c57c8d435"
"""The workspace of the documented integration."""

TEAM = "e8ac09ed-e51e-4e61-8eaf-59942c98c260"
"""The documented team, here the team General."""

FIRST = datetime(2024, 3, 1, tzinfo=UTC)
LAST = datetime(2025, 6, 30, tzinfo=UTC)
TYPES = {
    "bigquery": "BigQuery",
    "snowflake": "Snowflake",
    "redshift": "Redshift",
    "postgres": "Postgres",
    "looker": "Looker",
    "tableau": "Tableau",
    "metabase": "Metabase",
    "custom": "Custom",
}


def populate_integration(fake: Faker, number: int, world: World, given: Record) -> Record:
    """Return an integration that was created between FIRST and LAST."""
    kind = fake.random_element(list(TYPES))
    created = fake.date_time_between(FIRST, LAST, tzinfo=UTC)
    changed = fake.date_time_between(created, LAST, tzinfo=UTC)
    return {
        "id": fake.uuid4(),
        "created_at": timestamp(created),
        "updated_at": timestamp(changed),
        "name": f"{TYPES[kind]} {fake.word().capitalize()} {number}",
        "type": kind,
        "credentials": {},
        "workspace_id": WORKSPACE,
        "ssh_tunnel": None,
        "execute_access": [],
        "scheduled_extractions_hour": fake.random_int(0, 23),
        "scheduled_extractions_frequency": fake.random_element((1, 7)),
        "scheduled_extractions_next_run": timestamp(fake.date_time_between(LAST, datetime(2025, 7, 7, tzinfo=UTC))),
        "scheduled_extractions_last_run": timestamp(changed),
        "properties": {},
        "preview_access_users": [],
        "preview_access_roles": fake.random_element((["Admin"], ["Admin", "Editor"])),
        "preview_access_groups": [],
        "teams": [TEAM],
    }


def timestamp(moment: datetime) -> str:
    """Return a moment as Secoda writes it: UTC, to the second."""
    return f"{moment.isoformat()[:19]}Z"


def precise_timestamp(moment: datetime) -> str:
    """Return a moment as declared operations write it: UTC, to the millisecond."""
    return f"{moment.isoformat(timespec='milliseconds')[:23]}Z"
