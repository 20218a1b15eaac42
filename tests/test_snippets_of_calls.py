"""A call of the journal as a curl command, and as an assertion."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from emulator.client import Client
from tests.conftest import EmulatorUnderTest
from tests.control import Control, controlled

INTEGRATIONS = "/integration/integrations"
ODD = {"name": 'it\'s "quoted" \\ é 😀 \u2028', "type": "custom"}


@pytest.fixture
def control() -> Any:
    with controlled() as (_, found):
        yield found


def sent(control: Control, method: str, path: str, **options: Any) -> dict[str, Any]:
    """Call Secoda, and return the snippets of the call."""
    described = control.done("GET", "/sandboxes/default")["vendors"]["secoda"]
    headers = {**described["headers"], **options.pop("headers", {})}
    control.client.request(method, described["base_url"] + path, headers=headers, **options)
    id = control.done("GET", "/journal")["exchanges"][-1]["id"]
    found: dict[str, Any] = control.done("GET", f"/journal/{id}/snippets")
    return found


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", INTEGRATIONS, {"params": {"page": "1"}}),
        ("POST", INTEGRATIONS, {"json": ODD}),
        ("POST", INTEGRATIONS, {"headers": {"X-Note": "it's"}}),
        ("DELETE", f"{INTEGRATIONS}/740904fe-e87d-44f8-8a91-b13631ff2812", {}),
        ("POST", f"{INTEGRATIONS}/740904fe-e87d-44f8-8a91-b13631ff2812/metadata", {"content": b"[]"}),
    ],
)
def test_command_repeats_the_call(control: Control, method: str, path: str, options: dict[str, Any]) -> None:
    command = sent(control, method, path, **options)["curl"]
    subprocess.run(command, shell=True, capture_output=True, check=True)
    first, second = control.done("GET", "/journal")["exchanges"]
    for part in ("method", "url", "body", "content_type"):
        if part != "content_type" or options.get("json"):
            assert first["call"][part] == second["call"][part]
    assert second["reply"]["status"] != 401


def test_command_sends_parts_as_they_were(control: Control) -> None:
    files = {"file": ("../manifest.json", b"{}", "application/json"), "note": (None, "@it's")}
    command = sent(control, "POST", "/integration/dbt/manifest/", files=files)["curl"]
    assert "-F file=@manifest.json " in command
    assert """--form-string 'note=@it'"'"'s' """ in command
    assert "multipart" not in command


def test_assertion_is_true(control: Control) -> None:
    for method, options in (("POST", {"json": {**ODD, "credentials": {}}}), ("GET", {"params": {"page": "2"}})):
        assertion = sent(control, method, INTEGRATIONS, **options)["assertion"]
        with Client(control.url) as client:
            assert len(eval(assertion, {"emulator": client.sandbox("default")})) == 1


def test_assertion_names_what_identifies_the_call(control: Control) -> None:
    assert sent(control, "POST", INTEGRATIONS, json={"name": "a", "type": True, "n": [1]})["assertion"] == (
        'emulator.verify("createIntegration", vendor="secoda", count=1, body={"name": "a", "type": True}, status=400)'
    )


def test_assertion_has_nothing_that_is_masked(control: Control) -> None:
    body = {"name": "a", "type": "custom", "password": "very secret"}
    found = sent(control, "POST", INTEGRATIONS, json=body, params={"token": "very secret"})
    assert "very secret" not in json.dumps(found)
    assert "***" not in found["assertion"]


def test_call_that_no_operation_matches_has_no_assertion(control: Control) -> None:
    assert sent(control, "GET", "/integration/integratoins")["assertion"] is None


def test_command_has_the_credential_of_its_sandbox(emulator: EmulatorUnderTest) -> None:
    emulator.call("secoda", "GET", INTEGRATIONS)
    with Client(emulator.root) as client:
        sandbox = client.sandbox("default")
        id = sandbox.request("GET", "/journal")["exchanges"][-1]["id"]
        token = sandbox.vendors["secoda"].headers["Authorization"]
        assert token in sandbox.request("GET", f"/journal/{id}/snippets")["curl"]


def test_an_unknown_call_is_refused(control: Control) -> None:
    assert control.refused("GET", "/journal/99/snippets")[0] == 404
