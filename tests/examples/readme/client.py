import pytest
import requests


def create(secoda, name):
    """Your client: it tries once more when the server fails."""
    for _ in range(2):
        reply = requests.post(
            f"{secoda.url}/integration/integrations", headers=secoda.headers, json={"name": name}, timeout=5
        )
        if reply.status_code < 500:
            break
    reply.raise_for_status()
    return reply.json()["id"]


def test_integration_is_created(emulator):
    id = create(emulator.secoda, "Sales")

    assert emulator.state("secoda.integrations").get(id)["name"] == "Sales"


def test_rate_limit_is_an_error(emulator):
    emulator.scenario("secoda/rate-limited")

    with pytest.raises(requests.HTTPError):
        create(emulator.secoda, "Sales")

    emulator.verify("createIntegration", vendor="secoda", count=1, status=429)


def test_integration_is_created_once(emulator):
    emulator.fault(vendor="secoda", operation="createIntegration", when={"nth": 1}, commit="after", status=503)

    create(emulator.secoda, "Sales")

    names = [integration["name"] for integration in emulator.state("secoda.integrations")]
    assert names.count("Sales") == 1
