"""Immuta's tags: searching and deleting them, and which data sources and columns carry them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import EmulatorUnderTest
from tests.immuta_calls import call, refused


def column_tags(emulator: EmulatorUnderTest, data_source: int, column: str) -> list[str] | None:
    columns = call(emulator, "GET", f"/dictionary/{data_source}")["metadata"]
    (found,) = [one for one in columns if one["name"] == column]
    return [tag["name"] for tag in found["tags"]] if "tags" in found else None


def tags_of(emulator: EmulatorUnderTest, data_source: int) -> list[str]:
    tags = call(emulator, "GET", f"/dataSource/{data_source}/tags")["tags"]
    assert tags == call(emulator, "GET", f"/dataSource/{data_source}")["tags"]
    return [tag["name"] for tag in tags]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Address", "PII", "PII.email", "PII.phone"]),
        ({"searchText": "pii."}, ["PII.email", "PII.phone"]),
        ({"searchText": "mail"}, ["PII.email"]),
        ({"source": "catalog"}, ["Address"]),
        ({"source": "cat"}, []),
        ({"excludedSource": "catalog"}, ["PII", "PII.email", "PII.phone"]),
        ({"limit": 2}, ["Address", "PII"]),
        ({"limit": 0}, []),
        ({"searchText": "PII", "limit": 1, "source": "curated"}, ["PII"]),
    ],
)
def test_search_lists_tags_by_name(emulator: EmulatorUnderTest, query: dict[str, Any], names: list[str]) -> None:
    call(emulator, "POST", "/tag", json={"tags": [{"name": "Address", "source": "catalog"}]})
    assert [tag["name"] for tag in call(emulator, "GET", "/tag", params=query)] == names


def test_listed_tag_has_the_printed_fields(emulator: EmulatorUnderTest) -> None:
    names = ["id", "name", "color", "description", "source", "deleted", "systemCreated"]
    assert [list(tag) for tag in call(emulator, "GET", "/tag")] == [names] * 3


@pytest.mark.parametrize("query", [{"includeAllSystemTags": "true"}, {"excludedHierarchies": "PII"}])
def test_filter_that_is_not_emulated_is_a_violation(emulator: EmulatorUnderTest, query: dict[str, str]) -> None:
    call(emulator, "GET", "/tag", params=query)
    assert [found.pointer for found in emulator.exchanges()[-1].violations] == [f"/{name}" for name in query]


def test_added_tag_is_on_the_data_source_and_finds_it(emulator: EmulatorUnderTest) -> None:
    added = call(emulator, "POST", "/tag/datasource/1", json=[{"name": "PII.phone"}, {"name": "PII"}])
    assert added == [{"name": name, "source": "curated", "addedBy": 2} for name in ("PII.phone", "PII")]
    assert tags_of(emulator, 1) == ["PII.phone", "PII"]
    hits = call(emulator, "GET", "/dataSource", params={"tag": "PII.phone"})["hits"]
    assert [hit["id"] for hit in hits] == [1]


def test_tag_that_fh_immuta_utils_sends_is_added(emulator: EmulatorUnderTest) -> None:
    call(emulator, "POST", "/tag/datasource/3", json=[{"name": "PII", "source": "curated"}])
    assert emulator.exchanges()[-1].violations == ()
    assert tags_of(emulator, 3) == ["PII"]


def test_added_tag_is_on_the_column(emulator: EmulatorUnderTest) -> None:
    assert column_tags(emulator, 1, "actionBy") is None
    call(emulator, "POST", "/tag/column/1_actionBy", json=[{"name": "PII"}])
    call(emulator, "POST", "/tag/column/2_birth_date", json=[{"name": "PII.phone"}])
    assert column_tags(emulator, 1, "actionBy") == ["PII"]
    assert column_tags(emulator, 2, "birth_date") == ["PII", "PII.phone"]
    assert tags_of(emulator, 1) == []


def test_tag_that_is_added_again_is_there_once(emulator: EmulatorUnderTest) -> None:
    for _ in range(2):
        call(emulator, "POST", "/tag/datasource/2", json=[{"name": "PII"}, {"name": "PII"}])
    assert tags_of(emulator, 2) == ["PII"]


def test_no_tag_is_added_if_one_is_unknown(emulator: EmulatorUnderTest) -> None:
    tags = [{"name": "PII"}, {"name": "Nobody"}, {"name": "pii"}]
    assert refused(emulator, "POST", "/tag/datasource/1", json=tags) == (400, "Invalid tags: Nobody, pii")
    assert tags_of(emulator, 1) == []


def test_tag_is_removed_from_data_source_and_column_and_stays_in_the_catalogue(emulator: EmulatorUnderTest) -> None:
    assert call(emulator, "DELETE", "/tag/datasource/2/PII") == {}
    assert call(emulator, "DELETE", "/tag/column/2_birth_date/PII") == {}
    assert tags_of(emulator, 2) == []
    assert column_tags(emulator, 2, "birth_date") == []
    assert column_tags(emulator, 2, "street") == ["PII"]
    assert len(call(emulator, "GET", "/tag")) == 3
    assert refused(emulator, "DELETE", "/tag/datasource/2/PII") == (404, "Tag not found")


def test_deleted_tag_stays_where_it_is_and_can_be_added_no_more(emulator: EmulatorUnderTest) -> None:
    call(emulator, "POST", "/tag", json={"tags": [{"name": "PIIx"}]})
    assert call(emulator, "DELETE", "/tag/PII") == {}
    assert [tag["name"] for tag in call(emulator, "GET", "/tag")] == ["PIIx"]
    assert tags_of(emulator, 2) == ["PII"]
    assert column_tags(emulator, 2, "birth_date") == ["PII"]
    assert refused(emulator, "POST", "/tag/datasource/1", json=[{"name": "PII"}]) == (400, "Invalid tags: PII")
    assert refused(emulator, "DELETE", "/tag/PII") == (404, "Tag not found")
    call(emulator, "DELETE", "/tag/datasource/2/PII")
    assert tags_of(emulator, 2) == []


def test_deleted_child_leaves_its_parent(emulator: EmulatorUnderTest) -> None:
    call(emulator, "DELETE", "/tag/PII.email")
    assert [tag["name"] for tag in call(emulator, "GET", "/tag")] == ["PII", "PII.phone"]


def test_renamed_tag_is_renamed_wherever_it_is(emulator: EmulatorUnderTest) -> None:
    call(emulator, "POST", "/tag", json={"tags": [{"id": 1, "name": "Personal"}]})
    assert tags_of(emulator, 2) == ["Personal"]
    assert column_tags(emulator, 2, "birth_date") == column_tags(emulator, 2, "street") == ["Personal"]
    assert column_tags(emulator, 2, "email") == ["PII.email"]
    assert [hit["id"] for hit in call(emulator, "GET", "/dataSource", params={"tag": "Personal"})["hits"]] == [2]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("datasource/99", "Data source not found"),
        ("datasource/abc", "Data source not found"),
        ("datasource/1_id", "Data source not found"),
        ("datasource/%D9%A1", "Data source not found"),
        ("column/99_id", "Data source not found"),
        ("column/_id", "Data source not found"),
        ("column/1", "Column not found"),
        ("column/1_nothing", "Column not found"),
        ("column/1_ID", "Column not found"),
    ],
)
def test_unknown_carrier_is_not_found(emulator: EmulatorUnderTest, model: str, message: str) -> None:
    assert refused(emulator, "POST", f"/tag/{model}", json=[{"name": "PII"}]) == (404, message)
    assert refused(emulator, "DELETE", f"/tag/{model}/PII") == (404, message)


def test_column_without_its_dictionary_is_not_found(emulator: EmulatorUnderTest) -> None:
    call(emulator, "DELETE", "/dictionary/1")
    assert refused(emulator, "POST", "/tag/column/1_id", json=[{"name": "PII"}]) == (404, "Column not found")


@pytest.mark.parametrize(
    ("body", "message", "keys"),
    [
        ('{"name": "PII"}', '"value" must be an array', [""]),
        ("", '"value" must be an array', [""]),
        ("[5]", '"[0]" must be of type object', ["0"]),
        ('[{"name": "PII"}, {}]', '"[1].name" is required', ["1.name"]),
        ('[{"name": ""}]', '"[0].name" is not allowed to be empty', ["0.name"]),
    ],
)
def test_body_that_is_no_list_of_tags_is_refused_in_joi_s_words(
    emulator: EmulatorUnderTest, body: str, message: str, keys: list[str]
) -> None:
    reply = emulator.call("immuta", "POST", "/tag/datasource/1", content=body)
    expected = {"statusCode": 400, "error": "Bad Request", "message": message}
    assert reply.json() == {**expected, "validation": {"source": "payload", "keys": keys}}


def test_form_is_refused_in_joi_s_words(emulator: EmulatorUnderTest) -> None:
    sent = {"name": "PII"}
    assert refused(emulator, "POST", "/tag/datasource/1", data=sent) == (400, '"value" must be an array')


def test_other_models_are_refused(emulator: EmulatorUnderTest) -> None:
    message = '"modelType" must be one of [datasource, column, project]'
    assert refused(emulator, "POST", "/tag/purpose/1", json=[{"name": "PII"}]) == (400, message)


def test_tag_with_a_slash_is_found_by_its_encoded_name(emulator: EmulatorUnderTest) -> None:
    call(emulator, "POST", "/tag", json={"tags": [{"name": "a/b c"}]})
    call(emulator, "POST", "/tag/datasource/1", json=[{"name": "a/b c"}])
    call(emulator, "DELETE", "/tag/datasource/1/a%2Fb%20c")
    call(emulator, "DELETE", "/tag/a%2Fb%20c")
    assert len(call(emulator, "GET", "/tag")) == 3
