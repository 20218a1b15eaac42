"""Generates more data sources, each with a dictionary and owned by the fixtures' first user."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from emulator.exchange import Record, timestamp

if TYPE_CHECKING:
    from faker import Faker

OWNER = 2
FIRST, LAST = datetime(2021, 1, 1, tzinfo=UTC), datetime(2024, 6, 30, tzinfo=UTC)
HANDLERS = (("PostgreSQL", "pg", 5432), ("Snowflake", "snowflake", 443), ("Redshift", "redshift", 5439))
SCHEMAS = ("crm", "finance", "public", "sales", "web")
COLUMNS = (
    {"name": "id", "dataType": "integer", "remoteType": "int4"},
    {"name": "created_at", "dataType": "timestamp with time zone", "remoteType": "timestamptz"},
    {"name": "email", "dataType": "text", "remoteType": "varchar(255)"},
    {"name": "amount", "dataType": "numeric", "remoteType": "numeric(12,2)"},
    {"name": "active", "dataType": "boolean", "remoteType": "bool"},
    {"name": "payload", "dataType": "json", "remoteType": "jsonb"},
)


def bare_data_source(id: int, path: str, created: str) -> Record:
    """Return a data source with what all new ones have; `path` is that of the kind of its database ("pg")."""
    return {
        "name": "",
        "id": id,
        "recordFormat": "json",
        "deleted": False,
        "description": None,
        "createdAt": created,
        "subscriptionPolicy": None,
        "schemaEvolutionId": None,
        "recordCount": 0,
        "status": "passed",
        "blobHandlerType": "",
        "subscriptionType": "manual",
        "connectionString": "",
        "sqlSchemaName": "",
        "policy": "None",
        "policyHandlerType": "None",
        "native": None,
        "workspace": None,
        "sqlTableName": "",
        "policyHandler": None,
        "blobHandler": {
            "url": f"https://demo.immuta.com/{path}/handler/{id}",
            "ca": {"name": "Certificate Authority Bundle"},
            "manualDictionary": False,
        },
        "createdBy": OWNER,
        "type": "queryable",
        "updatedAt": created,
    }


def data_source(fake: Faker, number: int, id: int) -> Record:
    """Return a data source that was created between FIRST and LAST."""
    kind, path, port = fake.random_element(HANDLERS)
    schema, table = fake.random_element(SCHEMAS), f"{fake.word()}_{number}"
    created = timestamp(_moment(fake))
    return {
        **bare_data_source(id, path, created),
        "name": f"{schema} {table}".replace("_", " ").title(),
        "description": fake.sentence(),
        "blobHandlerType": kind,
        "subscriptionType": "approval",
        "connectionString": f"immuta@db.example.com:{port}/{schema}",
        "sqlSchemaName": schema,
        "sqlTableName": table,
    }


def dictionary(fake: Faker, data_source: Record, id: int) -> Record:
    """Return a dictionary with some columns for a data source."""
    columns = [dict(column) for column in COLUMNS[: fake.random_int(2, len(COLUMNS))]]
    return {
        "createdAt": data_source["createdAt"],
        "dataSource": data_source["id"],
        "id": id,
        "metadata": columns,
        "types": [column["dataType"] for column in columns],
        "updatedAt": data_source["createdAt"],
    }


def ownership(data_source: Record, id: int) -> Record:
    """Return the subscription that makes the user OWNER a data source's owner."""
    return {"id": id, "dataSource": data_source["id"], "profile": OWNER, "state": "owner"}


def _moment(fake: Faker) -> datetime:
    return datetime.fromtimestamp(fake.random_int(int(FIRST.timestamp()), int(LAST.timestamp())), UTC)
