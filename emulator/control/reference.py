"""The control API's own documents: its contract, its schemas, and a page with examples."""

from __future__ import annotations

from emulator.control.document import FILE, own_document, schema_named, schema_names
from emulator.control.guide_page import guide_page
from emulator.control.handlers import ROOT, Emulator, Handlers
from emulator.control.pages import CONSOLE
from emulator.errors import Problem, sentence, unknown
from emulator.exchange import Call, Reply
from emulator.transport.wire import content_of

handlers = Handlers()


@handlers.operation("getOwnContract")
async def get_own_contract(call: Call, emulator: Emulator) -> Reply:
    """Return the control API's contract, unchanged."""
    return Reply(200, content=FILE.read_bytes(), content_type="application/yaml")


@handlers.operation("getBundledContract")
async def get_bundled_contract(call: Call, emulator: Emulator) -> Reply:
    """Return the control API's contract as one document, with the URL that the caller used as server."""
    return Reply(200, {**own_document(), "servers": [{"url": call.entrance.main + ROOT}]})


@handlers.operation("getOwnSchema")
async def get_own_schema(call: Call, emulator: Emulator) -> Reply:
    """Return one JSON Schema, of the control API or of a file that users write, as one document."""
    name, known = call.params["name"], schema_names(emulator.catalogue)
    if name not in known:
        raise Problem(404, sentence(unknown("schema", name, known)))
    return Reply(200, schema_named(name, emulator.catalogue), content_type="application/schema+json")


@handlers.operation("getDocs")
async def get_docs(call: Call, emulator: Emulator) -> Reply:
    """Return the page, whose commands use the caller's host and a port with all vendors."""
    page = CONSOLE.page(guide_page(call.entrance.main.partition("://")[2]))
    # In lower case they replace those of the control API's conventions.
    headers = {name.lower(): value for name, value in page.headers.items()}
    return Reply(200, headers=headers, content=content_of(page), content_type=headers["content-type"])
