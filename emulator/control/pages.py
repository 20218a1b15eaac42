"""The pages for browsers: the console, a reference of each API, GraphiQL."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

from aiohttp import hdrs, web

from emulator.contract.operation import SAFE_METHODS
from emulator.control.assets import Assets
from emulator.control.document import FOLDER
from emulator.control.handlers import ROOT
from emulator.errors import Problem, sentence, unknown

FILES = FOLDER / "console"
CONSOLE = Assets("console", FILES)
"""The files of all pages: each is loaded only by the page that needs it."""

DOCS = "/docs/"
OWN = ROOT[1:]
"""The control API among the APIs with a reference: no vendor's name begins with "_"."""


class Pages:
    """Serves the pages."""

    def __init__(self) -> None:
        # The fonts of GraphiQL are inside its style sheet.
        self._graphiql = Assets("console", FILES, {"font-src": "data:"})

    def serve(self, request: web.BaseRequest, path: str, vendors: Collection[str]) -> web.Response | None:
        """Serve a request to `path` below /_emulator; return None if nothing shows a page there. Raises Problem."""
        if path.startswith(DOCS) and request.method in SAFE_METHODS:
            return self._reference(path.removeprefix(DOCS), [*vendors, OWN])
        return CONSOLE.serve(request, path)

    def to_console(self, root: str) -> web.Response:
        """Return the way to the console; `root` is the path of the control API."""
        # Another client gets another reply there: nobody may give it this one.
        headers = {hdrs.LOCATION: f"{root}/console/", hdrs.VARY: hdrs.ACCEPT, hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(status=302, headers=headers)

    def graphiql(self, vendor: str, title: str, root: str) -> web.Response:
        """Return GraphiQL for the endpoint that was called; `root` is the path of the sandbox's control API."""
        html = _template("graphiql")
        for name, value in (("root", f"{root}/"), ("vendor", vendor), ("title", title)):
            html = html.replace(f"{{{name}}}", escape(value))
        return self._graphiql.page(html)

    def _reference(self, path: str, names: Collection[str]) -> web.Response | None:
        name, slash, rest = path.partition("/")
        if rest:
            return None
        if name not in names:
            raise Problem(404, sentence(unknown("API", name, names)))
        if not slash:
            return web.Response(status=308, headers={hdrs.LOCATION: f"{name}/"})
        return CONSOLE.page(_template("reference"))


def _template(name: str) -> str:
    return FILES.joinpath("apis", f"{name}.html").read_text("utf-8")
