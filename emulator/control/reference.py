"""The control API's own documents: its contract, its schemas, and a page with examples."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from emulator.control.document import FILE, own_document, schema_named, schema_names
from emulator.control.guide import Route, command, first_command, routes, tags
from emulator.control.handlers import ROOT, Emulator, Handlers
from emulator.errors import Problem, sentence, unknown
from emulator.exchange import Call, Reply

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
pre { background: #f4f4f4; color: #111; padding: .5rem .75rem; overflow-x: auto; }
h3 { font: 600 1rem ui-monospace, monospace; margin-bottom: 0; }
p, ul { margin: .25rem 0; }
"""

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
    page = "\n".join(_page(call.entrance.main.partition("://")[2]))
    return Reply(200, content=page.encode(), content_type="text/html; charset=utf-8")


def _page(host: str) -> Iterator[str]:
    yield "<!doctype html>"
    yield f'<html lang="en"><meta charset="utf-8"><title>Emulator control API</title><style>{STYLE}</style>'
    yield "<h1>Emulator control API</h1>"
    yield f'<p>The contract: <a href="{ROOT}/openapi.yaml">{ROOT}/openapi.yaml</a>; as one document, for client'
    yield f'generators: <a href="{ROOT}/openapi.json">{ROOT}/openapi.json</a>. The commands work in this order against'
    yield "an emulator that has just started. The first one calls a vendor. If the setting"
    yield "<code>control_token</code> is set, add <code>-H 'Authorization: Bearer TOKEN'</code>.</p>"
    yield f"<pre>{escape(first_command(host))}</pre>"
    yield "<p>Routes below <code>/sandboxes/{sandbox}</code> also exist without that prefix: for the sandbox in the"
    yield "header <code>X-Emulator-Sandbox</code> or in the path prefix <code>/~{sandbox}</code>, or else for"
    yield "<code>default</code>.</p>"
    for tag, description in tags().items():
        yield f'<h2 id="{tag}">{tag}</h2><p>{escape(description)}</p>'
        for route in routes():
            if route.tag == tag:
                yield from _section(route, host)
    yield "</html>"


def _section(route: Route, host: str) -> Iterator[str]:
    yield f'<h3 id="{route.operation}">{route.method} {escape(ROOT + route.path)}</h3>'
    yield f"<p>{escape(route.summary)} {escape(route.description)}</p>"
    if route.parameters:
        items = "".join(f"<li><code>{escape(name)}</code> {escape(text)}</li>" for name, text in route.parameters)
        yield f"<ul>{items}</ul>"
    replies = "; ".join(f"{status} {escape(text)}" for status, text in route.statuses.items())
    yield f"<p>Replies: {replies}</p>"
    lines = "\n".join(escape(command(words, host)) for words in route.commands)
    yield f"<pre>{lines}</pre>"
