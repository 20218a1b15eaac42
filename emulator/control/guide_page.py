"""The page /_emulator/docs: the routes of the control API with their fields, and a command for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape

from emulator.contract.bundling import SUFFIX
from emulator.control.document import own_schemas
from emulator.control.fields import Field, Schema, fields_of, file_of, own_schema, type_of
from emulator.control.guide import Route, command, first_command, routes, tags
from emulator.control.handlers import ROOT

HEAD = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Emulator control API</title>
  <link rel="icon" href="console/{assets}/icon.svg">
  <link rel="stylesheet" href="console/{assets}/style.css">
  <link rel="stylesheet" href="console/{assets}/apis/guide.css">
  <script type="module" src="console/{assets}/apis/guide.js"></script>
</head>
<body>
<header><a class="home" href="console/">Emulator</a> <strong>Control API</strong>
<nav aria-label="More"><a href="docs/_emulator/">Try it</a> <a href="openapi.json">OpenAPI</a></nav></header>
"""

INTRODUCTION = f"""<h1>Control API</h1>
<p>Everything that controls the emulator is below <code>{ROOT}</code>. The contract:
<a href="openapi.yaml">{ROOT}/openapi.yaml</a>; as one document, for client generators:
<a href="openapi.json">{ROOT}/openapi.json</a>. To send calls from here: <a href="docs/_emulator/">Try it</a>.</p>
<p>The commands work in this order against an emulator that has just started. The first one calls a vendor. If the
setting <code>control_token</code> is set, add <code>-H 'Authorization: Bearer TOKEN'</code>.</p>
<p>Routes below <code>/sandboxes/{{sandbox}}</code> also exist without that prefix: for the sandbox in the header
<code>X-Emulator-Sandbox</code> or in the path prefix <code>/~{{sandbox}}</code>, or else for <code>default</code>.</p>
"""


@lru_cache(maxsize=4)
def guide_page(host: str) -> str:
    """Return the page as HTML; its commands call `host`. {assets} in it stands for the files' version."""
    return "\n".join(_page(host))


def _page(host: str) -> Iterator[str]:
    yield HEAD
    yield from _contents()
    yield f'<main id="main" tabindex="-1">{INTRODUCTION}<pre>{escape(first_command(host))}</pre>'
    yield '<p id="none" role="status" hidden>Nothing contains these words.</p>'
    for tag, description in tags().items():
        yield f'<h2 id="{tag}">{tag.capitalize()}</h2><p>{_marked(description)}</p>'
        for route in _routes(tag):
            yield from _section(route, host)
    yield '<h2 id="schemas">Schemas</h2><p>The documents of several routes.</p>'
    for file in own_schemas():
        yield from _schema(file)
    yield "</main></body></html>"


def _routes(tag: str) -> list[Route]:
    return [route for route in routes() if route.tag == tag]


def _contents() -> Iterator[str]:
    yield '<aside><label id="search" hidden>Search <input type="search" autocomplete="off"></label>'
    yield '<nav aria-label="Contents"><ul>'
    for tag in tags():
        links = "".join(f"<li>{_route_link(route)}</li>" for route in _routes(tag))
        yield f'<li><a href="#{tag}">{tag.capitalize()}</a><ul>{links}</ul></li>'
    links = "".join(f"<li>{_schema_link(file)}</li>" for file in own_schemas())
    yield f'<li><a href="#schemas">Schemas</a><ul>{links}</ul></li></ul></nav></aside>'


def _route_link(route: Route) -> str:
    """Return a link with the shorter path, if a route has two; it breaks at slashes only."""
    path = escape(route.path.removeprefix("/sandboxes/{sandbox}") or route.path).replace("/", "<wbr>/")
    return f'<a href="#{route.operation}" title="{escape(route.summary)}"><b>{route.method}</b> {path}</a>'


def _schema_link(file: str) -> str:
    return f'<a href="#{_id(file)}">{escape(own_schema(file)["title"])}</a>'


def _id(file: str) -> str:
    """Return the id of a schema's section; a tag may have the same name."""
    return f"schema-{file.removesuffix(SUFFIX)}"


def _section(route: Route, host: str) -> Iterator[str]:
    yield f'<section id="{route.operation}"><h3><b>{route.method}</b> {escape(ROOT + route.path)}</h3>'
    yield f"<p>{_marked(f'{route.summary} {route.description}'.strip())}</p>"
    if route.parameters:
        yield _table(
            ("parameter", "in", "type", "example", "what it does"),
            (
                (
                    f"`{one.name}`",
                    one.place,
                    one.type,
                    one.example and f"`{one.example}`",
                    one.description or _needed(one.required),
                )
                for one in route.parameters
            ),
        )
    if route.body:
        yield f"<h4>Body: {_of(route.body)}</h4>{_fields(route.body)}"
    yield _replies(route)
    yield "".join(f"<pre>{escape(command(words, host))}</pre>" for words in route.commands)
    yield "</section>"


def _needed(is_required: bool) -> str:
    return "Required." if is_required else ""


def _replies(route: Route) -> str:
    rows = "".join(
        f"<tr><td>{status}</td><td>{_marked(text)}</td><td>{_of(schema) if schema else ''}{_fields(schema)}</td></tr>"
        for status, (text, schema) in route.replies.items()
        if status != "default"
    )
    return (
        f"<details><summary>Replies: {', '.join(route.replies)}</summary><table><tbody>{rows}</tbody></table></details>"
    )


def _schema(file: str) -> Iterator[str]:
    schema = own_schema(file)
    yield f'<section id="{_id(file)}"><h3>{escape(schema["title"])}</h3>'
    yield f"<p>{_marked(schema['description'])}</p>{_fields(schema)}</section>"


def _of(schema: Schema) -> str:
    """Return what a document is: the name of a schema with its own section, or its type."""
    file = file_of(schema)
    return _schema_link(file) if file else _marked(type_of(schema))


def _fields(schema: Schema) -> str:
    rows = [_row(field) for field in fields_of(schema)]
    return _table(("field", "type", "default", "example", "what it does"), rows) if rows else ""


def _row(field: Field) -> tuple[str, ...]:
    link = f" ({{{field.schema}}})" if field.schema else ""
    return (f"`{field.name}`", field.type + link, field.default, field.example, field.description)


def _table(names: tuple[str, ...], rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> str:
    head = "".join(f"<th scope=col>{name}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{_marked(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="table" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _marked(text: str) -> str:
    """Return a text as HTML, with `code`, and {file} as a link to the section of that schema."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(rf"\{{([a-z-]+{re.escape(SUFFIX)})\}}", lambda found: _schema_link(found[1]), marked)
