"""Secoda's collections."""

from __future__ import annotations

from emulator.store.collection import Collection
from emulator.vendors.secoda.populate import populate_integration

INTEGRATIONS = Collection(
    "secoda.integrations",
    order=("created_at", "id"),
    indexes=("type",),
    schema="integration.schema.json",
    populate=populate_integration,
)

SYNCS = Collection(
    "secoda.syncs",
    indexes=("integration_id", "tag"),
    schema="sync.schema.json",
    references={"integration_id": INTEGRATIONS},
)
"""Each upload and each dbt sync, with its errors. `current` marks the one whose rows are in force.

`rows` is the state of the rows whose keys begin with its `tag`: "arriving", "in force", "leaving" or "none".
"""

RESOURCES = Collection("secoda.resources", key="key", schema="kept-resource.schema.json")
"""Tables, columns, dashboards …: rows of a sync that are not in force are being added or removed."""

LINEAGE = Collection("secoda.lineage", key="key", schema="kept-lineage.schema.json")
"""Lineage, like RESOURCES."""

ARTIFACTS = Collection("secoda.dbt_artifacts", schema="kept-dbt-artifacts.schema.json", references={"id": INTEGRATIONS})
"""The tests in the uploaded dbt artifacts, by integration."""

FAILING_TESTS = Collection(
    "secoda.failing_tests", schema="kept-failing-tests.schema.json", references={"id": INTEGRATIONS}
)
"""The results of the last dbt sync, by integration."""

CONVERSATIONS = Collection(
    "secoda.slack_conversations", indexes=("integration_id",), schema="kept-slack-conversation.schema.json"
)

CATALOG = Collection(
    "secoda.catalog",
    order=("created_at", "id"),
    indexes=("entity_type", "integration", "parent"),
    schema="kept-resource-of-catalogue.schema.json",
    references={"integration": INTEGRATIONS},
)
"""The resources of all kinds, what uploads have brought and what callers have made. Defaults are left out."""

TAGS = Collection("secoda.tags", order=("created_at", "id"), schema="tag.schema.json")

MANUAL_LINEAGE = Collection(
    "secoda.manual_lineage",
    order=("created_at", "id"),
    indexes=("from_entity_id", "to_entity_id"),
    schema="manual-lineage.schema.json",
    references={"from_entity_id": CATALOG, "to_entity_id": CATALOG},
)
"""Lineage that callers have made, in both directions; that of uploads is in LINEAGE."""

CUSTOM_PROPERTIES = Collection("secoda.custom_properties", schema="custom-property.schema.json")

CUSTOM_PROPERTY_VALUES = Collection(
    "secoda.custom_property_values",
    indexes=("custom_property_id", "entity_id"),
    schema="kept-custom-property-value.schema.json",
    references={"custom_property_id": CUSTOM_PROPERTIES, "entity_id": CATALOG},
)

RUN_LOGS = Collection(
    "secoda.run_logs",
    indexes=("integration_id",),
    schema="kept-run-log.schema.json",
    references={"integration_id": INTEGRATIONS},
)

USERS = Collection("secoda.users", schema="kept-user.schema.json")
"""Users without their groups: those have their users."""

GROUPS = Collection("secoda.groups", order=("created_at", "id"), schema="group.schema.json")

TEAMS = Collection("secoda.teams", order=("created_at", "id"), schema="team.schema.json")

CREDENTIALS = Collection("secoda.credentials", schema="credential.schema.json")

COLLECTIONS = (
    INTEGRATIONS,
    SYNCS,
    RESOURCES,
    LINEAGE,
    ARTIFACTS,
    FAILING_TESTS,
    CONVERSATIONS,
    CATALOG,
    TAGS,
    MANUAL_LINEAGE,
    CUSTOM_PROPERTIES,
    CUSTOM_PROPERTY_VALUES,
    RUN_LOGS,
    USERS,
    GROUPS,
    TEAMS,
    CREDENTIALS,
)
