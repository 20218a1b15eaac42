"""Celigo's collections."""

from __future__ import annotations

from emulator.store.collection import Collection
from emulator.vendors.celigo.populate import audit_entry, integration

CREDENTIALS = Collection("celigo.credentials", schema="credential.schema.json")
CONNECTIONS = Collection("celigo.connections", key="_id", schema="connection.schema.json")
EXPORTS = Collection("celigo.exports", key="_id", schema="export.schema.json")
IMPORTS = Collection("celigo.imports", key="_id", schema="import.schema.json")
SCRIPTS = Collection("celigo.scripts", key="_id", schema="script.schema.json")
INTEGRATIONS = Collection("celigo.integrations", key="_id", schema="integration.schema.json", populate=integration)
FLOWS = Collection("celigo.flows", key="_id", indexes=("_integrationId",), schema="flow.schema.json")
ERRORS = Collection(
    "celigo.errors",
    key="errorId",
    indexes=("_flowId",),
    schema="kept-error.schema.json",
    references={"_flowId": FLOWS},
)
"""The errors of flows, open and resolved."""

JOBS = Collection(
    "celigo.jobs",
    key="_id",
    indexes=("_flowId", "_flowJobId"),
    schema="job.schema.json",
    references={"_flowId": FLOWS},
)
ASHARES = Collection("celigo.ashares", key="_id", schema="ashare.schema.json")
REVISIONS = Collection(
    "celigo.revisions",
    key="_id",
    indexes=("_integrationId",),
    schema="revision.schema.json",
    references={"_integrationId": INTEGRATIONS},
)
SNAPSHOTS = Collection(
    "celigo.snapshots",
    key="_revisionId",
    indexes=("_integrationId",),
    schema="snapshot-digest.schema.json",
    references={"_revisionId": REVISIONS, "_integrationId": INTEGRATIONS},
)
"""The digest of the integration's content by revision."""

CLONES = Collection(
    "celigo.clones",
    key="_integrationId",
    schema="standalone-clone.schema.json",
    references={"_integrationId": INTEGRATIONS, "_sourceId": INTEGRATIONS},
)
"""Clones that are not linked to their source, so that they cannot have snapshots."""

AUDIT = Collection(
    "celigo.audit",
    key="_id",
    indexes=("_resourceId",),
    schema="audit-entry.schema.json",
    populate=audit_entry,
)

COLLECTIONS = (
    CREDENTIALS,
    CONNECTIONS,
    EXPORTS,
    IMPORTS,
    SCRIPTS,
    INTEGRATIONS,
    FLOWS,
    ERRORS,
    JOBS,
    ASHARES,
    REVISIONS,
    SNAPSHOTS,
    CLONES,
    AUDIT,
)

TYPES = {
    "ashares": "ashare",
    "connections": "connection",
    "exports": "export",
    "flows": "flow",
    "imports": "import",
    "jobs": "job",
    "scripts": "script",
}
"""The type of a resource in errors and in the audit log, by declared collection."""
