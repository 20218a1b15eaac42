"""What people add to Secoda's catalogue: collections, documents, questions, replies, terms, tags."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.exchange import Record
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_secoda_catalogue import TABLE, catalogue
from tests.vendors.test_secoda_members import ADA, UNKNOWN, call, refused

KINDS = {
    "/collection/collections": "collection",
    "/document": "document",
    "/question/questions": "question",
    "/question/replies": "question_reply",
    "/dictionary/terms": "glossary",
}
PATHS = (*KINDS, "/tag")
COLLECTION = "e8ac09ed-e51e-4e61-8eaf-59942c98c260"
QUESTION = "4f1d2c7a-5b8e-4a36-9c02-7e6d1f3b8a94"
PII = "f7466f09-33bf-4ac2-9ff2-165fb4b8bdc2"
VERIFIED = "a17f4ed0-0e5a-45a9-92c0-6c93c0b8242c"


def body(path: str) -> Record:
    return {"name": "New"} if path == "/tag" else {"title": "New", "description": "New."}


@pytest.mark.parametrize("path", PATHS)
def test_each_is_listed_as_it_is_shown(emulator: EmulatorUnderTest, path: str) -> None:
    listed = call(emulator, "GET", f"{path}/")
    assert listed["count"] == len(listed["results"]) > 0
    for one in listed["results"]:
        assert call(emulator, "GET", f"{path}/{one['id']}") == one


@pytest.mark.parametrize(("path", "kind"), KINDS.items())
def test_they_are_resources_of_the_catalogue(emulator: EmulatorUnderTest, path: str, kind: str) -> None:
    made = call(emulator, "POST", path, json={**body(path), "entity_type": "table"})
    assert made["entity_type"] == kind
    found = catalogue(emulator, filter={"operator": "exact", "field": "entity_type", "value": kind})
    assert made in found
    assert call(emulator, "GET", f"/resource/all/{made['id']}") == made
    assert emulator.call("secoda", "GET", f"/table/tables/{made['id']}").status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_one_is_made_changed_and_deleted(emulator: EmulatorUnderTest, path: str) -> None:
    made = call(emulator, "POST", f"{path}/", json=body(path))
    changed = call(emulator, "PATCH", f"{path}/{made['id']}", json={"description": "Changed."})
    assert changed == {**made, "description": "Changed.", "updated_at": changed["updated_at"]}
    assert made in call(emulator, "GET", path)["results"] or changed in call(emulator, "GET", path)["results"]
    assert call(emulator, "DELETE", f"{path}/{made['id']}") is None
    for method, sent in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        response = emulator.call("secoda", method, f"{path}/{made['id']}", json=sent)
        assert (response.status_code, response.json()) == (404, {"detail": "Not found."})


@pytest.mark.parametrize("path", PATHS)
def test_a_viewer_reads_and_does_not_write(emulator: EmulatorUnderTest, path: str) -> None:
    assert emulator.call("secoda", "GET", path, rights="read").status_code == 200
    assert emulator.call("secoda", "POST", path, rights="read", json=body(path)).status_code == 403


@pytest.mark.parametrize("path", PATHS)
def test_pages_that_are_not_there(emulator: EmulatorUnderTest, path: str) -> None:
    response = emulator.call("secoda", "GET", f"{path}?page=9")
    assert (response.status_code, response.json()) == (404, {"detail": "Invalid page."})


def test_collections_are_found_by_title(emulator: EmulatorUnderTest) -> None:
    call(emulator, "POST", "/collection/collections", json={"title": "Another", "icon": "🗂"})
    listed = call(emulator, "GET", "/collection/collections?title=Sample Collection")
    assert [one["id"] for one in listed["results"]] == [COLLECTION]


def test_a_deleted_collection_keeps_its_resources(emulator: EmulatorUnderTest) -> None:
    assert call(emulator, "GET", f"/table/tables/{TABLE}")["collections"] == [COLLECTION]
    call(emulator, "DELETE", f"/collection/collections/{COLLECTION}")
    assert call(emulator, "GET", f"/table/tables/{TABLE}")["collections"] == []


def test_a_deleted_tag_is_on_nothing(emulator: EmulatorUnderTest) -> None:
    call(emulator, "DELETE", f"/tag/{PII}")
    assert call(emulator, "GET", f"/table/tables/{TABLE}")["tags"] == [VERIFIED]
    message = {"tags": [f'Invalid pk "{PII}" - object does not exist.']}
    assert refused(emulator, "PATCH", f"/table/tables/{TABLE}", {"tags": [VERIFIED, PII]}) == message


def test_resources_of_a_tag(emulator: EmulatorUnderTest) -> None:
    by_tag = {"operator": "in", "field": "tags", "value": [PII]}
    assert [one["id"] for one in catalogue(emulator, filter=by_tag)] == [TABLE]


def test_replies_belong_to_their_question(emulator: EmulatorUnderTest) -> None:
    sent = {"definition": "In orders.", "accepted_answer": False, "parent": QUESTION, "owners": [ADA]}
    reply = call(emulator, "POST", "/question/replies/", json=sent)
    assert {name: reply[name] for name in sent} == sent
    assert call(emulator, "GET", f"/question/questions/{QUESTION}")["children_count"] == 2
    accepted = call(emulator, "PATCH", f"/question/replies/{reply['id']}", json={"accepted_answer": True})
    assert accepted["accepted_answer"] is True
    call(emulator, "DELETE", f"/question/questions/{QUESTION}")
    assert call(emulator, "GET", "/question/replies")["results"] == []


@pytest.mark.parametrize(
    ("path", "sent", "message"),
    [
        (
            "/question/questions",
            {"assigned_to": UNKNOWN},
            {"assigned_to": [f'Invalid pk "{UNKNOWN}" - object does not exist.']},
        ),
        ("/question/replies", {"parent": UNKNOWN}, {"parent": [f'Invalid pk "{UNKNOWN}" - object does not exist.']}),
        ("/question/replies", {"accepted_answer": "perhaps"}, {"accepted_answer": ["Must be a valid boolean."]}),
        ("/tag", {"name": ""}, {"name": ["This field may not be blank."]}),
        ("/tag", {"color": 7, "name": ["x"]}, {"name": ["Not a valid string."]}),
        ("/document", {"title": "a\0"}, {"title": ["Null characters are not allowed."]}),
    ],
)
def test_what_cannot_be(emulator: EmulatorUnderTest, path: str, sent: Any, message: Record) -> None:
    assert refused(emulator, "POST", path, sent) == message
