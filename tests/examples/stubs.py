import requests


def test_a_call_that_is_not_emulated(emulator):
    stub = emulator.celigo.stub("GET", "/tools", json=[{"_id": "5f7c3a2b9d1e4c0012a4b6c1", "name": "Orders"}])

    reply = requests.get(emulator.celigo.url + "/tools", headers=emulator.celigo.headers, timeout=5)

    assert [tool["name"] for tool in reply.json()] == ["Orders"]
    assert stub.hits == 1


def test_a_tool_runs_at_the_second_attempt(emulator):
    emulator.celigo.stub("POST", "/tools/{id}/run", status=503, times=1)
    emulator.celigo.stub(
        "POST", "/tools/{id}/run", where={"body": {"dryRun": True}}, status=202, json={"queued": False}
    )

    url, headers = emulator.celigo.url + "/tools/5f7c3a2b9d1e4c0012a4b6c1/run", emulator.celigo.headers
    statuses = [requests.post(url, headers=headers, json={"dryRun": True}, timeout=5).status_code for _ in range(2)]

    assert statuses == [503, 202]
