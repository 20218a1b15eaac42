"""A vendor's Python dialect words the errors of declared operations, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.own_vendor import body, crud, operation, ref, served
from tests.test_declared_graphql import SDL, added, asked, contract

DIALECT = """
from emulator.errors import FieldError
from emulator.exchange import Reply


class Words:
    def _error(self, call, *rest):
        return Reply(400, {"said": "no"})

    unknown_path = wrong_method = too_large = unsupported_type = malformed = _error
    unsupported_encoding = undecodable = broken = _error

    def refuses(self, violation):
        return True

    def invalid(self, call, violations):
        return Reply(422, {"said": f"{violations[0].pointer} is not good"})
"""
OF_RECORDS = """
    def missing(self, call, collection, key, value):
        return Reply(404, {"said": f"no {collection} {key}={value}"})

    def conflict(self, call, collection, detail):
        return Reply(409, {"said": f"{collection} disagree: {detail}"})

    def reference(self, call, collection, field, value):
        return Reply(422, {"said": f"{field}: no {collection} {value}"})
"""
OF_FIELDS = """
    def missing(self, call, collection, key, value):
        return FieldError(f"no {collection} {key}={value}", {"code": "NO"})

    conflict = reference = missing
"""
MADE = "\ndialect = Words()\n"


def declaring() -> dict[str, Any]:
    """Return a contract whose creates declare what their errors are."""
    document = crud({"unique": ["title"], "references": {"listId": "lists"}})
    given = {"requestBody": body(ref("Task"))}
    create = operation("createTask", {"collection": "tasks"}, ref("Task"), "201", **given)
    said = body({"type": "object", "required": ["said"]})
    create["responses"] |= {"409": said, "422": said}
    document["paths"]["/tasks"]["post"] = create
    document["paths"]["/tasks/{id}"]["get"]["responses"]["404"] = said
    return document


def test_errors_of_records_are_in_the_words_of_the_dialect(tmp_path: Path) -> None:
    with served(tmp_path, declaring(), {"vendor.py": DIALECT + OF_RECORDS + MADE}) as client:
        missing = client.get("/tasks/none")
        assert (missing.status_code, missing.json()) == (404, {"said": "no tasks id=none"})
        refused = client.post("/tasks", json={"title": "A", "listId": "l"})
        assert (refused.status_code, refused.json()) == (422, {"said": "listId: no lists l"})
        client.post("/tasks", json={"title": "A"})
        taken = client.post("/tasks", json={"title": "A"})
        assert (taken.status_code, taken.json()) == (
            409,
            {"said": "tasks disagree: another one of tasks has title 'A'"},
        )
        assert [task["title"] for task in client.get("/tasks").json()] == ["A"]


def test_dialect_without_words_for_records_leaves_them_to_the_contract(tmp_path: Path) -> None:
    document = declaring()
    del document["paths"]["/tasks/{id}"]["get"]["responses"]["404"]
    with served(tmp_path, document, {"vendor.py": DIALECT + MADE}) as client:
        missing = client.get("/tasks/none")
        assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/problem+json")
        assert client.post("/tasks", json={"title": 1}).json() == {"said": "/title is not good"}


def test_record_that_does_not_fit_its_schema_is_invalid_in_the_words_of_the_dialect(tmp_path: Path) -> None:
    document = declaring()
    patch = operation("patchTask", {"collection": "tasks"}, ref("Task"), requestBody=body({"type": "object"}))
    patch["responses"]["422"] = body({"type": "object"})
    document["paths"]["/tasks/{id}"]["patch"] = patch
    with served(tmp_path, document, {"vendor.py": DIALECT + MADE}) as client:
        task = client.post("/tasks", json={"title": "A"}).json()
        refused = client.patch(f"/tasks/{task['id']}", json={"title": 1})
        assert (refused.status_code, refused.json()) == (422, {"said": "/title is not good"})


def test_error_of_a_root_field_is_that_of_the_dialect(tmp_path: Path) -> None:
    files = {"schema.graphql": SDL, "vendor.py": DIALECT + OF_FIELDS + MADE}
    with served(tmp_path, contract(), files) as client:
        (error,) = asked(client, '{task(uid: "none") {title}}')["errors"]
        assert (error["message"], error["extensions"]) == ("no tasks uid=none", {"code": "NO"})
        assert added(client, "A")
