"""The upper bound: aiohttp with one handler per route that only sends fixed bytes.

python bare.py PORT FOLDER; the folder contains list, get, create and graphql.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.Response]]


def sending(file: Path, status: int = 200) -> Handler:
    body = file.read_bytes()

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=status, body=body, content_type="application/json")

    return handle


def application(folder: Path) -> web.Application:
    integrations = "/secoda/api/v1/integration/integrations"
    application = web.Application()
    application.router.add_get(integrations, sending(folder / "list"))
    application.router.add_get(f"{integrations}/{{id}}", sending(folder / "get"))
    application.router.add_post(integrations, sending(folder / "create", 201))
    application.router.add_post("/paradime/graphql", sending(folder / "graphql"))
    return application


async def serve(port: int, folder: Path) -> None:
    runner = web.AppRunner(application(folder), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def main() -> None:
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))


if __name__ == "__main__":
    main()
