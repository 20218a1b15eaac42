"""What is inferred from a bare OpenAPI document: a table of rules, and documents served as they are."""
# ruff: noqa: E501 - a table: rule, document, words

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.app import Emulator
from emulator.catalogue import read_catalogue
from emulator.contract.openapi import read_contract
from emulator.declared.inference import Guesses, infer
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.own_vendor import body, ref

PET: dict[str, Any] = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "tag": {"type": "string"},
        "weight": {"type": "integer"},
        "country_code": {"type": "string"},
        "ownerId": {"type": "string"},
        "born": {"type": "string", "format": "date"},
        "created_at": {"type": "string", "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
    },
}
OWNER: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
NAMED = {"allOf": [ref("Pet"), {"type": "object", "properties": {"trained": {"type": "boolean"}}}]}
PETS = {"type": "array", "items": ref("Pet")}


def op(reply: Any = None, status: str = "200", sent: Any = None, query: Mapping[str, Any] | None = None) -> Any:
    """Return an Operation Object without a name; `query` has the schemas of parameters."""
    parameters = [{"name": name, "in": "query", "schema": schema} for name, schema in (query or {}).items()]
    more = {} if sent is None else {"requestBody": body(sent)}
    described = {"description": ""} if reply is None else body(reply)
    return {"responses": {status: described}, "parameters": parameters, **more}


def bare(paths: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with these operations by "get /pets"; path parameters are declared."""
    document: dict[str, Any] = {
        "openapi": "3.0.3",
        "info": {"title": "Zoo", "version": "1"},
        "paths": {},
        "components": {"schemas": {"Pet": PET, "Owner": OWNER, "Named": NAMED}},
    }
    for called, described in paths.items():
        method, _, path = called.partition(" ")
        names = [one.strip("{}") for one in path.split("/") if one.startswith("{")]
        text = {"type": "string"}
        declared = [{"name": name, "in": "path", "required": True, "schema": text} for name in names]
        operation = {**described, "parameters": [*declared, *described["parameters"]]}
        document["paths"].setdefault(path, {})[method] = operation
    made: dict[str, Any] = json.loads(json.dumps(document))
    return made


def written(folder: Path, document: Any, name: str = "zoo.yaml") -> Path:
    file = folder / name
    file.write_text(json.dumps(document, indent=1), "utf-8")
    return file


def guessed(folder: Path, paths: Mapping[str, Any]) -> Guesses:
    return infer(read_contract(written(folder, bare(paths)), is_public=True, vendor="zoo")).guesses


def actions(guesses: Guesses) -> dict[str, str]:
    """Return collection and action by operation: "pets list"."""
    return {name: f"{one.words['collection']} {one.words['action']}" for name, one in guesses.operations.items()}


@contextmanager
def served(file: Path, **settings: Any) -> Iterator[httpx.Client]:
    """Serve a document alone, as the vendor zoo."""
    read = read_settings({"port": 0, "access_log": False, **settings})
    with ThreadedServer(Emulator(read, read_catalogue({}, homes={"zoo": file}))) as server:
        url = server.url + server.server.emulator.catalogue.contracts["zoo"].base_path
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer zoo-token"}) as client:
            yield client


LIST, ITEM, MADE = (
    {"get /pets": op(PETS)},
    {"get /pets/{petId}": op(ref("Pet"))},
    {"post /pets": op(ref("Pet"), "201", ref("Pet"))},
)
ONE = {"type": "object", "properties": {"data": ref("Pet")}}
TEXT, WHOLE = {"type": "string"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param({**LIST, **ITEM, **MADE}, {"getPets": "pets list", "postPets": "pets create", "getPetsPetId": "pets get"}, id="1-item-path"),
        pytest.param({**LIST}, {"getPets": "pets list"}, id="2-array-is-a-list"),
        pytest.param({"get /pets": op({**PETS, "minItems": 1})}, {}, id="2-array-that-must-not-be-empty-is-none"),
        pytest.param({"get /pets": op({"type": "object", "properties": {"items": PETS, "total": WHOLE}})}, {"getPets": "pets list"}, id="2-envelope-is-a-list"),
        pytest.param({"get /pets": op({"type": "object", "properties": {"pets": PETS}})}, {"getPets": "pets list"}, id="2-envelope-named-as-the-path"),
        pytest.param({"get /pets/{petId}": op(ONE)}, {"getPetsPetId": "pets get"}, id="2-record-is-unwrapped"),
        pytest.param({"get /pets/{category}": op(PETS)}, {"getPetsCategory": "pets list"}, id="2-item-path-that-lists-is-a-list"),
        pytest.param({"get /report": op({"type": "object", "properties": {"pets": PETS, "owners": {"type": "array", "items": ref("Owner")}}})}, {}, id="2-two-lists-are-none"),
        pytest.param({"get /pets/{petId}": {"responses": {"200": body(TEXT, "image/png")}, "parameters": []}}, {}, id="2-no-json"),
        pytest.param({"post /login": op({"type": "object", "properties": {"token": TEXT}}, "200", {"type": "object"})}, {}, id="3-post-alone-is-no-create"),
        pytest.param({**ITEM, "get /pets/findByTag": op(PETS)}, {"getPetsPetId": "pets get", "getPetsFindByTag": "pets list"}, id="4-same-records-elsewhere"),
        pytest.param({**ITEM, "get /trained": op({"type": "array", "items": ref("Named")})}, {"getPetsPetId": "pets get", "getTrained": "pets list"}, id="4-extended-records-elsewhere"),
        pytest.param({**ITEM, **MADE, "put /pets/{petId}": op(ref("Pet"), sent=ref("Pet"))}, {"getPetsPetId": "pets get", "postPets": "pets create", "putPetsPetId": "pets replace"}, id="5-put-replaces"),
        pytest.param({**ITEM, **MADE, "put /pets/{petId}": op(ref("Pet"), sent={"type": "object", "properties": {"tag": TEXT}})}, {"getPetsPetId": "pets get", "postPets": "pets create", "putPetsPetId": "pets patch"}, id="5-put-that-requires-less-patches"),
        pytest.param({**ITEM, "patch /pets/{petId}": op(ref("Pet"), sent={"type": "object"}), "delete /pets/{petId}": op(status="204")}, {"getPetsPetId": "pets get", "patchPetsPetId": "pets patch", "deletePetsPetId": "pets delete"}, id="5-patch-and-delete"),
        pytest.param({**ITEM, "get /zoos/{zooId}/pets": op(PETS), "post /zoos/{zooId}/pets": op(ref("Pet"), "201", ref("Pet"))}, {"getPetsPetId": "pets get", "getZoosZooIdPets": "pets list", "postZoosZooIdPets": "pets create"}, id="5-create-where-it-is-listed"),
        pytest.param({**ITEM, "get /zoos/{zooId}/pets": op(PETS), "post /zoos/{zooId}/pets": op(ref("Pet"), "201", {"type": "object", "properties": {"petId": TEXT}})}, {"getPetsPetId": "pets get", "getZoosZooIdPets": "pets list"}, id="5-no-create-of-a-relation"),
        pytest.param({**ITEM, "put /pets": op(ref("Pet"), sent=ref("Pet"))}, {"getPetsPetId": "pets get", "putPets": "pets replace"}, id="5-key-in-the-body"),
        pytest.param({**ITEM, "post /pets/createMany": op(PETS, sent=PETS)}, {"getPetsPetId": "pets get", "postPetsCreateMany": "pets create"}, id="5-array-creates-each"),
        pytest.param({**LIST, "delete /pets": op(status="204")}, {"getPets": "pets list"}, id="5-never-a-mass-delete"),
        pytest.param({**ITEM, "post /pets/{petId}/clone": op(ref("Pet"), "201", ref("Pet"))}, {"getPetsPetId": "pets get"}, id="8-action-below-a-record"),
    ],
)  # fmt: skip
def test_action_of_each_operation(tmp_path: Path, paths: Mapping[str, Any], expected: Mapping[str, str]) -> None:
    assert actions(guessed(tmp_path, paths)) == expected


@pytest.mark.parametrize(
    ("parameter", "properties", "key"),
    [
        ("petId", {"id": TEXT, "name": TEXT}, "id"),
        ("username", {"id": WHOLE, "username": TEXT}, "username"),
        ("pet_gid", {"gid": TEXT, "name": TEXT}, "gid"),
        ("id", {"petId": TEXT, "name": TEXT}, "petId"),
        ("eventName", {"name": TEXT, "place": TEXT}, "name"),
        ("dataSourceId", {"dataSource": WHOLE, "id": WHOLE}, "dataSource"),
    ],
)
def test_key_by_path_parameter(tmp_path: Path, parameter: str, properties: Any, key: str) -> None:
    reply = {"type": "object", "properties": properties}
    words = guessed(tmp_path, {f"get /pets/{{{parameter}}}": op(reply)}).collections["pets"]
    assert words.get("key", "id") == key


def test_record_without_a_key_replies_by_example(tmp_path: Path) -> None:
    reply = {"type": "object", "properties": {"color": TEXT}}
    assert guessed(tmp_path, {"get /pets/{petId}": op(reply)}).operations == {}


@pytest.mark.parametrize(
    ("key", "is_required", "id"),
    [
        ({"type": "integer"}, False, None),
        ({"type": "string"}, False, None),
        ({"type": "string", "example": "12345"}, False, "{digits:5}"),
        ({"type": "string", "maxLength": 8}, False, "{alnum:8}"),
        ({"type": "string"}, True, "client"),
        ({"type": "string", "readOnly": True}, True, None),
    ],
)
def test_id_by_the_schema_of_the_key(tmp_path: Path, key: Any, is_required: bool, id: str | None) -> None:
    pet = {"type": "object", "properties": {"id": key}, "required": ["id"] if is_required else []}
    paths = {"get /pets/{id}": op(pet), "post /pets": op(pet, "201", pet)}
    assert guessed(tmp_path, paths).collections["pets"].get("id") == id


def test_timestamps_and_parents_by_name(tmp_path: Path) -> None:
    owners = {"get /owners/{ownerId}": op(ref("Owner"))}
    guesses = guessed(tmp_path, ITEM)
    assert guesses.collections["pets"] == {"timestamps": {"created": "created_at", "updated": "updated_at"}}
    below = guessed(
        tmp_path, {**owners, "get /owners/{ownerId}/pets": op(PETS), "get /owners/{ownerId}/pets/{id}": op(ref("Pet"))}
    )
    assert below.collections["pets"]["references"] == {"ownerId": "owners"}
    assert "ignore" not in below.operations["getOwnersOwnerIdPets"].words


def test_parent_is_known_wherever_the_records_are_listed(tmp_path: Path) -> None:
    owners = {"get /owners/{ownerId}": op(ref("Owner"))}
    elsewhere = guessed(tmp_path, {**owners, **ITEM, "get /owners/{ownerId}/pets": op(PETS)})
    assert elsewhere.collections["pets"]["references"] == {"ownerId": "owners"}
    assert "ignore" not in elsewhere.operations["getOwnersOwnerIdPets"].words


def test_parent_that_no_property_refers_to_is_ignored_and_listed(tmp_path: Path) -> None:
    paths = {"get /zoos/{zooId}/pets": op(PETS), "get /zoos/{zooId}/pets/{id}": op(ref("Pet"))}
    guess = guessed(tmp_path, paths).operations["getZoosZooIdPets"]
    assert guess.words["ignore"] == ["zooId"]
    assert guess.note == "pets list, rule 5; ignored: zooId"


@pytest.mark.parametrize(
    ("query", "parameters", "size"),
    [
        ({"page": WHOLE, "per_page": {"type": "integer", "default": 5, "maximum": 9}}, {"page": "page", "size": "per_page"}, {"default": 5, "maximum": 9}),
        ({"offset": WHOLE, "limit": WHOLE}, {"offset": "offset", "size": "limit"}, None),
        ({"page_token": TEXT, "limit": WHOLE}, {"cursor": "page_token", "size": "limit"}, None),
        ({"page": WHOLE, "q": TEXT}, {"page": "page", "search": "q"}, None),
    ],
)  # fmt: skip
def test_paging_by_the_names_of_parameters(tmp_path: Path, query: Any, parameters: Any, size: Any) -> None:
    guesses = guessed(tmp_path, {"get /pets": op(PETS, query=query)})
    ((name, strategy),) = guesses.paging.items()
    assert guesses.operations["getPets"].words["paging"] == name
    assert (strategy["parameters"], strategy.get("size")) == (parameters, size)


@pytest.mark.parametrize(
    ("name", "schema", "condition"),
    [
        ("tag", TEXT, "tag"),
        ("owner_id", TEXT, "ownerId"),
        ("country", TEXT, "country_code"),
        ("startDate", TEXT, "born gte"),
        ("until", TEXT, "born lte"),
        ("created_after", TEXT, "created_at gte"),
        ("updatedBefore", TEXT, "updated_at lte"),
        ("min_weight", WHOLE, "weight gte"),
        ("weight[lt]", WHOLE, "weight lt"),
        ("size_after", TEXT, None),
        ("tag", WHOLE, None),
        ("color", TEXT, None),
    ],
)
def test_filter_by_the_name_of_a_parameter(tmp_path: Path, name: str, schema: Any, condition: str | None) -> None:
    guess = guessed(tmp_path, {"get /pets": op(PETS, query={name: schema})}).operations["getPets"]
    assert guess.words["filter"] == ({name: condition} if condition else {})
    assert guess.ignored == (() if condition else (name,))


def test_bare_document_is_served_with_state(tmp_path: Path) -> None:
    paths = {**LIST, **ITEM, **MADE, "delete /pets/{petId}": op(status="204")}
    with served(written(tmp_path, bare(paths))) as client:
        assert len(client.get("/pets").json()) == 3
        pet = client.post("/pets", json={"id": 77, "name": "Rex"}).json()
        assert (pet["name"], pet["created_at"][:2]) == ("Rex", "20")
        assert pet in client.get("/pets").json()
        assert client.delete(f"/pets/{pet['id']}").status_code == 204
        missing = client.get(f"/pets/{pet['id']}")
        assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/problem+json")
        assert client.post("/pets", json={"id": 78, "name": 1}).status_code == 422
        assert client.put("/pets", json={}).status_code == 405
        assert client.get("/nowhere").status_code == 404


def test_first_records_that_cannot_be_generated_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    zoo = bare({**LIST, **ITEM, **MADE})
    zoo["components"]["schemas"]["Pet"]["properties"]["name"]["not"] = {"pattern": "^[0-9a-f]"}
    with served(written(tmp_path, zoo)) as client:
        assert (client.get("/pets").status_code, client.get("/pets").json()) == (200, [])
        assert client.post("/pets", json={"id": 1, "name": "Rex"}).status_code == 201
    assert "zoo.pets: no record can be generated that fits its schema" in caplog.text


def test_generated_keys_and_fields_match_the_patterns_of_their_schemas(tmp_path: Path) -> None:
    pet: dict[str, Any] = {
        "type": "object",
        "required": ["id", "name", "chip", "weight"],
        "properties": {
            "id": {"type": "string", "pattern": "^pet_[a-z]{6}$", "readOnly": True},
            "name": {"type": "string"},
            "chip": {"type": "string", "pattern": r"^\d{3}-\d{4}$", "readOnly": True},
            "weight": {"type": "integer", "exclusiveMinimum": 10, "multipleOf": 4, "readOnly": True},
        },
    }
    zoo = bare({**LIST, **ITEM, **MADE})
    zoo["components"]["schemas"]["Pet"] = pet
    zoo["openapi"] = "3.1.0"
    with served(written(tmp_path, zoo)) as client:
        created = client.post("/pets", json={"name": "Rex"}).json()
        assert re.fullmatch(r"pet_[a-z]{6}", created["id"])
        assert (created["name"], created["weight"]) == ("Rex", 12)
        listed = client.get("/pets").json()
        assert client.get(f"/pets/{created['id']}").json() == created
    assert [bool(re.fullmatch(r"\d{3}-\d{4}", one["chip"])) for one in listed] == [True] * 4


def test_collection_begins_with_the_valid_records_in_examples(tmp_path: Path) -> None:
    one, two, wrong = {"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}, {"id": 3, "name": 3}
    document = bare({**LIST, **ITEM, **MADE})
    content = document["paths"]["/pets"]["get"]["responses"]["200"]["content"]["application/json"]
    content["example"] = [{**one, "name": "Old"}, two, wrong, {"name": "no key"}]
    content = document["paths"]["/pets/{petId}"]["get"]["responses"]["200"]["content"]["application/json"]
    content["examples"] = {"ann": {"value": one}}
    with served(written(tmp_path, document)) as client:
        assert client.get("/pets").json() == [one, two]
        assert client.get("/pets/2").json() == two
        assert client.post("/pets", json=two).status_code == 409


@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize(
    "target", [{"operationId": "getPetsPetId"}, {"operationRef": "#/paths/~1pets~1{petId}/get"}], ids=["id", "ref"]
)
def test_link_names_the_key(target: Any, is_shared: bool, tmp_path: Path) -> None:
    document = bare({**ITEM, **MADE})
    link = {**target, "parameters": {"petId": "$response.body#/data/tag"}}
    if is_shared:
        document["components"]["links"], link = {"GetPet": link}, {"$ref": "#/components/links/GetPet"}
    document["paths"]["/pets"]["post"]["responses"]["201"]["links"] = {"get": link}
    guesses = infer(read_contract(written(tmp_path, document), is_public=True, vendor="zoo")).guesses
    assert guesses.collections["pets"]["key"] == "tag"


SETTINGS = {"type": "object", "required": ["theme", "size"], "properties": {"theme": TEXT, "size": WHOLE}}


def test_singleton_is_read_from_its_example_and_written_for_each_parent(tmp_path: Path) -> None:
    change = {"type": "object", "properties": {"theme": TEXT}}
    paths = {
        **{**LIST, **ITEM, **MADE},
        "get /pets/{petId}/settings": op(SETTINGS),
        "put /pets/{petId}/settings": op(SETTINGS, sent=SETTINGS),
        "patch /pets/{petId}/settings": op(SETTINGS, sent=change),
        "delete /pets/{petId}/settings": op(status="204"),
    }
    document = bare(paths)
    got = document["paths"]["/pets/{petId}/settings"]["get"]["responses"]["200"]["content"]["application/json"]
    got["example"] = {"theme": "light", "size": 3}
    guesses = infer(read_contract(written(tmp_path, document), is_public=True, vendor="zoo")).guesses
    assert guesses.collections["settings"] == {"singleton": "pets"}
    assert guesses.operations["getPetsPetIdSettings"].note == "settings get, rule 7"
    with served(written(tmp_path, document)) as client:
        one, two = (f"/pets/{pet['id']}/settings" for pet in client.get("/pets").json()[:2])
        assert client.get(one).json() == {"theme": "light", "size": 3}
        assert client.patch(one, json={"theme": "dark"}).json() == {"theme": "dark", "size": 3}
        assert client.get(one).json() == {"theme": "dark", "size": 3}
        assert client.put(two, json={"theme": "blue", "size": 1}).json() == {"theme": "blue", "size": 1}
        assert client.delete(one).status_code == 204
        assert client.get(one).json() == {"theme": "light", "size": 3}
        assert client.get("/pets/987654/settings").status_code == 404


def test_singleton_without_example_stays_as_it_was_generated(tmp_path: Path) -> None:
    paths = {
        **LIST,
        **ITEM,
        **MADE,
        "get /pets/{petId}/settings": op(SETTINGS),
        "patch /pets/{petId}/settings": op(SETTINGS, sent=SETTINGS),
    }
    with served(written(tmp_path, bare(paths))) as client:
        path = f"/pets/{client.get('/pets').json()[0]['id']}/settings"
        assert client.get(path).json() == client.get(path).json()


def test_served_contract_contains_what_was_added_and_inferred(tmp_path: Path) -> None:
    with served(written(tmp_path, bare({**LIST, **ITEM, **MADE}))) as client:
        root = str(client.base_url).partition("/zoo")[0]
        document = client.get(f"{root}/_emulator/contracts/zoo/openapi.yaml").json()
    described = document["paths"]["/pets"]["get"]
    assert described["x-emulator"] == {"collection": "pets", "action": "list", "paging": "none", "filter": {}}
    assert {"401", "403", "404", "413", "415", "422", "429", "500"} <= described["responses"].keys()


def test_words_in_the_document_and_in_an_overlay_go_before_guesses(tmp_path: Path) -> None:
    document = bare({**LIST, **ITEM, "put /pets/{petId}": op(ref("Pet"), sent=ref("Pet"))})
    document["paths"]["/pets"]["get"]["x-emulator"] = {"reply": {"body": []}}
    file = written(tmp_path, document)
    action = {"target": "$.paths.*.put", "update": {"x-emulator": {"collection": "pets", "action": "patch"}}}
    overlay = {"overlay": "1.0.0", "info": {"title": "Zoo", "version": "1"}, "actions": [action]}
    written(tmp_path, overlay, "zoo.overlay.yaml")
    ways = read_catalogue({}, homes={"zoo": file}).ways["zoo"]
    assert ways == {"getPets": "declared", "getPetsPetId": "inferred", "putPetsPetId": "declared"}


def test_envelope_without_pages_has_no_null_where_none_is_allowed(tmp_path: Path) -> None:
    envelope = {"type": "object", "properties": {"items": PETS, "total": WHOLE, "limit": TEXT, "next": TEXT}}
    with served(written(tmp_path, bare({**ITEM, **MADE, "get /pets": op(envelope)}))) as client:
        listed = client.get("/pets").json()
    assert (listed["total"], listed["limit"], "next" in listed) == (3, "3", False)


def test_what_is_only_written_is_not_replied_at_any_depth(tmp_path: Path) -> None:
    signer = {"type": "object", "properties": {"name": TEXT, "password": {"type": "string", "writeOnly": True}}}
    pet = {"type": "object", "properties": {"id": WHOLE, "signers": {"type": "array", "items": signer}}}
    paths = {"get /pets/{id}": op(pet), "post /pets": op(pet, "201", pet)}
    with served(written(tmp_path, bare(paths))) as client:
        made = client.post("/pets", json={"signers": [{"name": "A", "password": "secret"}]})
        assert made.json()["signers"] == [{"name": "A"}]


def test_operation_of_a_method_that_is_not_served_is_left_out(tmp_path: Path) -> None:
    document = bare({**LIST, **MADE, "options /pets": op()})
    with served(written(tmp_path, document)) as client:
        assert client.options("/pets").status_code == 405
