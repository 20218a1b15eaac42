"""What stands in for a live vendor: an emulator behind a server that changes its replies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import RawTestServer


@dataclass
class Reply:
    """A reply on its way to the client, to be changed in place.

    With status 0 the connection breaks instead; with `breaks_off` it breaks before the end of the body.
    """

    method: str
    path: str
    status: int
    document: Any
    headers: dict[str, str]
    breaks_off: bool = False


Change = Callable[[Reply], None]


def unchanged(reply: Reply) -> None:
    """Change nothing."""


def keeping() -> Change:
    """Return a change of a vendor that refuses to delete what was created, and still has it."""
    made: dict[str, Any] = {}

    def keep(reply: Reply) -> None:
        id = reply.path.rpartition("/")[2]
        if reply.method == "POST" and reply.status == 201:
            made[reply.document["_id"]] = reply.document
        elif reply.method == "DELETE":
            reply.status, reply.document = 409, {"errors": [{"code": "in_use", "message": "in use"}]}
        elif reply.method == "GET" and reply.status == 404 and id in made:
            reply.status, reply.document = 200, made[id]

    return keep


@asynccontextmanager
async def live_vendor(url: str, change: Change = unchanged) -> AsyncIterator[str]:
    """Run a server in front of an emulator's vendor at `url`; yield its URL."""
    async with ClientSession(auto_decompress=True) as session:

        async def serve(request: web.BaseRequest) -> web.StreamResponse:
            headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
            body = await request.read()
            async with session.request(
                request.method, url + request.raw_path, headers=headers, data=body or None, allow_redirects=False
            ) as got:
                content, kind = await got.read(), got.headers.get("Content-Type", "")
                passed = {
                    name: got.headers[name] for name in ("Link", "ETag", "WWW-Authenticate") if name in got.headers
                }
                document = json.loads(content) if "json" in kind else content
                reply = Reply(request.method, request.path, got.status, document, passed)
            change(reply)
            if not reply.status:
                assert request.transport is not None
                request.transport.abort()
            sent = reply.document if isinstance(reply.document, bytes) else json.dumps(reply.document).encode()
            if reply.breaks_off:
                await _break_off(request, reply.status, sent)
            return web.Response(
                status=reply.status or 500,
                headers=reply.headers,
                body=sent,
                content_type=kind.partition(";")[0] or None,
            )

        async with RawTestServer(serve) as server:
            yield str(server.make_url(""))


async def _break_off(request: web.BaseRequest, status: int, body: bytes) -> None:
    """Announce a body, send all but its last byte, and close the connection."""
    response = web.StreamResponse(status=status, headers={"Content-Length": str(len(body) + 1)})
    await response.prepare(request)
    await response.write(body)
    assert request.transport is not None
    request.transport.close()
