"""Generates integrations and nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.exchange import Record
from emulator.vendors.paradime.records import KINDS, node_record, node_types

if TYPE_CHECKING:
    from faker import Faker

    from emulator.store.world import World

_COLORS = ("LEAF", "CYAN", "CORAL", "VIOLET", "ORANGE", "MANDY", "TEAL", "GREEN")
_ICONS = ("dashboard", "timeline-line-chart", "database", "th", "intersection")
_SINCE, _UNTIL = 1672531200, 1735689600
"""The years 2023 and 2024, in seconds since the epoch."""


def integration(fake: Faker, number: int, world: World, given: Record) -> Record:
    """Return an active integration with two node types."""
    types = [
        {"nodeType": kind, "iconName": fake.random_element(_ICONS), "color": fake.random_element(_COLORS)}
        for kind in ("Dashboard", "Dataset")
    ]
    return {
        "uid": fake.uuid4(),
        "name": f"{fake.company()} {number}",
        "logoBase64": None,
        "isActive": True,
        "nodeTypes": node_types(types),
    }


def node_of(integration: Record, fake: Faker, number: int, given: Record) -> Record:
    """Return a node of `integration` with one table; given fields decide its kind, name and id."""
    kind = given["kind"] if given.get("kind") in KINDS else fake.random_element(KINDS)
    name = str(given.get("name", f"{fake.catch_phrase()} {number}"))
    types = [each["nodeType"] for each in integration["nodeTypes"]] or ["Dashboard"]
    node = {
        "name": name,
        "nodeType": fake.random_element(types),
        "stableId": name.lower().replace(" ", "-"),
        "lineage": {
            "upstreamReferences": _references([{"database": "analytics", "schema": "marts", "table": fake.word()}]),
            "downstreamReferences": _references([]),
        },
        "attributes": _ATTRIBUTES[kind](name, fake),
    }
    return node_record(integration["uid"], kind, {**node, **_own_fields(given)})


def _own_fields(given: Record) -> Record:
    """Return the given fields of a node, from which its id is derived."""
    return {name: value for name, value in given.items() if name not in ("id", "integrationUid", "kind")}


def _references(tables: list[Record]) -> Record:
    return {
        "referencesToSqlTables": tables,
        "referencesToNativeIntegrations": [],
        "referencesToCustomIntegrations": [],
    }


def _dashboard(name: str, fake: Faker) -> dict[str, Any]:
    created = fake.random_int(_SINCE, _UNTIL)
    return {
        "name": name,
        "createdAt": created,
        "lastModifiedAt": fake.random_int(created, _UNTIL),
        "url": f"https://bi.example.com/{fake.slug()}",
        "owner": fake.safe_email(),
        "description": fake.sentence(),
        "tags": fake.words(2),
    }


def _chart(name: str, fake: Faker) -> dict[str, Any]:
    return {**_dashboard(name, fake), "fields": _fields(fake)}


def _datasource(name: str, fake: Faker) -> dict[str, Any]:
    return {
        "name": name,
        "createdAt": fake.random_int(_SINCE, _UNTIL),
        "description": fake.sentence(),
        "url": "",
        "database": "analytics",
        "schema": "marts",
        "table": fake.word(),
        "fields": _fields(fake),
    }


_ATTRIBUTES = {"chartLike": _chart, "dashboardLike": _dashboard, "datasourceLike": _datasource}


def _fields(fake: Faker) -> list[Record]:
    kinds = (("dimension", "string"), ("measure", "number"))
    return [{"name": fake.word(), "description": "", "type": type, "dataType": data} for type, data in kinds]
