"""Secoda's response to everything that can be wrong with a call, for every operation."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import httpx
import pytest

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.conftest import EmulatorUnderTest

CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"
DBT = "8c0f3d7e-41b5-4f0a-9a66-2d9b1e4c5f70"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
CSV = b"col_name,database,schema,name\nid,db,s,t\n"
JSONL = b'{"entity_type": "dashboard", "databuilder_id": "d", "group": "g"}\n'
MANIFEST = b'{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"}, "nodes": {}}'
RESULTS = b'{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"}, "results": []}'

NO_FILE = "No file was submitted."
NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}
WRONG_CREDENTIALS = {"detail": "Incorrect authentication credentials."}
NO_PERMISSION = {"detail": "You do not have permission to perform this action."}
NOT_FOUND = {"detail": "Not found."}
UUID = "Must be a valid UUID."
REQUIRED = {"integration": ["This field is required."]}


@dataclass(frozen=True)
class Sound:
    """A valid call: `files` and `fields` make a multipart body, `json` a JSON one."""

    method: str
    path: str
    status: int = 200
    files: dict[str, bytes] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    json: Any = None

    def options(self) -> dict[str, Any]:
        if self.files or self.fields:
            files = {name: (f"{name}.txt", content) for name, content in self.files.items()}
            return {"files": {**files, **{name: (None, text) for name, text in self.fields.items()}}}
        return {} if self.json is None else {"json": self.json}

    @property
    def by_id(self) -> bool:
        return CUSTOM in self.path or DBT in self.path

    def of(self, id: str) -> Sound:
        return replace(self, path=self.path.replace(CUSTOM, id).replace(DBT, id))


INTEGRATION = f"/integration/integrations/{CUSTOM}"
LEGACY = {"integration": DBT}
CALLS = {
    "listIntegrations": Sound("GET", "/integration/integrations"),
    "createIntegration": Sound("POST", "/integration/integrations", 201, json={"name": "New"}),
    "getIntegration": Sound("GET", INTEGRATION),
    "deleteIntegration": Sound("DELETE", INTEGRATION, 204),
    "importMetadata": Sound("POST", f"{INTEGRATION}/import_metadata", files={"file": CSV}),
    "importJsonlMetadata": Sound("POST", f"{INTEGRATION}/import_jsonl_metadata", files={"resources_file": JSONL}),
    "uploadDbtArtifacts": Sound(
        "POST", f"/integration/dbt/{DBT}/upload_artifacts/", files={"run_results": RESULTS, "manifest": MANIFEST}
    ),
    "triggerDbtSync": Sound("POST", f"/integration/dbt/{DBT}/trigger/"),
    "listDbtFailingTests": Sound("GET", f"/integration/dbt/{DBT}/failing_tests/"),
    "uploadDbtManifest": Sound("POST", "/integration/dbt/manifest/", files={"manifest_file": MANIFEST}, fields=LEGACY),
    "uploadDbtRunResult": Sound(
        "POST", "/integration/dbt/run_result/", files={"run_result_file": RESULTS}, fields=LEGACY
    ),
    "uploadDbtRunResults": Sound(
        "POST", "/integration/dbt/run_results/", files={"run_result_file": RESULTS}, fields=LEGACY
    ),
    "listSlackConversations": Sound("GET", "/api/v2/integration_v2/slack/conversations/list"),
}
UPLOADS = {name: sound for name, sound in CALLS.items() if sound.files}
OLDER_UPLOADS = {name: sound for name, sound in UPLOADS.items() if sound.fields}
WITH_BODY = {**UPLOADS, "createIntegration": CALLS["createIntegration"]}
ALLOWED = {
    "/integration/integrations": "GET, POST, HEAD",
    INTEGRATION: "DELETE, GET, HEAD",
    CALLS["listDbtFailingTests"].path: "GET, HEAD",
    CALLS["listSlackConversations"].path: "GET, HEAD",
}


@dataclass(frozen=True)
class Wrong:
    """A call with one error, and its response."""

    what: str
    operation: str
    method: str
    path: str
    status: int
    document: Any
    options: dict[str, Any] = field(default_factory=dict)
    rights: str | None = "full"
    headers: dict[str, str] = field(default_factory=dict)


def wrong(what: str, operation: str, status: int, document: Any, **changes: Any) -> Wrong:
    sound: Sound = changes.pop("sound", CALLS[operation])
    options = changes.pop("options", None)
    method = changes.pop("method", sound.method)
    given = sound.options() if options is None else options
    return Wrong(what, operation, method, sound.path, status, document, given, **changes)


def wrong_credentials() -> Iterator[Wrong]:
    challenge = {"WWW-Authenticate": "Bearer"}
    for name, sound in CALLS.items():
        yield wrong("no credential", name, 401, NO_CREDENTIALS, rights=None, headers=challenge)
        yield wrong("expired", name, 401, WRONG_CREDENTIALS, rights="expired", headers=challenge)
        for sent, document in {
            "Bearer nobody": WRONG_CREDENTIALS,
            "Bearer": WRONG_CREDENTIALS,
            "Basic c2Vjb2RhLXRva2Vu": NO_CREDENTIALS,
            "secoda-token": NO_CREDENTIALS,
        }.items():
            options = {**sound.options(), "headers": {"Authorization": sent}}
            yield wrong(sent, name, 401, document, rights=None, options=options, headers=challenge)
        if sound.method != "GET":
            yield wrong("read-only", name, 403, NO_PERMISSION, rights="read")


def wrong_ids() -> Iterator[Wrong]:
    for name, sound in CALLS.items():
        if sound.by_id:
            for id in (UNKNOWN, "1", "not-a-uuid", "%00", "d31e59c7cd5243989d6eda313a7b7775"):
                yield wrong(f"id {id}", name, 404, NOT_FOUND, sound=sound.of(id))
    for name, sound in OLDER_UPLOADS.items():
        unknown = replace(sound, fields={"integration": UNKNOWN})
        yield wrong("unknown id", name, 404, NOT_FOUND, sound=unknown)
        for field_name, text in product(("integration", "integration_id"), ("x", "", f" {DBT} ", f"{DBT}\0", "5")):
            malformed = replace(sound, fields={field_name: text})
            yield wrong(f"malformed id {text!r}", name, 400, {field_name: [UUID]}, sound=malformed)
        as_file = {"files": {**sound.options()["files"], "integration": ("id.txt", DBT)}}
        yield wrong("id as a file", name, 400, {"integration": [UUID]}, options=as_file)


def wrong_methods() -> Iterator[Wrong]:
    for name, sound in CALLS.items():
        for method in ("PUT", "PATCH", "OPTIONS"):
            document = {"detail": f'Method "{method}" not allowed.'}
            allowed = {"Allow": ALLOWED.get(sound.path, "POST")}
            yield wrong(method, name, 405, document, method=method, options={}, headers=allowed)


def wrong_content_types() -> Iterator[Wrong]:
    for name in WITH_BODY:
        for sent in ("", "text/plain", "application/xml; charset=utf-8"):
            headers = {"Content-Type": sent} if sent else {}
            document = {"detail": f'Unsupported media type "{sent}" in request.'}
            yield wrong(f"type {sent!r}", name, 415, document, options={"content": b"{}", "headers": headers})
    for name in UPLOADS:
        document = {"detail": 'Unsupported media type "application/json" in request.'}
        yield wrong("JSON", name, 415, document, options={"json": {"file": "path/to/your/file.csv"}})
    form = {"detail": 'Unsupported media type "application/x-www-form-urlencoded" in request.'}
    yield wrong("form", "createIntegration", 415, form, options={"data": {"name": "New"}})


def malformed_bodies() -> Iterator[Wrong]:
    expected = {
        b"{x}": "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        b'{"name": }': "Expecting value: line 1 column 10 (char 9)",
        b'{"name": "a"': "Expecting ',' delimiter: line 1 column 13 (char 12)",
        b"\n nonsense": "Expecting value: line 2 column 2 (char 2)",
    }
    for body, problem in expected.items():
        options = {"content": body, "headers": {"Content-Type": "application/json"}}
        document = {"detail": f"JSON parse error - {problem}"}
        yield wrong(f"JSON {body!r}", "createIntegration", 400, document, options=options)
    for name in UPLOADS:
        options = {"content": b'{"file": "path/to/your/file.csv"}', "headers": {"Content-Type": "multipart/form-data"}}
        document = {"detail": "Multipart form parse error - Invalid boundary in multipart: None"}
        yield wrong("no boundary", name, 400, document, options=options)


BLANK = "This field may not be blank."
NO_NULL = "Null characters are not allowed."


def wrong_texts() -> Iterator[tuple[Any, Any]]:
    """CharField's answers, each as Django REST framework 3.18 gave it."""
    for field_name in ("name", "type"):
        for text in ("   ", "\t\n", "\x1f", "\x85\u2028", "\u00a0\u3000"):
            yield {field_name: text}, {field_name: [BLANK]}
        yield {field_name: "a\0b"}, {field_name: [NO_NULL]}
        for text, code in {"a\ud800b": "D800", "\udfff\ud800": "DFFF", "é\udc00": "DC00"}.items():
            yield {field_name: text}, {field_name: [f"Surrogate characters are not allowed: U+{code}."]}
    both = {"name": [NO_NULL, "Surrogate characters are not allowed: U+D800."]}
    yield {"name": "\ud800\0"}, both
    yield (
        {"name": "\ud800\0", "type": None, "teams": 5},
        {
            **both,
            "type": ["This field may not be null."],
            "teams": ['Expected a list of items but got type "int".'],
        },
    )


def wrong_types() -> Iterator[Wrong]:
    cases: list[tuple[Any, Any]] = [
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
        ("text", {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]}),
        (None, {"non_field_errors": ["No data provided"]}),
        (True, {"non_field_errors": ["Invalid data. Expected a dictionary, but got bool."]}),
        ({"name": None}, {"name": ["This field may not be null."]}),
        ({"name": ""}, {"name": ["This field may not be blank."]}),
        ({"name": True}, {"name": ["Not a valid string."]}),
        ({"name": ["a"], "type": {}}, {"name": ["Not a valid string."], "type": ["Not a valid string."]}),
        ({"teams": "x"}, {"teams": ['Expected a list of items but got type "str".']}),
        ({"teams": {"a": 1}}, {"teams": ['Expected a list of items but got type "dict".']}),
        (
            {"teams": ["x", UNKNOWN, 1.5, None, [], -1]},
            {"teams": {"3": ["This field may not be null."], **{place: [UUID] for place in ("0", "2", "4", "5")}}},
        ),
        ({"credentials": "x"}, {"credentials": ['Expected a dictionary of items but got type "str".']}),
        ({"credentials": None}, {"credentials": ["This field may not be null."]}),
    ]
    for body, document in [*cases, *wrong_texts()]:
        sent = {"content": json.dumps(body).encode(), "headers": {"Content-Type": "application/json"}}
        yield wrong(f"body {body!r}", "createIntegration", 400, document, options=sent)
    for page in (
        "0",
        "-1",
        "x",
        "1.5",
        "99",
        "99999999999999999999",
        "1e0",
        "2_0",
        "%00",
        "%ff",
        "1&page=x",
        "9" * 5000,
    ):
        sound = Sound("GET", f"/integration/integrations?page={page}")
        yield wrong(f"page {page[:20]}", "listIntegrations", 404, {"detail": "Invalid page."}, sound=sound)


def wrong_files() -> Iterator[Wrong]:
    for name, sound in UPLOADS.items():
        missing = {file: [NO_FILE] for file in sound.files}
        for what, options in {
            "empty body": {},
            "empty body without a type": {"content": b""},
            "other part": {"files": {"other": ("other.txt", b"x")}},
        }.items():
            # A multipart body is looked into; without one, an older upload complains about its file first, too.
            yield wrong(what, name, 400, missing, options=options)
        for file in sound.files:
            empty = replace(sound, files={**sound.files, file: b""})
            yield wrong("empty file", name, 400, {file: ["The submitted file is empty."]}, sound=empty)
            rest = {other: content for other, content in sound.files.items() if other != file}
            plain = replace(sound, files=rest, fields={**sound.fields, file: "path/to/your/file.csv"})
            text = "The submitted data was not a file. Check the encoding type on the form."
            yield wrong("plain field", name, 400, {file: [text]}, sound=plain)
    for name, sound in OLDER_UPLOADS.items():
        yield wrong("no integration", name, 400, REQUIRED, sound=replace(sound, fields={}))
    empty = replace(CALLS["importJsonlMetadata"], files={"resources_file": JSONL, "lineages_file": b""})
    document = {"lineages_file": ["The submitted file is empty."]}
    yield wrong("empty lineage", "importJsonlMetadata", 400, document, sound=empty)


TABLE = [
    *wrong_credentials(),
    *wrong_ids(),
    *wrong_methods(),
    *wrong_content_types(),
    *malformed_bodies(),
    *wrong_types(),
    *wrong_files(),
]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: f"{case.operation} {case.what}")
def test_secoda_words_the_refusal(emulator: EmulatorUnderTest, case: Wrong) -> None:
    before = emulator.records("secoda.integrations"), emulator.records("secoda.syncs")
    reply = emulator.call("secoda", case.method, case.path, rights=case.rights, **case.options)
    assert (reply.status_code, reply.json()) == (case.status, case.document)
    assert reply.headers["Content-Type"] == "application/json"
    assert {name: reply.headers[name] for name in case.headers} == case.headers
    assert (emulator.records("secoda.integrations"), emulator.records("secoda.syncs")) == before


def test_the_table_contains_every_operation_but_neighbours(catalogue: Catalogue) -> None:
    handled = catalogue.contracts["secoda"].handled
    assert set(CALLS) == {name for name, operation in handled.items() if not operation.is_neighbour}


@pytest.mark.parametrize("operation", CALLS)
def test_a_sound_call_is_served(emulator: EmulatorUnderTest, operation: str) -> None:
    sound = CALLS[operation]
    reply = emulator.call("secoda", sound.method, sound.path, **sound.options())
    assert reply.status_code == sound.status
    assert emulator.exchanges()[-1].violations == ()


@pytest.mark.parametrize("operation", [name for name, sound in CALLS.items() if sound.method == "GET"])
def test_a_read_only_user_can_read(emulator: EmulatorUnderTest, operation: str) -> None:
    assert emulator.call("secoda", "GET", CALLS[operation].path, rights="read").status_code == 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/integration", "/integration/integrations/a/b", "/integration/dbt/manifest/x"]
)
def test_an_unknown_path_is_djangos_html_page(emulator: EmulatorUnderTest, catalogue: Catalogue, path: str) -> None:
    reply = emulator.call("secoda", "GET", path)
    assert reply.status_code == 404
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    examples = catalogue.contracts["secoda"].unmatched[404].media["text/html"].examples
    assert reply.text == examples["django"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"name": 5, "type": 1.5}', {"name": "5", "type": "1.5"}),
        ('{"name": 123456789012345678901234567890}', {"name": "123456789012345678901234567890"}),
        (f'{{"name": {"9" * 4300}}}', {"name": "9" * 4300}),
        ('{"name": 1.0, "type": 1e22}', {"name": "1.0", "type": "1e+22"}),
        ('{"name": 1e400}', {"name": "inf"}),
        ('{"unknown": 1}', {"name": "Untitled"}),
        ('{"teams": ["D31E59C7CD5243989D6EDA313A7B7775"]}', {"teams": [CUSTOM]}),
        ('{"teams": [1]}', {"teams": ["00000000-0000-0000-0000-000000000001"]}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_django_rest_framework_tolerates_is_served_and_recorded(
    emulator: EmulatorUnderTest, body: str, found: dict[str, Any]
) -> None:
    options: dict[str, Any] = {"content": body, "headers": {"Content-Type": "application/json"}}
    reply = emulator.call("secoda", "POST", "/integration/integrations", **options)
    assert reply.status_code == 201
    assert {name: reply.json()[name] for name in found} == found
    if "D31E" not in body:
        assert emulator.exchanges()[-1].call_violations


@pytest.mark.parametrize("text", ["  x  ", "\n x", "\u00a0\u3000x\u2003"])
def test_white_space_around_a_text_is_left_out(emulator: EmulatorUnderTest, text: str) -> None:
    reply = emulator.call("secoda", "POST", "/integration/integrations", json={"name": text, "type": text})
    assert (reply.json()["name"], reply.json()["type"]) == ("x", "x")


def test_of_endless_violations_the_first_hundred_are_worded(emulator: EmulatorUnderTest) -> None:
    body = {"teams": ["x"] * 50_000}
    reply = emulator.call("secoda", "POST", "/integration/integrations", json=body)
    assert (reply.status_code, reply.json()) == (400, {"teams": {str(n): [UUID] for n in range(100)}})
    assert len(emulator.exchanges()[-1].call_violations) == 100


def test_a_violation_behind_endless_others_that_are_tolerated_is_refused(emulator: EmulatorUnderTest) -> None:
    unknown = {f"unknown{number}": 1 for number in range(1000)}
    for body, document in (
        ({**unknown, "name": True}, {"name": ["Not a valid string."]}),
        ({"teams": [1] * 1000 + [[]]}, {"teams": {"1000": [UUID]}}),
        ({"teams": [1] * 1000 + [-1]}, {"teams": {"1000": [UUID]}}),
    ):
        reply = emulator.call("secoda", "POST", "/integration/integrations", json=body)
        assert (reply.status_code, reply.json()) == (400, document)


UNKNOWN_PARAMETER = {"page": ["'page' is not one of the query parameters of the contract"]}


@pytest.mark.parametrize("operation", [name for name in CALLS if name != "listIntegrations"])
def test_a_page_is_asked_for_in_vain_where_there_are_none(emulator: EmulatorUnderTest, operation: str) -> None:
    sound = CALLS[operation]
    reply = emulator.call("secoda", sound.method, f"{sound.path}?page=2", **sound.options())
    assert reply.status_code == sound.status
    assert [violation.pointer for violation in emulator.exchanges()[-1].call_violations] == ["/page"]


def encoded_bodies() -> Iterator[Wrong]:
    """Django reads bytes as they are, whatever Content-Encoding says of them."""
    for encoding in ("gzip", "deflate", "br", "zstd", "xyz"):
        packed = gzip.compress(b'{"name": "New"}', mtime=0)
        problem = "'utf-8' codec can't decode byte 0x8b in position 1: invalid start byte"
        sent = {"Content-Type": "application/json", "Content-Encoding": encoding}
        document = {"detail": f"JSON parse error - {problem}"}
        yield wrong(encoding, "createIntegration", 400, document, options={"content": packed, "headers": sent})
        for name, sound in UPLOADS.items():
            request = httpx.Request("POST", "http://secoda.test", **sound.options())
            headers = {"Content-Type": request.headers["Content-Type"], "Content-Encoding": encoding}
            options = {"content": gzip.compress(request.read()), "headers": headers}
            yield wrong(encoding, name, 400, {file: [NO_FILE] for file in sound.files}, options=options)


@pytest.mark.parametrize("case", list(encoded_bodies()), ids=lambda case: f"{case.operation} {case.what}")
def test_an_encoded_body_is_read_as_the_bytes_that_it_is(emulator: EmulatorUnderTest, case: Wrong) -> None:
    reply = emulator.call("secoda", case.method, case.path, **case.options)
    assert (reply.status_code, reply.json()) == (case.status, case.document)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity"])
def test_content_encoding_is_ignored_for_plain_bodies(emulator: EmulatorUnderTest, encoding: str) -> None:
    for operation in ("createIntegration", "importMetadata"):
        sound = CALLS[operation]
        headers = {"Content-Encoding": encoding}
        assert (
            emulator.call("secoda", "POST", sound.path, headers=headers, **sound.options()).status_code == sound.status
        )


def test_a_content_type_that_is_not_ascii_is_unsupported(emulator: EmulatorUnderTest) -> None:
    headers: dict[Any, Any] = {b"Content-Type": b"text/\xe9", b"Authorization": b"Bearer secoda-token"}
    url = f"{emulator.url('secoda')}/integration/integrations"
    reply = httpx.post(url, content=b"{}", headers=headers)
    assert (reply.status_code, reply.json()) == (415, {"detail": 'Unsupported media type "text/é" in request.'})


@pytest.fixture(scope="module")
def strict(catalogue: Catalogue) -> Iterator[ThreadedServer]:
    """A server in strict mode."""
    with ThreadedServer(Emulator(read_settings({"port": 0, "strict": True}), catalogue)) as server:
        yield server


@pytest.mark.parametrize("operation", [name for name in CALLS if name != "listIntegrations"])
def test_strict_refuses_an_unknown_parameter_with_400(strict: ThreadedServer, operation: str) -> None:
    sound = CALLS[operation]
    url = f"{strict.url}/secoda/api/v1{sound.path}?page=2"
    headers = {"Authorization": "Bearer secoda-token"}
    reply = httpx.request(sound.method, url, headers=headers, **sound.options())
    assert (reply.status_code, reply.json()) == (400, UNKNOWN_PARAMETER)


def test_our_own_failure_is_djangos_html_page(catalogue: Catalogue) -> None:
    vendor, contract = catalogue.vendors["secoda"], catalogue.contracts["secoda"]
    reply = vendor.dialect.broken(None)  # type: ignore[arg-type]
    examples = contract.operations["listIntegrations"].responses[500].media["text/html"].examples
    assert (reply.status, reply.content.decode()) == (500, examples["django"])
