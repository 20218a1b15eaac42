"""Files for browsers: a folder of the package, served below /_emulator/<name>/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from aiohttp import hdrs, web

from emulator.contract.operation import SAFE_METHODS
from emulator.errors import Problem, sentence, unknown

INDEX = "index.html"
PAGE = ".html"
"""The suffix of pages, which are served by their own addresses."""

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    PAGE: "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""What is served, by suffix; other files of a folder are not."""

STRICT_POLICY: Mapping[str, str] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""A Content-Security-Policy: no inline script or style, and nothing from another host."""

FOREVER = "public, max-age=31536000, immutable"


class Assets:
    """Serves the files in `folder`, below /_emulator/<name>/<version>/, cached for ever.

    The version is a hash of all files: after an update no browser uses an old one. A page refers to them as
    {assets}/app.js, which `page` replaces; "index.html", if the folder has one, is the page at /_emulator/<name>/.
    Files are read when they are requested: nothing before, and an edited file counts at once.

    `policy` replaces directives of the strict Content-Security-Policy, for libraries that need more.
    """

    def __init__(self, name: str, folder: Path, policy: Mapping[str, str] | None = None) -> None:
        self._name, self._folder = name, folder
        self._policy = "; ".join(f"{key} {value}" for key, value in {**STRICT_POLICY, **(policy or {})}.items())
        self._hashed: tuple[object, str] = (None, "")

    def serve(self, request: web.BaseRequest, path: str) -> web.Response | None:
        """Serve a request to `path` below /_emulator; None if that is elsewhere. Raises Problem."""
        name, slash, rest = path[1:].partition("/")
        if name != self._name:
            return None
        if request.method not in SAFE_METHODS:
            raise Problem(405, f"{path} takes GET, HEAD, not {request.method}.", {"Allow": "GET, HEAD"})
        if not slash:
            return web.Response(status=308, headers={hdrs.LOCATION: f"{name}/"})
        return self._file(rest) if rest else self.page(self._folder.joinpath(INDEX).read_text("utf-8"))

    def page(self, html: str) -> web.Response:
        """Return a page, in which {assets} becomes the relative URL of the files from /_emulator/<name>/."""
        body = html.replace("{assets}", self.version()).encode()
        return web.Response(body=body, headers=self._headers(PAGE, "no-cache"))

    def version(self) -> str:
        """Return the hash of all files, as their URLs contain it."""
        files = dict(self._files())
        stamp = [(name, file.stat().st_mtime_ns, file.stat().st_size) for name, file in files.items()]
        if self._hashed[0] != stamp:
            self._hashed = stamp, _hash(files)
        return self._hashed[1]

    def _file(self, path: str) -> web.Response:
        version, _, name = path.partition("/")
        files = dict(self._files())
        if version != self.version() or name not in files:
            raise Problem(404, sentence(unknown("file", path, [f"{self.version()}/{one}" for one in files])))
        return web.Response(body=files[name].read_bytes(), headers=self._headers(files[name].suffix, FOREVER))

    def _files(self) -> Iterator[tuple[str, Path]]:
        for file in sorted(self._folder.rglob("*")):
            if file.suffix in MEDIA_TYPES and file.suffix != PAGE:
                yield file.relative_to(self._folder).as_posix(), file

    def _headers(self, suffix: str, cached: str) -> dict[str, str]:
        return {
            hdrs.CONTENT_TYPE: MEDIA_TYPES[suffix],
            hdrs.CACHE_CONTROL: cached,
            "Content-Security-Policy": self._policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }


def _hash(files: Mapping[str, Path]) -> str:
    digest = sha256()
    for name, file in files.items():
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
