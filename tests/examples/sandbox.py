import requests


def test_sandbox_of_its_own(emulator):
    integrations = emulator.state("secoda.integrations")
    before = emulator.snapshot()
    for integration in integrations:
        integrations.delete(integration["id"])

    reply = requests.get(emulator.secoda.url + "/integration/integrations", headers=emulator.secoda.headers, timeout=5)
    assert reply.json()["results"] == []

    before.restore()
    integrations.populate(10)
    assert len(integrations) > 10

    mine = integrations.add(name="Mine")
    assert integrations.get(mine["id"])["type"] == mine["type"]


def test_rights(emulator):
    viewer = emulator.secoda.credentials["read"]

    reply = requests.post(
        emulator.secoda.url + "/integration/integrations", headers=viewer.headers, json={"name": "Sales"}, timeout=5
    )

    assert reply.status_code == 403
    assert [exchange.status for exchange in emulator.journal] == [403]


def test_time(emulator):
    emulator.clock.freeze("2030-01-01T00:00:00Z")
    emulator.clock.advance(3600)
    emulator.switches["celigo.empty_list_status"] = 204

    with emulator.scenario("celigo/unauthorized"):
        reply = requests.get(emulator.celigo.url + "/integrations", headers=emulator.celigo.headers, timeout=5)
        assert reply.status_code == 401

    assert emulator.clock.now.hour == 1
