"""Writes resources and lineage with secodadk, uploads them, and prints the statuses as JSON."""

import json
import pathlib
import sys

import httpx
from secodadk.ingestion_models import DeclaredLineage, InternalResource, Resource, TablesFromSQLQuery
from secodadk.strats.custom import JSONLIngestResourcesStrategy

url, integration, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
resources, lineages = str(folder / "resources.jsonl"), str(folder / "lineages.jsonl")
strategy = JSONLIngestResourcesStrategy(resources_path=resources, lineages_path=lineages)
strategy.declare_resource(Resource(entity_type="database", databuilder_id="db", title="db"))
strategy.declare_resource(Resource(entity_type="dashboard", databuilder_id="d/1", title="Sales", is_pk=False))
strategy.declare_lineage(
    DeclaredLineage(
        from_identifier=TablesFromSQLQuery(sql="select * from orders"),
        to_identifier=InternalResource(databuilder_id="d/1"),
    )
)
strategy.finalize()
headers = {"Authorization": "Bearer secoda-token"}
with open(resources, "rb") as first, open(lineages, "rb") as second:
    reply = httpx.post(
        f"{url}/integration/integrations/{integration}/import_jsonl_metadata",
        headers=headers,
        files={"resources_file": first, "lineages_file": second},
    )
print(json.dumps({"status": reply.status_code, "body": reply.text}))
