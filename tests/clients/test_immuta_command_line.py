"""The command line of `fh-immuta-utils`, unmodified: it calls https://demo.immuta.com; the emulator is its proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.catalogue import Catalogue
from emulator.conduct.rules import findings
from tests.clients.conftest import HERE, Client
from tests.secure import Secure, secure

CONFIG = HERE / "immuta_config" / "config.yml"

Run = Callable[..., str]


@pytest.fixture
def tenant(catalogue: Catalogue, tmp_path: Path) -> Iterator[Secure]:
    """An emulator with TLS; a call outside of the contract, or bad conduct, fails the test."""
    with secure(catalogue, tmp_path) as started:
        yield started
        sandbox = started.emulator.sandboxes.default
        journal = list(sandbox.journal)
        assert [found.call.path for found in journal if not found.operations] == []
        assert [(found.call.path, found.violations) for found in journal if found.violations] == []
        assert findings(journal, catalogue.contracts, sandbox.credentials) == []


@pytest.fixture
def run(client: Callable[[str], Client], tenant: Secure) -> Run:
    environment = {"HTTPS_PROXY": tenant.url, "REQUESTS_CA_BUNDLE": str(tenant.ca)}
    command_line = client("immuta-cli")
    return lambda *command: command_line.run("fh-immuta-utils", *command, "--config-file", str(CONFIG), **environment)


@pytest.fixture
def get(tenant: Secure) -> Callable[[str], Any]:
    def got(path: str) -> Any:
        reply = httpx.get(f"{tenant.url}/immuta{path}", headers={"Authorization": "immuta-token"})
        assert reply.status_code == 200, reply.text
        return reply.json()

    return got


def operations(tenant: Secure) -> list[str]:
    journal = list(tenant.emulator.sandboxes.default.journal)
    return [name for found in journal for name in found.operations if found.status == 200]


def test_tables_are_enrolled_one_by_one_and_in_bulk_and_then_skipped(
    run: Run, get: Callable[[str], Any], tenant: Secure
) -> None:
    run("data-source", "manage")
    hits = get("/dataSource?schema=crm")["hits"] + get("/dataSource?schema=support")["hits"]
    assert [hit["name"] for hit in hits] == ["Crm Customers", "pg_crm_orders", "pg_support_tickets"]
    columns = get(f"/dictionary/{hits[1]['id']}")["metadata"]
    assert [column["name"] for column in columns] == ["id", "customer_id", "email", "total"]
    created = operations(tenant).count("createDataSources")
    # The database is monitored now, so the command line leaves it alone.
    run("data-source", "manage")
    assert operations(tenant).count("createDataSources") == created == 2


def test_enrolled_data_sources_and_their_columns_are_tagged(run: Run, get: Callable[[str], Any]) -> None:
    run("data-source", "manage")
    run("data-source", "tag-existing", "--search-text", "pg_")
    orders = get("/dataSource/name/pg_crm_orders")
    assert [tag["name"] for tag in orders["tags"]] == ["PII"]
    tags = {column["name"]: column["tags"] for column in get(f"/dictionary/{orders['id']}")["metadata"]}
    assert [tag["name"] for tag in tags["email"]] == ["PII.email"]
    assert "Contact.phone" in [tag["name"] for tag in get("/tag")]


def test_policies_are_created_updated_and_deleted(run: Run, get: Callable[[str], Any], tenant: Secure) -> None:
    run("policies")
    policies = {policy["name"]: policy for policy in get("/policy/global")}
    assert policies["contact_access_policy"]["circumstances"] == [
        {"operator": "or", "type": "columnTags", "columnTag": {"name": "Contact.phone", "hasLeafNodes": False}}
    ]
    (condition,) = policies["crm_subscription_policy"]["actions"][0]["exceptions"]["conditions"]
    assert condition["group"] == {"name": "sales", "iam": "okta"}
    assert [policy["name"] for policy in get("/dataSource/2")["globalPolicies"]] == [
        "Mask PII",
        "crm_subscription_policy",
    ]
    run("policies")
    assert operations(tenant).count("updateGlobalPolicy") == 2
    run("policies", "--delete", "--search-text", "_policy")
    assert [policy["name"] for policy in get("/policy/global")] == ["Mask PII", "Researchers read personal data"]


def test_data_sources_are_disabled_and_removed_in_bulk(run: Run, get: Callable[[str], Any]) -> None:
    run("data-source", "bulk-delete", "--search-text", "web")
    assert get("/dataSource/3")["deleted"] is True
    run("data-source", "bulk-delete", "--search-text", "web", "--hard-delete")
    assert get("/dataSource")["count"] == 2
