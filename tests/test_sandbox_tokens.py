"""A sandbox's own token opens that sandbox's routes of the control API, what calls to it may be, and nothing else."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator

import httpx
import pytest

from emulator.catalogue import Catalogue
from emulator.client import Client, EmulatorError
from emulator.control.document import own_contract
from tests.control import Control, controlled

CONTROL_TOKEN = "s3cret"
OPERATIONS = own_contract().operations
OF_A_SANDBOX = {name: one for name, one in OPERATIONS.items() if "{sandbox}" in one.path}
OPEN = ("listOperations", "listAssumptions", "listSandboxes")
OF_ALL = {name: one for name, one in OPERATIONS.items() if one.secured and name not in (*OF_A_SANDBOX, *OPEN)}


@pytest.fixture(scope="module")
def guarded(catalogue: Catalogue) -> Iterator[Control]:
    """An emulator with a control token, which asks for it."""
    with controlled(catalogue, control_token=CONTROL_TOKEN) as (_, control):
        yield control


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def made(control: Control, name: str) -> str:
    """Make a sandbox anew and return its token."""
    control.ask("DELETE", f"/sandboxes/{name}", headers=bearer(CONTROL_TOKEN))
    told = control.done("POST", "/sandboxes", json={"name": name}, headers=bearer(CONTROL_TOKEN))
    token: str = told["token"]
    return token


def filled(path: str, sandbox: str = "") -> str:
    """Return a path with its parameters replaced by some values."""
    return re.sub(r"\{\w+\}", "1", path.replace("{sandbox}", sandbox))


def status(control: Control, method: str, path: str, token: str, sandbox: str = "") -> int:
    headers = {**bearer(token), **({"X-Emulator-Sandbox": sandbox} if sandbox else {})}
    return control.ask(method, path, headers=headers).status_code


def test_it_is_returned_once_and_only_if_a_control_token_is_set(guarded: Control, catalogue: Catalogue) -> None:
    tokens = {made(guarded, name) for name in ("alpha", "beta")}
    assert len(tokens) == 2
    given = bearer(CONTROL_TOKEN)
    assert "token" not in guarded.done("GET", "/sandboxes/alpha", headers=given)
    assert "token" not in guarded.done("POST", "/sandboxes/alpha/reset", headers=given)
    assert not any(token in guarded.ask("GET", "/sandboxes", headers=given).text for token in tokens)
    with controlled(catalogue) as (_, control):
        assert "token" not in control.sandbox(name="alpha")


@pytest.mark.parametrize("name", OF_A_SANDBOX)
def test_it_opens_every_route_of_its_sandbox_and_of_no_other(guarded: Control, name: str) -> None:
    own, other = made(guarded, "alpha"), made(guarded, "beta")
    operation = OPERATIONS[name]
    for sandbox in ("alpha", "default", "gamma"):
        path = filled(operation.path, sandbox)
        assert status(guarded, operation.method, path, other) == 401, sandbox
    path = filled(operation.path, "alpha")
    with httpx.stream(operation.method, f"{guarded.url}/_emulator{path}", headers=bearer(own)) as response:
        assert response.status_code not in (401, 403)


@pytest.mark.parametrize("name", OF_ALL)
def test_it_opens_no_route_of_the_whole_emulator(guarded: Control, name: str) -> None:
    token = made(guarded, "alpha")
    path = filled(OPERATIONS[name].path)
    for sandbox in ("", "alpha"):
        assert status(guarded, OPERATIONS[name].method, path, token, sandbox) == 401


@pytest.mark.parametrize("name", OPEN)
def test_it_opens_what_calls_may_be_and_a_wrong_one_does_not(guarded: Control, name: str) -> None:
    token = made(guarded, "alpha")
    path = OPERATIONS[name].path
    assert status(guarded, "GET", path, token) == 200
    assert status(guarded, "POST", path, token) in (401, 405)
    said = (
        "Send the setting control_token, or the token of a sandbox, as Authorization: Bearer TOKEN;"
        " commands and pytest read EMULATOR_CONTROL_TOKEN."
    )
    for headers in ({}, bearer(f"{token}x"), {"Authorization": f"Basic {token}"}):
        assert guarded.refused("GET", path, headers=headers) == (401, said)
    guarded.done("DELETE", "/sandboxes/alpha", headers=bearer(token))
    assert status(guarded, "GET", path, token) == 401


def test_it_lists_its_own_sandbox_only(guarded: Control) -> None:
    tokens = {name: made(guarded, name) for name in ("alpha", "beta")}
    for name, token in tokens.items():
        for path in ("/sandboxes", f"/../~{name}/_emulator/sandboxes"):
            listed = guarded.done("GET", path, headers=bearer(token))["sandboxes"]
            assert [one["name"] for one in listed] == [name]
        with Client(guarded.url, token) as client:
            assert client.sandboxes() == [name]
    every = guarded.done("GET", "/sandboxes", headers=bearer(CONTROL_TOKEN))["sandboxes"]
    assert {"default", *tokens} <= {one["name"] for one in every}


def test_the_sandbox_may_be_named_by_prefix_or_header(guarded: Control) -> None:
    token = made(guarded, "alpha")
    assert status(guarded, "GET", "/clock", token, "alpha") == 200
    assert httpx.get(f"{guarded.url}/~alpha/_emulator/clock", headers=bearer(token)).status_code == 200
    assert status(guarded, "GET", "/clock", token) == 401
    assert status(guarded, "GET", "/clock", token, "beta") == 401


@pytest.mark.parametrize("token", ["x", "sandbox-token-", "s3cre", "s3crets", "\N{SNOWMAN}"])
def test_a_wrong_token_is_refused_in_the_same_words_whether_there_is_such_a_sandbox(
    guarded: Control, token: str
) -> None:
    made(guarded, "alpha")
    for sandbox in ("alpha", "nobody"):
        headers = {"Authorization": f"Bearer {token}".encode()}
        said = (
            f"Send the setting control_token, or the token of the sandbox {sandbox!r}, as Authorization: Bearer TOKEN;"
            " commands and pytest read EMULATOR_CONTROL_TOKEN."
        )
        assert guarded.refused("GET", f"/sandboxes/{sandbox}/clock", headers=headers) == (401, said)


def test_a_reset_keeps_it_and_a_new_sandbox_of_the_name_has_another(guarded: Control) -> None:
    first = made(guarded, "alpha")
    assert status(guarded, "POST", "/sandboxes/alpha/reset", first) == 200
    assert status(guarded, "GET", "/sandboxes/alpha", first) == 200
    assert status(guarded, "DELETE", "/sandboxes/alpha", first) == 204
    assert status(guarded, "GET", "/sandboxes/alpha", first) == 401
    made(guarded, "alpha")
    assert status(guarded, "GET", "/sandboxes/alpha", first) == 401


def test_it_is_all_that_the_client_of_a_sandbox_needs(guarded: Control) -> None:
    with Client(guarded.url, CONTROL_TOKEN) as client, client.create_sandbox("mine") as sandbox:
        with Client(guarded.url, sandbox.token) as owner:
            mine = owner.sandbox("mine")
            mine.clock.freeze("2030-01-01T00:00:00Z")
            assert mine.journal.select() == []
            with pytest.raises(EmulatorError) as problem:
                owner.sandbox("default")
            assert problem.value.status == 401
            with pytest.raises(EmulatorError):
                owner.create_sandbox()
        assert sandbox.clock.now.year == 2030
        assert sandbox.token not in repr(sandbox)


def test_journal_and_log_do_not_show_it(guarded: Control, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = made(guarded, "alpha")
    url = f"{guarded.url}/~alpha/secoda/api/v1/integration/integrations"
    headers = {"Authorization": "Bearer secoda-token", "X-Note": f"see {token}"}
    httpx.post(f"{url}?note={token}", headers=headers, json={"name": f"mine {token}"})
    httpx.get(url, headers=bearer(token))
    status(guarded, "GET", "/sandboxes/alpha", token)
    journal = guarded.done("GET", "/sandboxes/alpha/journal", headers=bearer(token))
    assert len(journal["exchanges"]) == 2
    assert token not in json.dumps(journal)
    assert token not in "\n".join(record.getMessage() for record in caplog.records if record.name == "emulator")
