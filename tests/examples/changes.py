import requests


def test_one_integration_is_created_and_nothing_else(emulator):
    url, headers = emulator.secoda.url + "/integration/integrations", emulator.secoda.headers

    requests.post(url, headers=headers, json={"name": "Sales"}, timeout=5)

    changes = emulator.changes()
    assert list(changes) == ["secoda.integrations"], str(changes)
    assert changes["secoda.integrations"].counts == {"added": 1, "removed": 0, "changed": 0}
    assert changes["secoda.integrations"].added[0]["name"] == "Sales"
