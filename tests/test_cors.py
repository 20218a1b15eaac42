"""Pages of other origins: nothing for them unless the setting cors says so."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from emulator.catalogue import Catalogue
from emulator.errors import ConfigurationError
from emulator.settings import read_settings
from tests.control import Control, controlled

PAGE = "http://localhost:3000"
STRANGER = "https://elsewhere.example"
LIST = "/secoda/api/v1/integration/integrations"
TOKEN = {"Authorization": "Bearer secoda-token"}


@pytest.fixture(scope="module")
def named(catalogue: Catalogue) -> Iterator[Control]:
    with controlled(catalogue, cors=PAGE) as (_, control):
        yield control


@pytest.fixture(scope="module")
def anybody(catalogue: Catalogue) -> Iterator[Control]:
    with controlled(catalogue, cors="*") as (_, control):
        yield control


def preflight(control: Control, path: str, origin: str, method: str = "POST") -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    return control.client.options(control.url + path, headers=headers)


def test_a_named_origin_may_call_vendors_and_control(named: Control) -> None:
    for path in (LIST, "/_emulator/faults", "/~default/_emulator/faults"):
        response = preflight(named, path, PAGE)
        assert response.status_code == 204
        assert response.headers["access-control-allow-origin"] == PAGE
        assert response.headers["access-control-allow-methods"] == "POST"
        assert response.headers["access-control-allow-headers"] == "authorization, content-type"
        assert response.headers["access-control-allow-credentials"] == "true"
    fault = {"vendor": "secoda", "reply": {"status": 500}}
    assert named.ask("POST", "/faults", json=fault, headers={"Origin": PAGE}).status_code == 201
    failed = named.client.get(named.url + LIST, headers={**TOKEN, "Origin": PAGE})
    assert (failed.status_code, failed.headers["access-control-allow-origin"]) == (500, PAGE)
    named.done("DELETE", "/faults", headers={"Origin": PAGE})


def test_every_reply_may_be_read_errors_and_headers_too(anybody: Control) -> None:
    for path, status in (
        (LIST, 200),
        ("/celigo/v1/integrations?limit=1", 401),
        ("/nobody", 404),
        ("/~nope/secoda", 404),
    ):
        response = anybody.client.get(anybody.url + path, headers={**TOKEN, "Origin": STRANGER})
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in response.headers
        assert "content-type" in response.headers["access-control-expose-headers"].lower()
        assert response.headers["vary"] == "Origin"


@pytest.mark.parametrize("prefix", ["", "/~default"])
@pytest.mark.parametrize("path", ["/journal", "/journal.har", "/events", "/clock", "/state", "/metrics", "/nowhere"])
def test_a_named_origin_may_read_all_that_the_control_api_sends(named: Control, prefix: str, path: str) -> None:
    url = f"{named.url}{prefix}/_emulator{path}"
    for method in ("GET", "HEAD"):
        with named.client.stream(method, url, headers={"Origin": PAGE}) as response:
            assert response.headers["access-control-allow-origin"] == PAGE
            assert response.headers["access-control-allow-credentials"] == "true"
            assert "content-type" in response.headers["access-control-expose-headers"].lower()
            assert response.headers["vary"] == "Origin"


def test_cors_adds_nothing_to_the_journal(anybody: Control) -> None:
    anybody.done("DELETE", "/journal")
    preflight(anybody, LIST, STRANGER)
    anybody.client.get(anybody.url + LIST, headers={**TOKEN, "Origin": STRANGER})
    (exchange,) = anybody.done("GET", "/journal")["exchanges"]
    assert exchange["operations"] == ["listIntegrations"]
    assert not [name for name, _ in exchange["reply"]["headers"] if name.lower().startswith("access-control")]


@pytest.mark.parametrize("prefix", ["", "/~default", "/~nope"])
def test_any_origin_does_not_apply_to_the_control_api(anybody: Control, prefix: str) -> None:
    refused = preflight(anybody, f"{prefix}/_emulator/faults", STRANGER)
    assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (403, False)
    for path in ("/health", "/clock", "/journal", "/nowhere"):
        response = anybody.client.get(f"{anybody.url}{prefix}/_emulator{path}", headers={"Origin": STRANGER})
        assert "access-control-allow-origin" not in response.headers
    status, sentence = anybody.refused("POST", "/reset", headers={"Origin": STRANGER})
    assert (status, sentence.partition(",")[0]) == (403, f"The control API does not accept writes from {STRANGER}")


def test_other_origins_and_no_setting_are_as_before(named: Control, catalogue: Catalogue) -> None:
    with controlled(catalogue) as (_, closed):
        for control, origin in ((named, STRANGER), (closed, PAGE)):
            response = control.client.get(control.url + LIST, headers={**TOKEN, "Origin": origin})
            assert response.status_code == 200
            assert "access-control-allow-origin" not in response.headers
            assert preflight(control, LIST, origin).status_code in (404, 405)


def test_a_broken_reply_may_be_read_too(anybody: Control) -> None:
    anybody.done("POST", "/faults", json={"vendor": "secoda", "connection": "drip"})
    response = anybody.client.get(
        anybody.url + "/secoda/api/v1/integration/integrations/x", headers={**TOKEN, "Origin": PAGE}
    )
    assert response.headers["access-control-allow-origin"] == "*"
    anybody.done("DELETE", "/faults")


@pytest.mark.parametrize("origin", ["localhost:3000", "http://localhost:3000/", "http://a b"])
def test_an_invalid_origin_is_refused(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="expected an origin without a path"):
        read_settings({"cors": origin})
