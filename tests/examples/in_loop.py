import aiohttp


async def test_in_the_loop_of_the_test(emulator_in_loop):
    emulator = await emulator_in_loop()
    await emulator.control("PUT", "/scenarios/celigo/outage")

    async with (
        aiohttp.ClientSession(headers=emulator.celigo.headers) as session,
        session.get(emulator.celigo.url + "/integrations") as reply,
    ):
        assert reply.status == 503

    assert [exchange.status for exchange in emulator.exchanges()] == [503]
