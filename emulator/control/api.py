"""The control API: serves its requests by its own contract."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import cache, partial
from importlib import import_module
from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy

from emulator import VERSION_HEADER, __version__
from emulator.addressing import HEADER
from emulator.contract.fidelity import check_reply
from emulator.contract.operation import SAFE_METHODS, Operation, Response
from emulator.contract.reading import UnsupportedType, read_call
from emulator.contract.routes import Route, Routes
from emulator.control.access import check_token
from emulator.control.document import own_contract
from emulator.control.handlers import ROOT, Emulator, Handlers, Stream
from emulator.control.pages import Pages
from emulator.errors import (
    ContractError,
    MalformedBody,
    Problem,
    UndecodableBody,
    WorkEnded,
    explained,
    is_without_room,
    sentence,
    unknown,
)
from emulator.exchange import NOTHING, Call, Entrance, Reply, Violation
from emulator.json_text import write_json
from emulator.sandbox.sandboxes import DEFAULT
from emulator.transport import wire
from emulator.transport.connection import break_off
from emulator.transport.hosts import is_local
from emulator.transport.origin import Origin, authority_of, host_of

WITHOUT_SANDBOX = ("information", "reference")
"""The tags whose operations work before the sandboxes are seeded."""

logger = logging.getLogger("emulator")


class Control:
    """Serves the control API. Its routes for one sandbox also exist without /sandboxes/{sandbox}."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._contract = own_contract()
        self._routes = Routes(self._contract)
        self.pages = Pages()

    def prepare(self) -> None:
        """Import what the first calls need, in any thread: no start waits for it."""
        for tag in dict.fromkeys(operation.tag for operation in self._contract.operations.values()):
            handlers_of(tag)

    async def serve(
        self, request: web.BaseRequest, path: str, origin: Origin, sandbox: str | None
    ) -> web.StreamResponse:
        """Serve a request to `path` below /_emulator; `sandbox` is the one in the path's prefix, None without one."""
        cors = self._emulator.cors
        response = cors.preflight(request, control=True) or await self._serve(request, path, origin, sandbox)
        cors.allow(request, response, control=True)
        if not response.prepared:
            response.headers[VERSION_HEADER] = __version__
        return response

    async def call(self, name: str, url: str, params: Mapping[str, str], document: object = NOTHING) -> Any:
        """Run an operation for a caller in this process, as if it had called `url`; return the document of the reply.

        Raises Problem.
        """
        operation = self._contract.operations[name]
        body = b"" if document is NOTHING else write_json(document)
        headers = CIMultiDict({hdrs.CONTENT_TYPE: "application/json"} if body else {})
        call = Call(
            operation.method,
            operation.path,
            headers=CIMultiDictProxy(headers),
            body=body,
            params=dict(params),
            entrance=Entrance(url, None, url),
        )
        reply = await self._run(call, operation)
        return reply.document if isinstance(reply, Reply) else NOTHING

    async def _serve(
        self, request: web.BaseRequest, path: str, origin: Origin, sandbox: str | None
    ) -> web.StreamResponse:
        responses = self._contract.unmatched
        try:
            self._refuse_foreign(request)
            if page := self.pages.serve(request, path, self._emulator.catalogue.vendors):
                return page
            named = request.headers.get(HEADER) or DEFAULT if sandbox is None else sandbox
            route = self._route(path, named)
            operation = self._operation(route, request, path)
            responses = operation.responses
            check_token(request.headers, operation, route.params.get("sandbox"), self._emulator)
            call = wire.new_call(request, path, origin.url + ROOT, route.params)
            call.entrance = self._emulator.ports.entrance(request, origin)
            self._refuse_early(operation)
            await self._read(request, call, operation)
            reply = await self._run(call, operation)
            if isinstance(reply, Stream):
                return await self._stream(request, reply)
            _check_reply(reply, responses)
        except (wire.Disconnected, ConnectionError):
            # The client disconnected before the end of the request or the response.
            return break_off(request, "close")
        except Problem as problem:
            return self._problem(problem, request, responses)
        except Exception as failure:
            return self._failed(failure, request, responses)
        return wire.respond(call, reply, self._contract.conventions)

    async def _stream(self, request: web.BaseRequest, stream: Stream) -> web.StreamResponse:
        """Send a streamed reply: its headers at once, then its body, until it ends or its reader disconnects."""
        response = web.StreamResponse(headers=stream.headers)
        self._emulator.cors.allow(request, response, control=True)
        await response.prepare(request)
        if request.method != "HEAD":
            with suppress(ConnectionError):
                await stream.write(request, response)
        return response

    def accepts_host(self, request: web.BaseRequest) -> bool:
        """Return True if the called host is known to be the emulator's own."""
        host = host_of(authority_of(request))
        known = (self._emulator.settings.host, *self._emulator.settings.control_hosts)
        # By DNS rebinding, a page can make a browser send only a name, never a bare address.
        return host.lower() in known or is_local(host)

    def _refuse_foreign(self, request: web.BaseRequest) -> None:
        """Refuse calls that a page in a browser could send: to a foreign host, and writes from other origins."""
        authority = authority_of(request)
        host = host_of(authority)
        if not self.accepts_host(request):
            raise Problem(403, f"The control API does not accept the host {host!r}; add it to control_hosts.")
        origin = request.headers.get("Origin")
        foreign = origin is not None and origin.partition("://")[2] != authority
        if request.method not in SAFE_METHODS and foreign and not self._emulator.cors.names(origin or ""):
            raise Problem(403, f"The control API does not accept writes from {origin}, only from {authority} itself.")

    def _route(self, path: str, sandbox: str) -> Route:
        below = f"{ROOT}/sandboxes/{quote(sandbox, safe='', errors='surrogateescape')}"
        route = self._routes.find(ROOT + path) or self._routes.find(below + path)
        if route is None and not sandbox:
            raise Problem(404, "Unknown sandbox ''. Write the prefix of a sandbox as /~NAME.")
        if route is None:
            raise Problem(404, self._unknown_path(path))
        return route

    def _unknown_path(self, path: str) -> str:
        paths = dict.fromkeys(operation.path for operation in self._contract.operations.values())
        return sentence(unknown("path", path, paths, "of the control API", listed_by=f"GET {ROOT}/docs"))

    def _operation(self, route: Route, request: web.BaseRequest, path: str) -> Operation:
        method = "GET" if request.method == "HEAD" else request.method
        if method not in route.operations:
            allowed = ", ".join(sorted(route.operations))
            raise Problem(405, f"{path or ROOT} takes {allowed}, not {request.method}.", {"Allow": allowed})
        return route.operations[method]

    def _refuse_early(self, operation: Operation) -> None:
        if not self._emulator.ready and operation.tag not in WITHOUT_SANDBOX:
            raise Problem(503, f"The sandboxes are not seeded yet; wait for GET {ROOT}/ready.")

    async def _read(self, request: web.BaseRequest, call: Call, operation: Operation) -> None:
        settings = self._emulator.settings
        try:
            if operation.body is not None:
                with ExitStack() as files:
                    limits = wire.BodyLimits(settings.max_body, settings.max_json)
                    await wire.read_body(request, call, operation.body, self._contract.conventions, limits, files)
        except wire.TooLarge as problem:
            raise Problem(413, sentence(problem)) from None
        except wire.UnsupportedEncoding as problem:
            raise Problem(415, f"Send the body as it is, or as gzip or deflate, not as {problem.encoding!r}.") from None
        except UndecodableBody as problem:
            raise Problem(400, f"The body cannot be decompressed: {problem}.") from None
        except MalformedBody as problem:
            raise _malformed(problem) from None

    async def _run(self, call: Call, operation: Operation) -> Reply | Stream:
        """Run the handler of a call whose body is read. Raises Problem for a call that the contract does not allow."""
        check = partial(read_call, call, operation, self._contract.conventions, self._emulator.settings.max_json_depth)
        is_long = len(call.body) > wire.QUICK_BODY
        try:
            violations = await self._emulator.worker.run(check) if is_long else check()
        except UnsupportedType as problem:
            raise Problem(415, f"Send {' or '.join(problem.accepted)}, not {call.content_type or 'nothing'}.") from None
        except MalformedBody as problem:
            raise _malformed(problem) from None
        if violations:
            raise Problem(422, f"{'; '.join(map(_sentence, violations))}.")
        handler = handlers_of(operation.tag).by_operation[operation.name]
        return await handler(call, self._emulator)

    def _failed(
        self, failure: Exception, request: web.BaseRequest, responses: Mapping[int, Response]
    ) -> web.StreamResponse:
        """Return the reply to a failure: a full disk or the end of the emulator is not an internal error."""
        if isinstance(failure, WorkEnded):
            return self._problem(Problem(503, f"Nothing was changed: {failure}."), request, responses)
        if is_without_room(failure):
            logger.error("no storage for %s %s: %s", request.method, request.path, failure)
            return self._problem(Problem(507, f"Nothing was changed: {failure}."), request, responses)
        logger.error("internal error in %s %s", request.method, request.path, exc_info=failure)
        return wire.problem_response(_internal_error())

    def _problem(
        self, problem: Problem, request: web.BaseRequest, responses: Mapping[int, Response]
    ) -> web.StreamResponse:
        try:
            _check_reply(problem.reply(), responses)
        except ContractError:
            logger.exception("internal error in %s %s", request.method, request.path)
            return wire.problem_response(_internal_error())
        return wire.problem_response(problem)


def _check_reply(reply: Reply, responses: Mapping[int, Response]) -> None:
    violations = check_reply(reply, responses)
    if violations:
        raise ContractError(f"{reply.status}: {'; '.join(map(_sentence, violations))}")


def _sentence(violation: Violation) -> str:
    return f"{violation.place} {violation.pointer or '/'}: {explained(violation)}"


def _malformed(problem: MalformedBody) -> Problem:
    return Problem(400, f"The body does not parse: {problem}.")


def _internal_error() -> Problem:
    return Problem(500, "Internal error of the emulator; see its log.")


@cache
def handlers_of(tag: str) -> Handlers:
    """Return the handlers of the operations with a tag: those of the module with its name, imported at the first."""
    found: Handlers = import_module(f"emulator.control.{tag}").handlers
    return found
