"""Allows pages of other origins to call the emulator, by the setting cors (Fetch standard, CORS protocol)."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import hdrs, web

ANY = "*"
PREFLIGHT_SECONDS = 600


class Cors:
    """The origins whose pages may read replies. The control API accepts only those listed by name, never `*`."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def names(self, origin: str) -> bool:
        """Return True if an origin is listed by name, not only by `*`."""
        return origin in self._origins and origin != ANY

    def preflight(self, request: web.BaseRequest, *, control: bool) -> web.Response | None:
        """Return the response to a preflight request; None if it is not one, or its origin is not allowed."""
        if request.method != hdrs.METH_OPTIONS:
            return None
        method = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_METHOD)
        if method is None or not self._allows(request, control):
            return None
        response = web.Response(status=204)
        self._mark(request, response)
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = method
        response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = str(PREFLIGHT_SECONDS)
        if asked := request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = asked
        return response

    def allow(self, request: web.BaseRequest, response: web.StreamResponse, *, control: bool = False) -> None:
        """Allow the page that sent a request to read the response, if its origin may. Call it before sending."""
        if self._allows(request, control) and not response.prepared:
            exposed = ", ".join(dict.fromkeys(response.headers))
            self._mark(request, response)
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = exposed

    def _allows(self, request: web.BaseRequest, control: bool) -> bool:
        origin = request.headers.get(hdrs.ORIGIN)
        return origin is not None and (self.names(origin) or (ANY in self._origins and not control))

    def _mark(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        origin = request.headers[hdrs.ORIGIN]
        response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin if self.names(origin) else ANY
        if self.names(origin):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
