"""A user's program and the mistakes in it that a type checker has to find: mypy and pyright read it, nobody runs it."""

from __future__ import annotations

from emulator.client import Client, Connection, Exchange, Reply, SandboxClient, VendorAccess, When

THROTTLED: Reply = {"status": 429, "headers": {"Retry-After": "0"}}
TWICE: When = {"times": 2}
RESET: Connection = "reset"


def steer(sandbox: SandboxClient) -> None:
    vendor: VendorAccess = sandbox.secoda
    headers: dict[str, str] = dict(sandbox.vendors["acme"].headers)
    sandbox.scenario("secoda/outage").off()
    sandbox.scenario("acme/of-mine").off()
    sandbox.fault(vendor=vendor.name, operation="listIntegrations", when=TWICE, reply=THROTTLED)
    sandbox.fault(vendor="celigo", connection=RESET, only="reads", commit="after")
    sandbox.fault(vendor="celigo", delay={"uniform": [0.1, 0.5]}, where={"path": {"_id": {"glob": "5*"}}})
    sandbox.fault(vendor="paradime", graphql={"errors": [{"message": "later"}], "data": "keep"})
    sandbox.fault(vendor="celigo", status=429, reply={"headers": {"Retry-After": "0"}})
    calls: list[Exchange] = sandbox.verify("listIntegrations", where={"query": {"page": 2}})
    calls = sandbox.verify(in_order=["listIntegrations", {"operation": "createIntegration"}], within=5)
    with sandbox.celigo.stub("GET", "/tools/{id}", json=[], where={"path": {"id": "a"}}, times=1, delay=0.1) as stub:
        print(stub.hits, sandbox.journal[-1].headers["X-Run"], sandbox.journal[1:])
    del headers, calls


def err(sandbox: SandboxClient) -> None:
    print(sandbox.secodda.url)  # mistake: no such vendor
    print(sandbox.acme.url)  # mistake: not one of the built-in ones
    sandbox.verfy("listIntegrations")  # mistake: no such method
    sandbox.fault(vendor="celigo", when={"time": 2})  # mistake: times
    sandbox.fault(vendor="celigo", when={"over": {"cals": 1, "seconds": 1}})  # mistake: calls
    sandbox.fault(vendor="celigo", reply={"stauts": 500})  # mistake: status
    sandbox.fault(vendor="celigo", delay={"fixed": "2"})  # mistake: a number
    sandbox.fault(vendor="celigo", connection="rest")  # mistake: reset
    sandbox.fault(vendor="celigo", commit="later", status=500)  # mistake: after
    sandbox.fault(vendor="paradime", graphql={"error": []})  # mistake: errors
    sandbox.fault(vendor="celigo", status=500, where={"paths": {}})  # mistake: path
    sandbox.celigo.stub("GET", "/tools", jsn=[])  # mistake: json
    sandbox.verify(in_order=[{"operaton": "listIntegrations"}])  # mistake: operation
    Client(4070)  # mistake: a URL
