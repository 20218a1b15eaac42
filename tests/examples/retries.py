import time

import requests


def list_integrations(url, headers):
    """The client under test: it waits as long as it is told to, and tries again."""
    while True:
        reply = requests.get(f"{url}/integration/integrations", headers=headers, timeout=5)
        if reply.status_code != 429:
            reply.raise_for_status()
            return reply.json()["results"]
        time.sleep(float(reply.headers.get("Retry-After", 1)))


def test_client_tries_again_when_it_is_throttled(emulator):
    throttled = {"status": 429, "headers": {"Retry-After": "0"}}
    fault = emulator.fault(vendor="secoda", operation="listIntegrations", when={"times": 2}, reply=throttled)

    assert list_integrations(emulator.secoda.url, emulator.secoda.headers)

    assert fault.hits == 2
    emulator.verify("listIntegrations", vendor="secoda", count=3)
