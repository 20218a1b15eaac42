import pytest
import requests


def names(url, headers):
    """Your client: the names of the integrations."""
    answer = requests.get(f"{url}/integration/integrations", headers=headers, timeout=5)
    answer.raise_for_status()
    return [integration["name"] for integration in answer.json()["results"]]


def test_integrations_are_listed(emulator):
    assert "Tableau" in names(emulator.secoda.url, emulator.secoda.headers)


def test_throttling_is_told(emulator):
    emulator.scenario("secoda/rate-limited")

    with pytest.raises(requests.HTTPError):
        names(emulator.secoda.url, emulator.secoda.headers)

    emulator.verify("listIntegrations", vendor="secoda", count=1, status=429)
