"""`emulator import` of recorded calls: HAR and Postman collections become examples, records, and a document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from emulator.app import Emulator
from emulator.catalogue import read_catalogue
from emulator.recorded.har import calls_in
from emulator.recorded.postman import calls_in as requests_in
from emulator.recorded.schemas import schema_of
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.recorded_calls import API, NEW, ORDER, OTHER, SHOP, entry, har, postman, request, response, saved
from tests.test_inference import ITEM, LIST, MADE, bare, op, written
from tests.test_own_vendor import run


def imported(folder: Path, file: Path, name: str = "shop") -> str:
    """Import a file; return what was said."""
    code, said = run("import", f"{name}={file}", "--into", str(folder / "vendors"))
    assert code == 0, said
    return said


@contextmanager
def serving(folder: Path, name: str = "shop") -> Iterator[httpx.Client]:
    """Serve an imported vendor; the client presents its credential with full rights."""
    home = folder / "vendors" / name
    settings = read_settings({"port": 0, "access_log": False})
    with ThreadedServer(Emulator(settings, read_catalogue({}, homes={name: home}))) as server:
        url = server.url + server.server.emulator.catalogue.contracts[name].base_path
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {name}-token"}) as client:
            yield client


def text_of(folder: Path) -> str:
    return "\n".join(file.read_text("utf-8") for file in sorted((folder / "vendors").rglob("*.yaml")))


def test_recorded_calls_alone_become_a_vendor_with_their_records(tmp_path: Path) -> None:
    imported(tmp_path, saved(tmp_path, SHOP))
    code, said = run("check", "--vendors", str(tmp_path / "vendors"))
    assert code == 0, said
    with serving(tmp_path) as shop:
        assert shop.get("/orders").json() == {"items": [{**ORDER, "note": "n"}, OTHER], "total": 2}
        made = shop.post("/orders", json={"name": "E"})
        assert (made.status_code, made.json()["name"]) == (201, "E")
        order = f"/orders/{made.json()['id']}"
        assert shop.patch(order, json={"name": "F"}).json()["name"] == "F"
        assert shop.delete(order).status_code == 204
        missing = shop.get(order)
        assert (missing.status_code, missing.json()) == (404, {"error": "no such order"})
        assert shop.post(f"/orders/{ORDER['id']}/refund").json() == {"ok": True}
        del shop.headers["Authorization"]
        assert shop.get("/orders").status_code == 401


def test_what_was_made_is_assumed_and_names_its_source(tmp_path: Path) -> None:
    imported(tmp_path, saved(tmp_path, SHOP))
    document = yaml.safe_load((tmp_path / "vendors" / "shop" / "openapi.yaml").read_text("utf-8"))
    assert document["servers"] == [{"url": API}]
    assert list(document["paths"]) == ["/orders", "/orders/{orderId}", "/orders/{orderId}/refund"]
    evidence = document["paths"]["/orders"]["get"]["x-evidence"]
    assert evidence == {"level": "assumed", "source": "shop.har", "note": "Made from 1 recorded call."}


SECRETS = {
    "header": entry("GET", f"{API}/a", 200, {}, Authorization="Bearer Zq9-secret-1"),
    "cookie": entry("GET", f"{API}/a", 200, {}, Cookie="sid=Zq9-secret-1"),
    "api-key": entry("GET", f"{API}/a", 200, {}, X_API_Key="Zq9-secret-1"),
    "query": entry("GET", f"{API}/a?api_key=Zq9-secret-1", 200, {}),
    "path": entry("GET", f"{API}/a/token/Zq9-secret-1", 200, {}),
    "url": entry("GET", "https://ann:Zq9-secret-1@api.shop.example/v1/a", 200, {}),
    "body": entry("POST", f"{API}/a", 200, {}, {"password": "Zq9-secret-1"}),
    "reply": entry("GET", f"{API}/a", 200, {"access_token": "Zq9-secret-1"}),
    "echo": entry("GET", f"{API}/a", 200, {"said": "Zq9-secret-1"}, X_API_Key="Zq9-secret-1"),
    "record": entry("GET", f"{API}/a", 200, [{"id": 1, "secret": "Zq9-secret-1"}]),
}


@pytest.mark.parametrize("place", SECRETS)
def test_secret_is_in_no_file(place: str, tmp_path: Path) -> None:
    said = imported(tmp_path, saved(tmp_path, har(SECRETS[place])))
    assert "Zq9" not in said + text_of(tmp_path)


def test_replies_become_examples_of_a_document_that_was_imported(tmp_path: Path) -> None:
    calls = har(
        entry("GET", "https://zoo.example/health", 200, {"up": True}),
        entry("GET", "https://zoo.example/pets", 200, [{"id": 5, "name": "Rex"}]),
        entry("GET", "https://zoo.example/pets/6", 200, {"id": 6}),
        entry("GET", "https://zoo.example/pets/6/toys", 200, []),
        entry("GET", "https://zoo.example/pets/7/toys", 200, []),
        entry("GET", "https://zoo.example/health", 418, {}),
    )
    document = bare({**LIST, **ITEM, **MADE, "get /health": op({"type": "object", "properties": {"up": {}}})})
    imported(tmp_path, written(tmp_path, document), "zoo")
    said = imported(tmp_path, saved(tmp_path, calls), "zoo")
    assert "shop.har: GET /pets/…/toys is not in the document (entry 4, entry 5)" in said
    assert "shop.har: entry 3: 200 of getPetsPetId does not fit the document: " in said
    assert "shop.har: entry 6: 418 of getHealth is not in the document; left out" in said
    with serving(tmp_path, "zoo") as zoo:
        assert zoo.get("/health").json() == {"up": True}
        assert zoo.get("/pets").json() == [{"id": 5, "name": "Rex"}]


def test_second_import_of_the_same_calls_writes_nothing(tmp_path: Path) -> None:
    file = saved(tmp_path, SHOP)
    imported(tmp_path, file)
    before = text_of(tmp_path)
    assert "written" not in imported(tmp_path, file)
    assert text_of(tmp_path) == before


def test_what_somebody_wrote_stays(tmp_path: Path) -> None:
    imported(tmp_path, written(tmp_path, bare({**LIST, **ITEM})), "zoo")
    home = tmp_path / "vendors" / "zoo"
    overlay, fixture = home / "emulator.overlay.yaml", home / "fixtures" / "pets.yaml"
    mine = f"{overlay.read_text('utf-8')}  # mine\n  - {{target: $.info, update: {{title: Mine}}}}\n"
    overlay.write_text(mine, "utf-8")
    fixture.write_text("records: [{id: 1, name: Ann}]", "utf-8")
    imported(tmp_path, saved(tmp_path, har(entry("GET", "http://zoo/pets", 200, [{"id": 5, "name": "Rex"}]))), "zoo")
    assert overlay.read_text("utf-8").startswith(mine)
    assert "Rex" in overlay.read_text("utf-8")
    assert fixture.read_text("utf-8") == "records: [{id: 1, name: Ann}]"


def test_overlay_to_which_nothing_can_be_added_is_refused_and_stays(tmp_path: Path) -> None:
    imported(tmp_path, written(tmp_path, bare(LIST)), "zoo")
    overlay = tmp_path / "vendors" / "zoo" / "emulator.overlay.yaml"
    overlay.write_text("overlay: 1.0.0\nactions: []\ninfo: {}\n", "utf-8")
    calls = saved(tmp_path, har(entry("GET", "http://zoo/pets", 200, [{"id": 5, "name": "Rex"}])))
    code, said = run("import", f"zoo={calls}", "--into", str(tmp_path / "vendors"))
    assert (code, overlay.read_text("utf-8")) == (1, "overlay: 1.0.0\nactions: []\ninfo: {}\n")
    assert "emulator.overlay.yaml: actions must be its last part, as a list" in said


COLLECTION = postman(
    {
        "name": "Orders",
        "item": [
            request("List", "GET", "{{base}}/orders", response("Two", 200, [ORDER, OTHER])),
            request(
                "One", "GET", "{{base}}/orders/:orderId", response("Found", 200, ORDER), response("Not", 404, {"e": 1})
            ),
            request(
                "Make",
                "POST",
                "{{base}}/orders",
                response("Made", 201, NEW),
                body={"mode": "raw", "raw": '{"name": "C"}'},
            ),
        ],
    },
    request("Health", "GET", "{{base}}/health"),
    variable=[{"key": "base", "value": API}],
    auth={"type": "apikey", "apikey": [{"key": "key", "value": "X-Shop-Key"}, {"key": "value", "value": "Zq9-secret"}]},
)


def test_postman_collection_becomes_a_vendor(tmp_path: Path) -> None:
    imported(tmp_path, saved(tmp_path, COLLECTION, "shop.json"))
    assert "Zq9" not in text_of(tmp_path)
    code, said = run("check", "--vendors", str(tmp_path / "vendors"))
    assert code == 0, said
    document = yaml.safe_load((tmp_path / "vendors" / "shop" / "openapi.yaml").read_text("utf-8"))
    assert (document["info"]["title"], document["servers"]) == ("The shop", [{"url": API}])
    assert list(document["paths"]) == ["/orders", "/orders/{orderId}", "/health"]
    with serving(tmp_path) as shop:
        shop.headers = {"X-Shop-Key": "shop-token"}
        assert shop.get("/orders").json() == [ORDER, OTHER]
        assert shop.get("/orders/none").json() == {"e": 1}
        assert shop.post("/orders", json={"name": "E"}).json()["name"] == "E"
        assert shop.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("{{url}}/pets/{{pet}}", "/pets/{pet}"),
        ("https://a.example/pets/:id/", "/pets/{id}/"),
        ("a.example/pets?x=1", "/pets"),
        ("http://localhost:3000/pets", "/pets"),
        ("{{base}}/pets#top", "/v1/pets"),
    ],
)
def test_url_of_a_request_is_read_without_host_and_with_parameters(raw: str, path: str) -> None:
    (call,) = requests_in(postman(request("A", "GET", raw), variable=[{"key": "base", "value": API}]))
    assert call.path == path


PAGE = entry("GET", "https://a.example/", 200)
PAGE["response"]["content"] = {"mimeType": "text/html", "text": "<html>"}


@pytest.mark.parametrize(
    ("document", "name", "sentence"),
    [
        ({"id": "x", "name": "old", "requests": []}, "old.json", "expected a Postman collection of version 2.1"),
        (har(), "none.har", "none.har: there is no call in it"),
        ({"log": {}}, "bare.har", "bare.har: not a HAR file: log.entries is missing"),
        (postman({"name": "broken", "request": None}), "broken.json", "broken.json: there is no call in it"),
        (har(PAGE), "page.har", "page.har: no call has JSON in it"),
    ],
)
def test_file_without_calls_is_refused(document: Any, name: str, sentence: str, tmp_path: Path) -> None:
    code, said = run("import", f"shop={saved(tmp_path, document, name)}", "--into", str(tmp_path / "vendors"))
    assert code == 1
    assert sentence in said
    assert not (tmp_path / "vendors").exists()


def test_serving_recorded_calls_as_a_document_names_the_import(tmp_path: Path) -> None:
    code, said = run("operations", "--openapi", f"shop={saved(tmp_path, SHOP)}")
    assert code == 1
    assert "emulator import" in said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 1) | st.text("aZ01-:", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, min_size=1, max_size=4))
def test_value_fits_the_schema_that_was_made_of_it(values: list[Any]) -> None:
    for requires in (True, False):
        schema = schema_of(values, requires)
        Draft202012Validator.check_schema(schema)
        for value in values:
            Draft202012Validator(schema).validate(value)


FIELDS = st.sampled_from(["request", "response", "url", "method", "headers", "text", "content", "item", "raw", "name"])
ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=6) | st.sampled_from(["http://[", "a:b@c", "{{x}}", ":"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(ANYTHING, max_size=3))
def test_whatever_is_in_a_file_is_read_or_left_out(entries: list[Any]) -> None:
    calls = [*calls_in(json.loads(json.dumps(har(*entries)))), *requests_in(postman(*entries))]
    assert all(call.path.startswith("/") for call in calls)


def test_shared_response_gets_its_example_where_it_is(tmp_path: Path) -> None:
    document = bare({**LIST, **ITEM, **MADE})
    described = document["paths"]["/pets"]["get"]["responses"]
    document["components"]["responses"] = {"Pets": described["200"]}
    described["200"] = {"$ref": "#/components/responses/Pets"}
    document["paths"]["/pets"]["get"]["x-emulator"] = {"reply": {}}
    imported(tmp_path, written(tmp_path, document), "zoo")
    imported(tmp_path, saved(tmp_path, har(entry("GET", "http://zoo/pets", 200, [{"id": 5, "name": "Rex"}]))), "zoo")
    with serving(tmp_path, "zoo") as zoo:
        assert zoo.get("/pets").json() == [{"id": 5, "name": "Rex"}]
