import requests

from emulator.testing.containers import EmulatorContainer


def test_throttling():
    with EmulatorContainer(settings={"scenarios": ["secoda/rate-limited"]}) as emulator:
        answer = requests.get(
            f"{emulator.url}/secoda/api/v1/integration/integrations",
            headers={"Authorization": "Bearer secoda-token"},
            timeout=5,
        )
        assert answer.status_code == 429
