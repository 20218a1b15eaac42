"""Calls every method of pysecoda that calls a path of the documentation; prints what it saw as JSON."""

import json
import os
import sys

import requests
from pysecoda import pysecoda

pysecoda.REGION_URL["NA"] = sys.argv[1]
secoda = pysecoda.PySecoda("secoda-token")


def deleted(delete, id):
    """Delete; the client reads JSON from the empty reply, and fails, though the call has succeeded."""
    try:
        delete(id)
    except requests.exceptions.JSONDecodeError:
        return True
    return False


def ids(found):
    return {one["id"] for one in found}


def lived(create, listed, get, update, delete, changed="description"):
    """Make, find, change and delete one; return whether each showed."""
    # 30 writes a minute are allowed.
    requests.post(f"{os.environ['EMULATOR']}/_emulator/clock/advance", json={"seconds": 20}, timeout=10)
    made = create()
    seen = [made["id"] in ids(listed())] if listed else []
    if get:
        found = get(made["id"])
        seen.append((found[0] if isinstance(found, list) else found)["id"] == made["id"])
    if update:
        seen.append(update(made["id"], **{changed: "Changed"})[changed] == "Changed")
    if delete:
        seen.append(deleted(delete, made["id"]))
        seen.append(made["id"] not in ids(listed()) if listed else True)
    return seen


text = {"title": "New", "description": "New."}
kind = {"native_type": "table", **text}
user = {"first_name": "New", "last_name": "User", "email": "new@example.com", "role": "Editor"}
question = secoda.questions.create_question(sys.argv[2], **text)["id"]
table, other = (secoda.tables.create_table(database="db", schema="public", **kind)["id"] for _ in range(2))
integrations = secoda.integrations
integration = integrations.create_integration("New", "custom")["id"]
seen = {
    "users": lived(
        lambda: secoda.users.create_user(**user),
        secoda.users.get_users,
        secoda.users.get_user_by_id,
        secoda.users.update_user,
        secoda.users.delete_user,
        "first_name",
    ),
    "groups": lived(
        lambda: secoda.groups.create_group("New", "New."),
        secoda.groups.get_groups,
        secoda.groups.get_group_by_id,
        secoda.groups.update_group,
        secoda.groups.delete_group,
    ),
    "teams": lived(
        lambda: secoda.teams.create_team("New", "New."),
        secoda.teams.get_teams,
        secoda.teams.get_team_by_id,
        secoda.teams.update_team,
        secoda.teams.delete_team,
    ),
    "tags": lived(
        lambda: secoda.tags.create_tag("New", "New."),
        secoda.tags.get_tags,
        secoda.tags.get_tag_by_id,
        secoda.tags.update_tag,
        secoda.tags.delete_tag,
    ),
    "documents": lived(
        lambda: secoda.documents.create_document(**text),
        secoda.documents.get_documents,
        secoda.documents.get_document_by_id,
        secoda.documents.update_document,
        secoda.documents.delete_document,
    ),
    "collections": lived(
        lambda: secoda.collections.create_collection(**text),
        secoda.collections.get_collections,
        secoda.collections.get_collection_by_id,
        secoda.collections.update_collection,
        secoda.collections.delete_collection,
    ),
    "questions": lived(
        lambda: secoda.questions.create_question(sys.argv[2], **text),
        secoda.questions.get_questions,
        secoda.questions.get_question_by_id,
        secoda.questions.update_question,
        secoda.questions.delete_question,
    ),
    "replies": lived(
        lambda: secoda.questions.create_question_reply("An answer.", question),
        secoda.questions.get_question_replies,
        secoda.questions.get_question_reply_by_id,
        secoda.questions.update_question_reply,
        secoda.questions.delete_question_reply,
        "definition",
    ),
    "resources": lived(
        lambda: secoda.resources.create_resource(**text),
        secoda.glossary.get_glossary,
        secoda.resources.get_resource_by_id,
        secoda.resources.update_resource,
        secoda.resources.delete_resource,
    ),
    "tables": lived(
        lambda: secoda.tables.create_table(database="db", schema="public", **kind),
        secoda.tables.get_tables,
        secoda.tables.get_table_by_id,
        secoda.tables.update_table,
        secoda.tables.delete_table,
    ),
    "databases": lived(
        lambda: secoda.databases.create_database(**text),
        secoda.databases.get_databases,
        secoda.databases.get_database_by_id,
        secoda.databases.update_database,
        secoda.databases.delete_database,
    ),
    "schemas": lived(
        lambda: secoda.schemas.create_schema(native_type="schema", database="db", **text),
        secoda.schemas.get_schemas,
        secoda.schemas.get_schema_by_id,
        None,
        None,
    ),
    "dashboards": lived(
        lambda: secoda.dashboards.create_dashboard(url="https://example.com", **text),
        secoda.dashboards.get_dashboards,
        secoda.dashboards.get_dashboard_by_id,
        secoda.dashboards.update_dashboard,
        secoda.dashboards.delete_dashboard,
    ),
    "charts": lived(
        lambda: secoda.charts.create_chart(native_type="chart", group="g", url="https://example.com", **text),
        secoda.charts.get_charts,
        secoda.charts.get_chart_by_id,
        secoda.charts.update_chart,
        secoda.charts.delete_chart,
    ),
    "columns": [bool(secoda.columns.get_columns()), secoda.columns.get_column_by_id(table)[0]["id"] == table],
    "queries": secoda.queries.get_queries(),
    "lineage": lived(
        lambda: secoda.lineage.create_lineage(table, other, "DOWNSTREAM"),
        secoda.lineage.get_lineage,
        secoda.lineage.get_lineage_by_id,
        None,
        secoda.lineage.delete_lineage,
    ),
    "properties": lived(
        lambda: secoda.custom_properties.create_custom_property("New", ["table"], "string"),
        secoda.custom_properties.get_custom_properties,
        secoda.custom_properties.get_custom_property,
        None,
        secoda.custom_properties.delete_custom_property,
    ),
    "integrations": [
        integrations.get_integration(integration)["id"] == integration,
        integrations.get_entities_with_failing_tests(integration) == {"warning": [], "failing": []},
        deleted(integrations.trigger_dbt_core_sync, integration),
        deleted(integrations.delete_integration, integration),
    ],
}
print(json.dumps(seen))
