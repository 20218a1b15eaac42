import asyncio

import httpx
import pytest


@pytest.mark.asyncio
async def test_concurrent_calls(emulator):
    async with httpx.AsyncClient(base_url=emulator.immuta.url, headers=emulator.immuta.headers) as client:
        replies = await asyncio.gather(*(client.get("/dictionary/types") for _ in range(10)))

    assert {reply.status_code for reply in replies} == {200}
    emulator.verify("listDictionaryTypes", count=10)
