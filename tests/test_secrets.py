"""Credentials never come out again: not in the journal, the HAR, the metrics, a snapshot, nor the log."""

from __future__ import annotations

import logging

import pytest

from emulator.app import Catalogue
from tests.control import Control, controlled

SECRET = "planted-7c1f4e"
"""What must not be found anywhere; each call below carries it where its vendor's clients carry credentials."""


def plant(control: Control) -> None:
    """Make calls that carry the secret in paths, headers, queries, JSON, forms, GraphQL and multipart fields."""
    client, url = control.client, control.url
    bearer = {"Authorization": f"Bearer {SECRET}"}
    pair = {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret"}
    client.get(f"{url}/secoda/api/v1/integration/integrations", headers=bearer)
    client.get(f"{url}/secoda/api/v1/nowhere", headers=bearer, params={"api_key": SECRET})
    client.get(f"{url}/celigo/v1/integrations", headers=bearer, params={"access_token": SECRET})
    client.post(f"{url}/immuta/bim/apikey/authenticate", json={"apikey": SECRET})
    client.post(f"{url}/immuta/bim/apikey/authenticate", data={"apikey": SECRET})
    client.post(f"{url}/immuta/bim/apikey/authenticate", headers={"Authorization": SECRET})
    client.post(
        f"{url}/paradime/api/v1/{SECRET}/graphql", headers={"X-API-KEY": SECRET, "X-API-SECRET": SECRET}, json={}
    )
    document = {"query": "query ($token: String) {listCustomIntegrations {ok}}", "variables": {"token": SECRET}}
    client.post(f"{url}/paradime/api/v1/{SECRET}/graphql", headers=pair, json=document)
    client.post(
        f"{url}/secoda/api/v1/integration/integrations",
        headers={"Authorization": "Bearer secoda-token"},
        json={"name": "Warehouse", "credentials": {"password": SECRET, "nested": [{"secret_key": SECRET}]}},
    )
    client.post(
        f"{url}/secoda/api/v1/integration/dbt/manifest/",
        headers=bearer,
        files={"manifest_file": b"{}"},
        data={"api_token": SECRET},
    )
    client.get(f"{url}/celigo/v1/integrations", headers={"Cookie": f"session={SECRET}"})


def test_a_planted_credential_is_found_nowhere(catalogue: Catalogue, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("emulator", "aiohttp"):
        caplog.set_level(logging.DEBUG, logger=name)
    with controlled(catalogue) as (_, control):
        plant(control)
        exchanges = control.done("GET", "/journal")
        seen = {
            "journal": control.ask("GET", "/journal").text,
            "one exchange": control.ask("GET", "/journal/1").text,
            "HAR": control.ask("GET", "/journal.har").text,
            "metrics": control.ask("GET", "/metrics").text,
            "log": caplog.text,
        }
    assert len(exchanges["exchanges"]) == 11
    assert [where for where, text in seen.items() if SECRET in text] == []


def test_a_snapshot_holds_records_and_no_journal(catalogue: Catalogue) -> None:
    with controlled(catalogue) as (_, control):
        control.client.get(
            f"{control.url}/secoda/api/v1/integration/integrations", headers={"Authorization": f"Bearer {SECRET}"}
        )
        control.done("POST", "/snapshots", json={"name": "kept"})
        assert SECRET.encode() not in control.ask("GET", "/snapshots/kept").content
