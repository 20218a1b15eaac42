import pytest
import requests


@pytest.mark.emulator(scenarios=["secoda/outage"], seed=7, clock="2030-01-01T00:00:00Z")
def test_outage(emulator):
    reply = requests.get(emulator.secoda.url + "/integration/integrations", headers=emulator.secoda.headers, timeout=5)

    assert reply.status_code == 503
    assert emulator.clock.now.year == 2030


@pytest.mark.emulator(allow_violations=["createIntegration"])
def test_unknown_key_is_ignored(emulator):
    reply = requests.post(
        emulator.secoda.url + "/integration/integrations",
        headers=emulator.secoda.headers,
        json={"name": "Sales", "colour": "blue"},
        timeout=5,
    )

    assert reply.status_code == 201


@pytest.mark.emulator(strict=True, allow_violations=["createIntegration"])
def test_unknown_key_is_refused(emulator):
    reply = requests.post(
        emulator.secoda.url + "/integration/integrations",
        headers=emulator.secoda.headers,
        json={"name": "Sales", "colour": "blue"},
        timeout=5,
    )

    assert reply.status_code == 400
