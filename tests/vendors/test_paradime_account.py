"""Paradime's audit log, catalogue and lineage diff reports, neighbours of custom integrations."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.conftest import EmulatorUnderTest
from tests.sample_calls import query

LOGS = """query GetAuditLogs { getAuditLogs { auditLogs {
    id createdDttm updatedDttm workspaceId workspaceName actorType actorUserId actorEmail eventSourceId eventSource
    eventId eventType metadataJson
} } }"""
TRIGGER = """mutation TriggerLineageDiffReport(
    $boltRunId: Int!, $pullRequestNumber: Int!, $userEmail: String!, $changedFilePaths: [String!]!
) {
    triggerLineageDiffReport(boltRunId: $boltRunId, pullRequestNumber: $pullRequestNumber, userEmail: $userEmail,
        changedFilePaths: $changedFilePaths) { ok uuid }
}"""
FETCH = """query FetchLineageDiffReport($uuid: String!) {
    fetchLineageDiffReport(uuid: $uuid) { ok report { message resultJson resultMarkdown status url uuid } }
}"""
REPORT = {
    "boltRunId": 2,
    "pullRequestNumber": 7,
    "userEmail": "ada@example.com",
    "changedFilePaths": ["models/orders.sql"],
}


def reported(emulator: EmulatorUnderTest, seconds: float) -> Any:
    emulator.clock.set(datetime.fromisoformat("2026-03-01T12:00:00+00:00"), frozen=True)
    started = query(emulator, TRIGGER, **REPORT)["data"]["triggerLineageDiffReport"]
    assert started["ok"] is True
    emulator.clock.advance(seconds)
    report = query(emulator, FETCH, uuid=started["uuid"])["data"]["fetchLineageDiffReport"]["report"]
    assert report["uuid"] == started["uuid"]
    return report


def test_audit_log_is_as_documented(emulator: EmulatorUnderTest) -> None:
    first = query(emulator, LOGS)["data"]["getAuditLogs"]["auditLogs"][0]
    assert json.loads(first.pop("metadataJson")) == {
        "schedule_name_uuid": "e3a1e416-f778-3fa5-aac9-10288466cfb5",
        "schedule": {"name": "daily run"},
    }
    assert first == {
        "id": 1,
        "createdDttm": "2024-02-13 16:09:29.718805",
        "updatedDttm": "2024-02-13 16:09:29.718809",
        "workspaceId": 2,
        "workspaceName": "data_platform",
        "actorType": "user",
        "actorUserId": 4,
        "actorEmail": "john@acme.io",
        "eventSourceId": 0,
        "eventSource": "bolt",
        "eventId": 12,
        "eventType": "schedule_manual_run",
    }


def test_schedules_in_the_audit_log_exist(emulator: EmulatorUnderTest) -> None:
    uuids = {schedule["uuid"] for schedule in emulator.records("paradime.bolt_schedules")}
    logs = query(emulator, LOGS)["data"]["getAuditLogs"]["auditLogs"]
    assert {json.loads(log["metadataJson"])["schedule_name_uuid"] for log in logs} <= uuids


def test_catalogue_is_refreshed(emulator: EmulatorUnderTest) -> None:
    assert query(emulator, "mutation refreshCatalog { refreshCatalog { ok } }") == {
        "data": {"refreshCatalog": {"ok": True}}
    }


def test_report_is_in_progress_first(emulator: EmulatorUnderTest) -> None:
    report = reported(emulator, seconds=19)
    assert (report["status"], report["resultJson"], report["url"]) == ("IN_PROGRESS", None, None)


def test_report_is_available_later(emulator: EmulatorUnderTest) -> None:
    report = reported(emulator, seconds=20)
    assert (report["status"], report["message"]) == ("AVAILABLE", None)
    assert json.loads(report["resultJson"]) == {}
    assert report["resultMarkdown"]


@pytest.mark.parametrize(("outcome", "message"), [("FAILED", True), ("IN_PROGRESS", False)])
def test_report_may_fail_or_never_be_ready(emulator: EmulatorUnderTest, outcome: str, message: bool) -> None:
    emulator.switch("paradime.lineage_diff_outcome", outcome)
    report = reported(emulator, seconds=3600)
    assert (report["status"], bool(report["message"])) == (outcome, message)


def test_report_on_an_unknown_run_is_a_graphql_error(emulator: EmulatorUnderTest) -> None:
    assert "99" in query(emulator, TRIGGER, **{**REPORT, "boltRunId": 99})["errors"][0]["message"]
    assert emulator.records("paradime.lineage_diff_reports") == []


def test_unknown_report_is_a_graphql_error(emulator: EmulatorUnderTest) -> None:
    assert "nobody" in query(emulator, FETCH, uuid="nobody")["errors"][0]["message"]
