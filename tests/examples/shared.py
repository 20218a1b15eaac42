import pytest
import requests

from emulator.testing import emulator_fixture

emulator_module = emulator_fixture("module", seed=7)


@pytest.fixture(scope="module")
def sales(emulator_module):
    return emulator_module.state("secoda.integrations").add(name="Sales")


def get(emulator, integration):
    url = f"{emulator.secoda.url}/integration/integrations/{integration['id']}"
    return requests.get(url, headers=emulator.secoda.headers, timeout=5)


def test_found(emulator_module, sales):
    assert get(emulator_module, sales).json()["name"] == "Sales"


def test_hidden_by_a_fault(emulator_module, sales):
    with emulator_module.fault(vendor="secoda", operation="getIntegration", status=404):
        assert get(emulator_module, sales).status_code == 404
