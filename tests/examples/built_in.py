import requests


def test_client_whose_url_is_built_in(emulator):
    emulator.patch_dns()

    reply = requests.get(
        "https://api.secoda.co/api/v1/integration/integrations", headers=emulator.secoda.headers, timeout=5
    )

    assert reply.status_code == 200
    assert len(emulator.journal) == 1
