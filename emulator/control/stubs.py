"""A sandbox's stubs: create, list, remove."""

from __future__ import annotations

from typing import Any

from emulator.control.handlers import Emulator, Handlers, found_by_id
from emulator.errors import ConfigurationError, Problem
from emulator.exchange import Call, Reply
from emulator.sandbox.sandbox import Sandbox
from emulator.stubs.check import stub_of
from emulator.stubs.stub import Stub

MOST_STUBS = 1000
"""How many stubs a sandbox may have: each call that no operation matches is compared with all of them."""

handlers = Handlers()


@handlers.sandbox_operation("listStubs")
async def list_stubs(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """List the stubs."""
    return Reply(200, {"stubs": [_describe(stub, sandbox) for stub in sandbox.stubs]})


@handlers.sandbox_operation("createStub")
async def create_stub(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Create a stub for calls that no operation matches."""
    if len(sandbox.stubs) >= MOST_STUBS:
        raise Problem(422, f"There are {MOST_STUBS} stubs already; remove some: DELETE stubs, or stubs/ID.")
    document: Any = call.document
    try:
        stub = stub_of(document, sandbox.stubs.next_id(), emulator.catalogue.contracts)
    except ConfigurationError as problem:
        raise Problem(422, f"Invalid stub: {problem}.") from None
    sandbox.stubs.add(stub)
    return Reply(201, _describe(stub, sandbox))


@handlers.sandbox_operation("removeStubs")
async def remove_stubs(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Remove all stubs."""
    for stub in list(sandbox.stubs):
        sandbox.stubs.remove(stub.id)
    return Reply(204)


@handlers.sandbox_operation("getStub")
async def get_stub(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return one stub."""
    return Reply(200, _describe(found_by_id(call, sandbox.stubs, "stub"), sandbox))


@handlers.sandbox_operation("removeStub")
async def remove_stub(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Remove a stub."""
    sandbox.stubs.remove(found_by_id(call, sandbox.stubs, "stub").id)
    return Reply(204)


def _describe(stub: Stub, sandbox: Sandbox) -> dict[str, Any]:
    return {"id": stub.id, "hits": sandbox.stubs.hits(stub.id), "stub": stub.document}
