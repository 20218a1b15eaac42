"""What Secoda keeps."""

from __future__ import annotations

from emulator.sandbox.collection import Collection
from emulator.vendors.secoda.populate import populate_integration

INTEGRATIONS = Collection(
    "secoda.integrations",
    order=("created_at", "id"),
    indexes=("type",),
    schema="integration.schema.json",
    populate=populate_integration,
)

SYNCS = Collection("secoda.syncs", indexes=("integration_id",))
"""Each upload and each dbt sync, with what went wrong. `current` marks the one whose rows are in force."""

RESOURCES = Collection("secoda.resources", key="key", indexes=("batch",))
"""Tables, columns, dashboards … by sync. Those of a sync that is not `current` are on their way in or out."""

LINEAGE = Collection("secoda.lineage", key="key", indexes=("batch",))
"""Lineage by sync, as RESOURCES."""

ARTIFACTS = Collection("secoda.dbt_artifacts")
"""What the uploaded dbt artifacts say about tests, by integration."""

FAILING_TESTS = Collection("secoda.failing_tests")
"""What the last dbt sync found, by integration."""

CONVERSATIONS = Collection("secoda.slack_conversations", indexes=("integration_id",))

CREDENTIALS = Collection("secoda.credentials")

COLLECTIONS = (INTEGRATIONS, SYNCS, RESOURCES, LINEAGE, ARTIFACTS, FAILING_TESTS, CONVERSATIONS, CREDENTIALS)
