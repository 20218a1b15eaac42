"""The made-up vendors are folders outside: Acme with Python, Initech with every word of declared behaviour."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml
from click.testing import CliRunner

from emulator.app import Emulator
from emulator.catalogue import read_catalogue
from emulator.cli.main import commands
from emulator.declared import words
from emulator.declared.filtering import OPERATORS
from emulator.declared.ids import STRATEGIES
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings

MADE_UP = Path(__file__).parent / "made_up"
SCHEMA: dict[str, Any] = json.loads(Path(words.__file__).with_name("words.schema.json").read_text("utf-8"))
NOT_TOGETHER = {"errors/style=example", "collection/delete=remove"}
"""A vendor has one style; that a delete removes is also what happens without the word."""


def resolved(schema: Any) -> tuple[str, Any]:
    """Return a schema behind references, and its name if it has one."""
    name = ""
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = SCHEMA["$defs"][name]
    return name, schema


def known(schema: Any, path: str) -> Iterator[str]:
    """Yield the path of each word, and each value that is one of a few."""
    name, schema = resolved(schema)
    path = name or path
    yield from (f"{path}={value}" for value in schema.get("enum", ()))
    for word, below in schema.get("properties", {}).items():
        yield f"{path}/{word}"
        yield from known(below, f"{path}/{word}")
    for part in ("additionalProperties", "items", "then", "else"):
        if isinstance(schema.get(part), dict):
            yield from known(schema[part], path)


def used(schema: Any, value: Any, path: str) -> Iterator[str]:
    """Yield those that a declaration uses."""
    name, schema = resolved(schema)
    path = name or path
    if "if" in schema:
        is_first = isinstance(value, dict if schema["if"]["type"] == "object" else list)
        yield from used(schema["then" if is_first else "else"], value, path)
    if value in schema.get("enum", ()):
        yield f"{path}={value}"
    for word, below in value.items() if isinstance(value, dict) else ():
        others = schema.get("additionalProperties")
        if word in schema.get("properties", {}):
            yield f"{path}/{word}"
            yield from used(schema["properties"][word], below, f"{path}/{word}")
        elif isinstance(others, dict):
            yield from used(others, below, path)
    for one in value if isinstance(value, list) and "items" in schema else ():
        yield from used(schema["items"], one, path)


def declarations() -> tuple[Any, list[Any]]:
    document = yaml.safe_load((MADE_UP / "initech" / "openapi.yaml").read_text("utf-8"))
    described = [one for path in document["paths"].values() for name, one in path.items() if name != "parameters"]
    return document["x-emulator"], [one["x-emulator"] for one in described]


def test_every_word_is_used() -> None:
    root, operations = declarations()
    found = set(used({"$ref": "#/$defs/root"}, root, "root"))
    found |= {one for words in operations for one in used({"$ref": "#/$defs/operation"}, words, "operation")}
    every = {one for kind in ("root", "operation") for one in known({"$ref": f"#/$defs/{kind}"}, kind)}
    assert {one for one in every - found - NOT_TOGETHER if not one.endswith("x-evidence")} == set()


def test_every_action_operator_rule_and_kind_of_key_is_used() -> None:
    root, operations = declarations()
    collections = root["collections"].values()
    references = [one for collection in collections for one in collection.get("references", {}).values()]
    conditions = [
        one for words in operations if isinstance(words.get("filter"), dict) for one in words["filter"].values()
    ]
    assert {words.get("action") for words in operations} >= set(words.ACTIONS)
    assert {one["onDelete"] for one in references if isinstance(one, dict)} == set(words.ON_DELETE)
    assert {one.partition(" ")[2] for one in conditions} >= set(OPERATORS)
    assert {collection.get("id") for collection in collections} >= set(STRATEGIES)
    assert any("{" in collection.get("id", "") for collection in collections)


def test_made_up_vendors_pass_the_check() -> None:
    result = CliRunner().invoke(commands, ["check", "--vendors", str(MADE_UP)])
    assert result.exit_code == 0, result.output


@contextmanager
def initech() -> Iterator[httpx.Client]:
    settings = read_settings({"port": 0, "access_log": False})
    catalogue = read_catalogue({}, homes={"initech": MADE_UP / "initech"})
    with (
        ThreadedServer(Emulator(settings, catalogue)) as server,
        httpx.Client(base_url=f"{server.url}/initech", headers={"X-Initech-Key": "initech-token"}) as client,
    ):
        yield client


def test_every_operation_of_initech_does_what_its_words_say() -> None:
    with initech() as client:
        journey(client)
        url = f"{str(client.base_url).partition('/initech')[0]}/_emulator"
        exchanges = httpx.get(f"{url}/journal", params={"limit": 100}).json()["exchanges"]
        operations = httpx.get(f"{url}/operations").json()["operations"]
    assert {one["operation"] for one in operations} - {name for one in exchanges for name in one["operations"]} == set()
    assert [found for one in exchanges for found in one["violations"] if found["of"] == "reply"] == []


def journey(client: httpx.Client) -> None:
    """Make every call of Initech."""
    teams(client)
    people(client)
    report = reports(client)
    prints(client, report)
    assert client.get("/about").json() == {"motto": "Good?"}


def teams(client: httpx.Client) -> None:
    assert client.put("/teams/ops", json={"name": "Operations"}).status_code == 201
    assert client.put("/teams/ops", json={"name": "Ops"}).status_code == 200
    assert client.get("/teams/ops").json() == {"code": "ops", "name": "Ops"}
    assert [one["code"] for one in client.get("/teams").json()] == ["ops", "tps"]
    assert client.delete("/teams/ops").status_code == 204
    assert client.delete("/teams/tps").json() == {
        "error": {"code": "conflict", "text": "Conflict in people: people 1 refers to it by team."}
    }


def people(client: httpx.Client) -> None:
    created = client.post("/people", json={"person": {"email": "samir@initech.example", "team": "tps"}})
    assert (created.status_code, created.headers["Location"]) == (201, "/people/4")
    assert client.post("/people", json={"person": {"email": "samir@initech.example"}}).status_code == 409
    assert client.patch("/people/4", json={"team": None}).json()["team"] is None
    assert client.get("/people/4/desk").json() == {"floor": 1, "near": "window"}
    assert client.patch("/people/4/desk", json={"floor": 0}).json() == {"floor": 0, "near": "window"}
    assert client.get("/people/1/desk").json()["floor"] == 1
    assert client.delete("/people/4").json() == {"gone": False}
    assert client.get("/people/4").json()["left"] is True
    page = client.get("/people", params={"sort": "-id", "fields": "email"})
    assert page.headers["X-Pages"] == "2"
    assert page.json()["items"][1] == {"id": 3, "email": "bill@initech.example"}
    assert [one["id"] for one in client.get(page.json()["next"]).json()["items"]] == [2, 1]
    assert client.get("/people", params={"q": "MILTON", "without": "email,id"}).json()["items"] == [
        {"id": 2, "team": "tps"}
    ]


def reports(client: httpx.Client) -> str:
    first = client.post("/reports", json={"title": "Mice", "team": "tps", "author": 1, "cover": "green"}).json()
    assert (first["state"], first["pages"], first["editor"]) == ("draft", 1, "user")
    assert client.post("/reports", json={"title": "Mice", "team": "tps"}).status_code == 409
    assert client.post("/reports", json={"title": "Cats", "cover": "green"}).status_code == 409
    path = f"/reports/{first['id']}"
    assert client.post(f"{path}/submit").json()["state"] == "submitted"
    assert client.post(f"{path}/submit").status_code == 409
    advance(client, 1)
    second = client.post("/reports", json={"title": "Cats", "cover": "green", "pages": 9}).json()
    assert client.patch(path, json={"author": None, "pages": 3}).json()["author"] == 1
    for given, titles in (("over=3", ["Cats"]), ("to=3&begins=Mi", ["Mice"]), ("teams=tps,ops", ["Mice"])):
        assert [one["title"] for one in client.get(f"/reports?{given}").json()] == titles
    assert [one["title"] for one in client.get("/reports", params={"after": second["id"]}).json()] == ["Mice"]
    assert client.get("/reports/latest").json()["id"] == first["id"]
    replaced = client.put(f"/reports/{second['id']}", json={"title": "Dogs"}).json()
    assert ("cover" in replaced, replaced["pages"]) == (False, 1)
    assert client.delete(f"/reports/{second['id']}").status_code == 204
    assert client.get(f"/reports/{second['id']}").status_code == 404
    assert client.delete(f"/reports/{second['id']}").status_code == 204
    return path


def advance(client: httpx.Client, seconds: int) -> None:
    httpx.post(str(client.base_url).partition("/initech")[0] + "/_emulator/clock/advance", json={"seconds": seconds})


def prints(client: httpx.Client, report: str) -> None:
    assert client.get(f"{report}/lines").status_code == 204
    line = client.post(f"{report}/lines", json={"text": "Flair", "note": "15"}).json()
    assert client.patch(f"/lines/{line['_id'].upper()}", json={"note": None}).json() == {
        "_id": line["_id"],
        "report": report.rpartition("/")[2],
        "text": "Flair",
    }
    client.post(f"{report}/lines", json={"text": "Stapler"})
    assert 'rel="next"' in client.get(f"{report}/lines?limit=1").headers["Link"]
    assert [client.post(f"{report}/prints").json()["state"] for _ in range(2)] == ["waiting", "waiting"]
    advance(client, 15)
    assert len(client.get("/teams/tps/prints?state=printing").json()) == 2
    piece = client.get(f"{report}/prints?limit=1").headers["X-Next"]
    assert len(client.get(f"{report}/prints", params={"limit": 1, "piece": piece}).json()) == 1


def test_failures_that_the_document_does_not_name_have_the_words_template() -> None:
    with initech() as client:
        limited = client.get("/teams", headers={"X-Emulator-Scenario": "rate-limited"})
        nothing = client.get("/nothing")
        unknown = client.get("/teams", headers={"X-Initech-Key": "x"})
    assert (limited.status_code, limited.json()["error"]["code"]) == (429, "too_many_requests")
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (404, "unknown_path")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (401, "unauthorized")
    assert {one.headers["Content-Type"] for one in (limited, nothing, unknown)} == {"application/json"}
