import threading

import requests


def create(celigo, name):
    requests.post(celigo.url + "/integrations", headers=celigo.headers, json={"name": name}, timeout=5)


def test_what_a_background_thread_does(emulator):
    threading.Thread(target=create, args=(emulator.celigo, "Sales")).start()

    [exchange] = emulator.verify("createIntegration", body={"name": "Sales"}, within=5)
    assert exchange.status == 201
    assert exchange.reply_json["name"] == "Sales"

    emulator.verify("deleteIntegration", vendor="celigo", count=0, within=0.2)


def test_order_across_vendors(emulator):
    requests.get(emulator.secoda.url + "/integration/integrations", headers=emulator.secoda.headers, timeout=5)
    requests.get(emulator.celigo.url + "/integrations", headers=emulator.celigo.headers, timeout=5)
    create(emulator.celigo, "Sales")

    emulator.verify(
        in_order=[
            {"vendor": "secoda", "operation": "listIntegrations"},
            {"operation": "createIntegration", "where": {"body": {"name": "Sales"}, "status": 201}},
        ]
    )
