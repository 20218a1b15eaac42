"""Installing and uninstalling Celigo's integration apps, step by step."""

from __future__ import annotations

from typing import Any

import httpx

from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_integrations import EMPTY, INSTALLING, NETSUITE, PLAIN, UNINSTALLING, errors, get

BIGCOMMERCE = "5fc5de876cfe5b44bb95dd06"
INSTALL = f"/integrations/{INSTALLING}/installSteps"
UNINSTALL = f"/integrations/{UNINSTALLING}/uninstallSteps"


def submit(emulator: EmulatorUnderTest, path: str, body: Any = None) -> httpx.Response:
    return emulator.call("celigo", "POST", path, **({} if body is None else {"json": body}))


def completed(steps: list[dict[str, Any]]) -> list[bool]:
    return [step["completed"] for step in steps]


def test_an_installation_takes_effect_at_its_end(emulator: EmulatorUnderTest) -> None:
    listed = emulator.call("celigo", "GET", INSTALL)
    assert listed.status_code == 201
    assert completed(listed.json()) == [True, False, False, False, False]

    first = submit(emulator, INSTALL, {"_connectionId": BIGCOMMERCE})
    assert completed(first.json()) == [True, True, True, False, False], "the hidden step runs by itself"
    assert first.json()[1]["_connectionId"] == BIGCOMMERCE
    assert get(emulator, INSTALLING)["mode"] == "install"
    assert get(emulator, INSTALLING)["installSteps"] == first.json()

    second = submit(emulator, INSTALL)
    assert (second.status_code, completed(second.json())) == (200, [True, True, True, True, False])
    last = submit(emulator, INSTALL, {"orders": True})
    assert (last.status_code, last.content) == (200, b"")

    installed = get(emulator, INSTALLING)
    assert installed["mode"] == "settings"
    assert installed["_registeredConnectionIds"] == [NETSUITE, BIGCOMMERCE]
    assert all(completed(installed["installSteps"]))
    assert submit(emulator, INSTALL).status_code == 422


def test_a_connection_can_be_made_by_its_step(emulator: EmulatorUnderTest) -> None:
    body = {"connection": {"type": "http", "name": "My store", "http": {"baseURI": "https://example.com"}}}
    made = submit(emulator, INSTALL, body).json()[1]["_connectionId"]
    connection = emulator.records("celigo.connections")[-1]
    assert (connection["_id"], connection["name"], connection["http"]) == (made, "My store", body["connection"]["http"])
    submit(emulator, INSTALL)
    submit(emulator, INSTALL)
    listed = emulator.call("celigo", "GET", f"/integrations/{INSTALLING}/connections").json()
    assert [one["name"] for one in listed] == ["NetSuite", "My store"]


def test_a_step_wants_what_it_is_for(emulator: EmulatorUnderTest) -> None:
    bare = submit(emulator, INSTALL)
    assert bare.status_code == 422
    assert errors(bare)[0]["code"] == "missing_required_field"
    assert errors(bare)[0]["field"] == "_connectionId"
    unknown = submit(emulator, INSTALL, {"_connectionId": "0" * 24})
    assert errors(unknown) == [{"code": "invalid_ref", "message": "Please provide a valid _connectionId."}]
    stack = submit(emulator, INSTALL, {"_stackId": "0" * 24})
    assert errors(stack) == [{"code": "invalid_step", "message": "No step waits for a stack."}]
    assert completed(get(emulator, INSTALLING)["installSteps"]) == [True, False, False, False, False]


def test_a_stack_step_takes_a_stack(emulator: EmulatorUnderTest) -> None:
    steps = [{"name": "Stack", "type": "stack"}, {"name": "Last", "type": "hidden"}]
    body = {"name": "App", "installSteps": steps}
    assert emulator.call("celigo", "PUT", f"/integrations/{INSTALLING}", json=body).status_code == 200
    assert errors(submit(emulator, INSTALL))[0]["field"] == "_stackId"
    assert submit(emulator, INSTALL, {"_stackId": "6" * 24}).content == b""
    assert get(emulator, INSTALLING)["installSteps"][0]["_stackId"] == "6" * 24


def test_reading_the_steps_runs_hidden_ones_that_are_due(emulator: EmulatorUnderTest) -> None:
    steps = [{"name": "Prepare", "type": "hidden"}, {"name": "Look", "type": "url"}]
    emulator.call("celigo", "PUT", f"/integrations/{INSTALLING}", json={"name": "App", "installSteps": steps})
    read = emulator.call("celigo", "GET", INSTALL, rights="read").json()
    assert not any(step.get("completed") for step in read), "who may only read starts nothing"
    read = emulator.call("celigo", "GET", INSTALL).json()
    assert [step.get("completed", False) for step in read] == [True, False]
    assert get(emulator, INSTALLING)["installSteps"] == read


def test_a_plain_integration_has_no_steps(emulator: EmulatorUnderTest) -> None:
    assert (emulator.call("celigo", "GET", f"/integrations/{EMPTY}/installSteps").status_code) == 201
    assert emulator.call("celigo", "GET", f"/integrations/{EMPTY}/installSteps").json() == []
    assert emulator.call("celigo", "GET", f"/integrations/{EMPTY}/uninstallSteps").json() == []
    for path in ("installSteps", "uninstallSteps"):
        response = submit(emulator, f"/integrations/{PLAIN}/{path}")
        assert (response.status_code, errors(response)[0]["code"]) == (422, "invalid_mode")


def test_an_uninstallation_deletes_the_integration(emulator: EmulatorUnderTest) -> None:
    listed = emulator.call("celigo", "GET", UNINSTALL)
    assert listed.status_code == 200
    assert completed(listed.json()) == [True, False, False, False]
    first = submit(emulator, UNINSTALL)
    assert first.status_code == 201
    assert [step["name"] for step in first.json()] == ["Delete the records", "Tidy up"]
    last = submit(emulator, UNINSTALL, {"confirmed": True})
    assert (last.status_code, last.content) == (201, b"")
    assert emulator.call("celigo", "GET", f"/integrations/{UNINSTALLING}").status_code == 404
    left = emulator.records("celigo.flows") + emulator.records("celigo.exports") + emulator.records("celigo.imports")
    assert UNINSTALLING not in {record.get("_integrationId") for record in left}


def test_steps_that_a_client_wrote_itself_may_lack_anything(emulator: EmulatorUnderTest) -> None:
    steps = [{"type": "connection"}, {"type": "template_zip", "isClone": True}, {}]
    emulator.call("celigo", "PUT", f"/integrations/{INSTALLING}", json={"name": "App", "installSteps": steps})
    made = submit(emulator, INSTALL, {"connection": {}}).json()[0]["_connectionId"]
    assert emulator.records("celigo.connections")[-1]["name"] == "Connection"
    assert submit(emulator, INSTALL).status_code == 200
    assert submit(emulator, INSTALL).content == b""
    assert get(emulator, INSTALLING)["_registeredConnectionIds"] == [made]


def test_a_connection_to_be_made_is_checked(emulator: EmulatorUnderTest) -> None:
    for wrong in ({"offline": "no"}, {"name": ""}, {"http": 5}):
        assert submit(emulator, INSTALL, {"connection": wrong}).status_code == 422
