"""A vendor that exists only in tests: as small as a vendor can be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from emulator.errors import MalformedBody, Refusal, UndecodableBody
from emulator.exchange import Call, Record, Reply, Violation
from emulator.store.collection import Collection
from emulator.store.credentials import Credentials, Identity
from emulator.store.world import World
from emulator.vendor import Handlers, Transactions, Vendor

THINGS = Collection("acme.things", schema="thing.schema.json")
CREDENTIALS = Collection("acme.credentials")

handlers = Handlers()


def problem(status: int, sentence: str) -> Reply:
    return Reply(status, {"problem": sentence})


@handlers.operation("listThings")
def list_things(call: Call, world: World) -> Reply:
    return Reply(200, world[THINGS].page(limit=call.params.get("limit", -1)))


@handlers.operation("getThing")
def get_thing(call: Call, world: World) -> Reply:
    thing = world[THINGS].get(call.params["thing_id"])
    if thing is None:
        raise Refusal(problem(404, f"{call.switches['greeting']}, no {call.params['thing_id']}"))
    return Reply(200, thing)


@handlers.operation("createThing")
def create_thing(call: Call, world: World) -> Reply:
    thing = {"id": world.hex(8), "name": call.document["name"]}  # type: ignore[index]
    world[THINGS].insert(thing)
    return {
        "raise": lambda: 1 // 0,
        "refuse": lambda: (_ for _ in ()).throw(Refusal(problem(400, "refused after writing"))),
        "status": lambda: Reply(418, {}),
        "shape": lambda: Reply(201, {**thing, "extra": 1}),
        "": lambda: Reply(201, thing),
    }[call.document.get("broken", "")]()  # type: ignore[union-attr, return-value]


@handlers.streaming_operation("importThings")
async def import_things(call: Call, transactions: Transactions) -> Reply:
    for line in call.parts["file"].file:
        name = line.decode().strip()
        await transactions.run(lambda world, name=name: world[THINGS].insert({"id": world.hex(8), "name": name}))  # type: ignore[misc]
    return Reply(204)


class AcmeDialect:
    def unknown_path(self, call: Call) -> Reply:
        return problem(404, f"nothing at {call.path}")

    def wrong_method(self, call: Call, allowed: Sequence[str]) -> Reply:
        return problem(405, f"use {', '.join(allowed)}")

    def too_large(self, call: Call, limit: int) -> Reply:
        return problem(413, f"more than {limit} bytes")

    def unsupported_type(self, call: Call, accepted: Sequence[str]) -> Reply:
        return problem(415, f"send {', '.join(accepted)}")

    def malformed(self, call: Call, malformed: MalformedBody) -> Reply:
        return problem(400, str(malformed))

    def unsupported_encoding(self, call: Call, encoding: str) -> Reply:
        return problem(415, f"not {encoding}")

    def undecodable(self, call: Call, undecodable: UndecodableBody) -> Reply:
        return problem(400, str(undecodable))

    def refuses(self, violation: Violation) -> bool:
        return violation.rule != "additionalProperties"

    def invalid(self, call: Call, violations: Sequence[Violation]) -> Reply:
        return problem(400, "; ".join(f"{found.place} {found.pointer} {found.rule}" for found in violations))

    def broken(self, call: Call) -> Reply:
        return problem(500, "internal error")


def authenticate(call: Call, credentials: Credentials, now: datetime) -> Identity:
    credential = credentials.get(call.headers.get("X-Acme-Token", ""))
    if credential is None:
        raise Refusal(problem(401, "who are you?"))
    return Identity(credential["user"], credential["rights"], credential)


def presented(call: Call) -> str:
    return call.headers.get("X-Acme-Token", "")


def present(credential: Record) -> dict[str, str]:
    return {"X-Acme-Token": credential["id"]}


vendor = Vendor(
    name="acme",
    title="Acme",
    handlers=[handlers],
    dialect=AcmeDialect(),
    authenticate=authenticate,
    present=present,
    presented=presented,
    collections=[THINGS, CREDENTIALS],
)
