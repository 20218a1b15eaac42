"""What clients do with Secoda, over real HTTP, with the libraries they use."""

from __future__ import annotations

import io
import json
from uuid import UUID, uuid5

import aiohttp
import httpx
import requests

from tests.conftest import EmulatorUnderTest

CSV = b"col_name,database,schema,name\nid,warehouse,sales,orders\n"
RESOURCES = b'{"entity_type": "dashboard", "databuilder_id": "weekly", "title": "Weekly", "group": "sales"}\n'
LINEAGE = (
    b'{"from_identifier": {"type": "external_table", "database": "warehouse", "schema": "sales", "table": "orders"},'
    b' "to_identifier": {"type": "internal_resource", "databuilder_id": "weekly"}}\n'
)
TEST = "test.toy.unique_orders_id.1"
MANIFEST = {
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"},
    "nodes": {TEST: {"attached_node": "model.toy.orders", "depends_on": {"nodes": ["model.toy.orders"]}}},
}
RESULTS = {
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"},
    "results": [{"unique_id": TEST, "status": "fail"}],
}


def test_requests_publishes_a_custom_integration_as_the_docs_do(emulator: EmulatorUnderTest) -> None:
    """The documented sample: no /api/v1, a slash here and there, `id` read from the new integration."""
    base = f"{emulator.root}/secoda"
    headers = emulator.headers("secoda")
    body = {"type": "custom", "name": "My catalogue", "credentials": {}}
    created = requests.post(f"{base}/integration/integrations/", json=body, headers=headers, timeout=60)
    assert created.status_code == 201
    url = f"{base}/integration/integrations/{created.json()['id']}"
    files = {"file": ("metadata.csv", io.BytesIO(CSV))}
    uploaded = requests.post(f"{url}/import_metadata/", files=files, headers=headers, timeout=60)
    assert (uploaded.status_code, uploaded.content) == (200, b"")
    files = {"resources_file": ("r.jsonl", io.BytesIO(RESOURCES)), "lineages_file": ("l.jsonl", io.BytesIO(LINEAGE))}
    assert requests.post(f"{url}/import_jsonl_metadata", files=files, headers=headers, timeout=60).status_code == 200
    tags = [s["tag"] for s in emulator.records("secoda.syncs") if s["integration_id"] == created.json()["id"]]
    of_it = [r for r in emulator.records("secoda.resources") if r["key"].partition(":")[0] in tags]
    assert [resource["databuilder_id"] for resource in of_it] == ["weekly"]
    assert requests.delete(url, headers=headers, timeout=60).status_code == 204
    assert requests.get(url, headers=headers, timeout=60).json() == {"detail": "Not found."}


def test_requests_walks_the_list_as_connectors_do(emulator: EmulatorUnderTest) -> None:
    """Airbyte and others follow links.next as it is until it is null."""
    with requests.Session() as session:
        session.headers.update(emulator.headers("secoda"))
        url, names = f"{emulator.url('secoda')}/integration/integrations/", []
        while url:
            page = session.get(url, timeout=60).json()
            names += [integration["name"] for integration in page["results"]]
            url = page["links"]["next"]
    assert len(names) == page["count"] >= 60


def test_httpx_publishes_dbt_artifacts_and_reads_what_fails(emulator: EmulatorUnderTest) -> None:
    with httpx.Client(base_url=emulator.url("secoda"), headers=emulator.headers("secoda"), timeout=60) as client:
        id = client.post("/integration/integrations", json={"name": "dbt", "type": "dbt"}).json()["id"]
        files = {"run_results": json.dumps(RESULTS).encode(), "manifest": json.dumps(MANIFEST).encode()}
        assert client.post(f"/integration/dbt/{id}/upload_artifacts/", files=files).status_code == 200
        assert client.post(f"/integration/dbt/{id}/trigger/").status_code == 200
        found = client.get(f"/integration/dbt/{id}/failing_tests/").json()
    assert found == {"warning": [], "failing": [str(uuid5(UUID(id), "model.toy.orders"))]}


async def test_aiohttp_creates_uploads_and_deletes(emulator: EmulatorUnderTest) -> None:
    base = emulator.url("secoda")
    async with aiohttp.ClientSession(headers=emulator.headers("secoda")) as session:
        async with session.post(f"{base}/integration/integrations", json={"name": "Async"}) as reply:
            assert reply.status == 201
            url = f"{base}/integration/integrations/{(await reply.json())['id']}"
        form = aiohttp.FormData()
        form.add_field("file", CSV, filename="metadata.csv", content_type="text/csv")
        async with session.post(f"{url}/import_metadata", data=form) as reply:
            assert (reply.status, await reply.read()) == (200, b"")
        async with session.get(url) as reply:
            assert (await reply.json())["name"] == "Async"
        async with session.delete(url) as reply:
            assert reply.status == 204
        async with session.get(f"{base}/api/v2/integration_v2/slack/conversations/list") as reply:
            assert {"id", "name"} == set((await reply.json())[0])
