"""Paradime's refusals: below GraphQL with `{"message"}`, invalid GraphQL requests in graphene's words.

None of these bodies is known. The errors of GraphQL itself have graphql-core's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulator.errors import FieldError, MalformedBody, Refusal, UndecodableBody
from emulator.exchange import NOTHING, Call, Reply, Violation

NOT_JSON = "POST body sent invalid JSON."
_RECORDS = {
    "users": "User",
    "invitations": "Invitation",
    "bolt_schedules": "Schedule",
    "bolt_runs": "Run",
    "dinoai_sessions": "AgentSession",
    "lineage_diff_reports": "Report",
}
"""How the names of exceptions begin, by collection."""

_SENTENCES = {
    "/query": "Must provide query string.",
    "/variables": "Variables are invalid JSON.",
}


def unauthorized(message: str) -> Refusal:
    """Return the refusal of a call whose credentials are missing, wrong or expired."""
    return Refusal(_refuse(401, message))


def forbidden(message: str) -> Refusal:
    """Return the refusal of a call whose credentials are valid, but do not allow it."""
    return Refusal(_refuse(403, message))


def missing_workspace(status: int) -> Refusal:
    """Return the refusal of a company token without a workspace; a switch has the status."""
    message = "A company token needs the header X-Paradime-Workspace"
    return Refusal(_bad_request(message) if status == 400 else _refuse(status, message))


def unknown_integration(uid: str) -> FieldError:
    """Return the GraphQL error for an unknown integrationUid.

    The wording is assumed; that the vendor's texts contain names of exception classes is observed
    (paradime-io/paradime-dagster-dbt looks for "AlreadyRunningException").
    """
    return FieldError(f"CustomIntegrationNotFoundException: there is no custom integration with the uid {uid!r}")


def taken_name(name: str) -> FieldError:
    """Return the GraphQL error for a name that another active integration has (assumed; see the switch)."""
    return FieldError(f"CustomIntegrationAlreadyExistsException: an active custom integration is named {name!r}")


def unknown_snapshot(id: int, uid: str) -> FieldError:
    """Return the GraphQL error for a snapshotId that the integration does not have (assumed)."""
    return FieldError(f"SnapshotNotFoundException: the custom integration {uid!r} has no snapshot {id}")


def closed_snapshot(id: int) -> FieldError:
    """Return the GraphQL error for a batch after the last one (assumed; see the switch)."""
    return FieldError(f"SnapshotClosedException: snapshot {id} has already taken its last nodes")


def two_names_of_a_schedule() -> FieldError:
    """Return the GraphQL error for a call with both slug and scheduleName, or neither (wording assumed)."""
    return FieldError("InvalidArgumentException: give exactly one of slug and scheduleName")


def unknown_schedule(slug: str) -> FieldError:
    """Return the GraphQL error for a schedule that does not exist (assumed)."""
    return FieldError(f"ScheduleNotFoundException: there is no schedule with the slug {slug!r}")


def schedule_of_yaml(slug: str) -> FieldError:
    """Return the GraphQL error for suspending a schedule that a YAML file defines (wording assumed)."""
    return FieldError(f"InvalidScheduleException: the schedule {slug!r} is defined in YAML")


def already_running(slug: str, id: int) -> FieldError:
    """Return the GraphQL error for a second run of a schedule.

    That the text has the name of this exception: paradime-io/paradime-dagster-dbt, dagster_dbt/paradime/resources.py.
    """
    return FieldError(f"AlreadyRunningException: run {id} of the schedule {slug!r} has not ended")


def two_lists_of_commands() -> FieldError:
    """Return the GraphQL error for a run with both commands and commandConfigs (wording assumed)."""
    return FieldError("InvalidArgumentException: give at most one of commands and commandConfigs")


def nothing_to_do() -> FieldError:
    """Return the GraphQL error for an agent without a name and without a message.

    That one is needed: Paradime documentation, DinoAI Programmable Agents API. The wording is assumed.
    """
    return FieldError("InvalidArgumentException: give at least one of agent and message")


def unknown_run(id: int) -> FieldError:
    """Return the GraphQL error for a run that does not exist (assumed)."""
    return FieldError(f"RunNotFoundException: there is no run {id}")


def not_failed(reason: str) -> FieldError:
    """Return the GraphQL error for retrying what has not failed (assumed)."""
    return FieldError(f"RunNotFailedException: nothing to retry, {reason}")


def still_running(id: int) -> FieldError:
    """Return the GraphQL error for repeating a run that has not ended (assumed)."""
    return FieldError(f"RunNotEndedException: run {id} has not ended")


def unknown_command(id: int) -> FieldError:
    """Return the GraphQL error for a command that does not exist, or has not begun (assumed)."""
    return FieldError(f"CommandNotFoundException: there is no command {id}")


def unknown_cursor(cursor: str) -> FieldError:
    """Return the GraphQL error for a cursor that was never given out (assumed)."""
    return FieldError(f"InvalidCursorException: {cursor!r} is not a cursor")


def unknown_resource(id: int) -> FieldError:
    """Return the GraphQL error for an artifact that does not exist (assumed)."""
    return FieldError(f"ResourceNotFoundException: there is no resource {id}")


class ParadimeDialect:
    """Paradime's wording of errors."""

    def unknown_path(self, call: Call) -> Reply:
        """Return 404."""
        return _refuse(404, "Not Found")

    def wrong_method(self, call: Call, allowed: Sequence[str]) -> Reply:
        """Return 405, also for GET, which other GraphQL servers accept."""
        reply = _refuse(405, "Method Not Allowed")
        reply.headers["Allow"] = ", ".join(allowed)
        return reply

    def too_large(self, call: Call, limit: int) -> Reply:
        """Return 413."""
        return _refuse(413, "Content Too Large")

    def unsupported_type(self, call: Call, accepted: Sequence[str]) -> Reply:
        """Return 415."""
        return _refuse(415, "Unsupported Media Type")

    def malformed(self, call: Call, problem: MalformedBody) -> Reply:
        """Return 400."""
        return _bad_request(NOT_JSON)

    def unsupported_encoding(self, call: Call, encoding: str) -> Reply:
        """Return 415."""
        return _refuse(415, "Unsupported Media Type")

    def undecodable(self, call: Call, problem: UndecodableBody) -> Reply:
        """Return 400, as for invalid JSON."""
        return _bad_request(NOT_JSON)

    def refuses(self, violation: Violation) -> bool:
        """Refuse all mistakes in the body except keys that GraphQL over HTTP does not have."""
        return violation.place == "body" and violation.rule != "additionalProperties"

    def invalid(self, call: Call, violations: Sequence[Violation]) -> Reply:
        """Return 400 with the sentence for the first violation; outside of GraphQL, a refusal (assumed)."""
        if call.method != "POST":
            return _refuse(400, _sentence(violations[0]))
        return _bad_request(_sentence(violations[0]))

    def broken(self, call: Call) -> Reply:
        """Return 500."""
        return _refuse(500, "Internal Server Error")

    def missing(self, call: Call, collection: str, key: str, value: Any) -> FieldError:
        """Return the GraphQL error for a record that does not exist (assumed)."""
        return FieldError(
            f"{_RECORDS.get(collection, 'Record')}NotFoundException: there is none with the {key} {value!r}"
        )

    def conflict(self, call: Call, collection: str, detail: str) -> FieldError:
        """Return the GraphQL error for what the state of a record does not allow (assumed)."""
        return FieldError(f"{_RECORDS.get(collection, 'Record')}StateException: {detail}")

    def reference(self, call: Call, collection: str, field: str, value: Any) -> FieldError:
        """Return the GraphQL error for a record that refers to one that does not exist (assumed)."""
        return self.missing(call, collection, field, value)


def _refuse(status: int, message: str) -> Reply:
    return Reply(status, {"message": message})


def _bad_request(message: str) -> Reply:
    return Reply(400, {"errors": [{"message": message}]})


def _sentence(violation: Violation) -> str:
    if violation.pointer:
        return _SENTENCES.get(violation.pointer, violation.sentence)
    if violation.actual is NOTHING:
        return NOT_JSON
    if isinstance(violation.actual, list):
        return "Batch GraphQL requests are not enabled."
    return "The received data is not a valid JSON query."
