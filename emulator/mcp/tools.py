"""What an agent can do with a running emulator. Each docstring is what the agent reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from emulator.client import Client
from emulator.client.api import given
from emulator.client.urls import quoted
from emulator.errors import EmulatorError, sentence, unknown

__all__ = ["Tools"]

SHOWN = 50
"""How many calls of a journal, and records of a collection, are shown at most."""


class Tools:
    """The tools: methods that take and return what JSON can say. They raise EmulatorError with a sentence."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self) -> Sequence[Callable[..., Any]]:
        """Return the tools in the order in which an agent needs them."""
        return (
            self.create_sandbox,
            self.drop_sandbox,
            self.list_operations,
            self.list_scenarios,
            self.set_scenario,
            self.arm_fault,
            self.disarm_faults,
            self.read_journal,
            self.read_call,
            self.explain_unmatched,
            self.verify,
            self.conduct,
            self.list_records,
            self.put_record,
            self.delete_record,
            self.set_clock,
            self.set_switches,
        )

    def create_sandbox(self, name: str, seed: int | None = None, strict: bool | None = None) -> dict[str, Any]:
        """Create a sandbox with records, faults, clock and journal of its own.

        Returns base URL, headers and credentials of each vendor in it. `name` has up to 64 of a-z, 0-9, _ and -. The
        same `seed` makes the same records. `strict` refuses what the vendor would tolerate.
        """
        return self._ask("POST", "/sandboxes", given(name=name, seed=seed, strict=strict))

    def drop_sandbox(self, sandbox: str) -> str:
        """Drop a sandbox and all that is in it."""
        self._client.request("DELETE", f"/sandboxes/{quoted(sandbox)}")
        return f"{sandbox} is dropped"

    def list_operations(self, vendor: str) -> dict[str, Any]:
        """List what a vendor's API can do here: operation, method, path, statuses, and on what evidence it stands.

        emulator://operations says more of each.
        """
        found = self._client.operations()
        vendors = sorted({one["vendor"] for one in found})
        if vendor not in vendors:
            raise EmulatorError(sentence(unknown("vendor", vendor, vendors)))
        return {"operations": [_operation(one) for one in found if one["vendor"] == vendor]}

    def list_scenarios(self, sandbox: str = "default") -> dict[str, Any]:
        """List the ready-made failures (outage, rate limit, expired credentials …) and which are on."""
        return self._of(sandbox, "GET", "/scenarios")

    def set_scenario(self, scenario: str, on: bool = True, sandbox: str = "default") -> str:
        """Turn a scenario on or off: "secoda/rate-limited"; "*/outage" is that of every vendor."""
        found = self._client.sandbox(sandbox).scenario(scenario)
        if not on:
            found.off()
        return f"{scenario} is {'on' if on else 'off'}"

    def arm_fault(self, fault: dict[str, Any], sandbox: str = "default") -> dict[str, Any]:
        """Let calls fail. `fault` is as emulator://schemas/fault describes it.

        Example: {"vendor": "secoda", "operation": "listIntegrations", "when": {"times": 2}, "reply": {"status": 503}}.
        Returns it with its id, and a sentence that says what it does.
        """
        return self._of(sandbox, "POST", "/faults", fault)

    def disarm_faults(self, sandbox: str = "default") -> str:
        """Remove all faults of a sandbox; scenarios stay on."""
        self._of(sandbox, "DELETE", "/faults")
        return "no fault is armed"

    def read_journal(
        self, sandbox: str = "default", vendor: str | None = None, since: int = 0, unmatched: bool = False
    ) -> dict[str, Any]:
        """Show the newest calls that the emulator got, at most 50, the oldest first, in one line each.

        `since` is the id of a call: only later ones. `unmatched`: only those that no operation matches.
        """
        query = {"vendor": vendor, "since": since or None, "unmatched": unmatched or None, "limit": SHOWN}
        return {"calls": [_line(exchange) for exchange in self._exchanges(sandbox, query)]}

    def read_call(self, id: int, sandbox: str = "default") -> dict[str, Any]:
        """Show one call in full: request, reply, violations of the contract, faults. Credentials are masked."""
        return self._of(sandbox, "GET", f"/journal/{id}")

    def explain_unmatched(self, id: int | None = None, sandbox: str = "default") -> dict[str, Any]:
        """Say why no operation answered a call, and which ones are near. Without `id`: the last such call."""
        if id is None:
            found = self._exchanges(sandbox, {"unmatched": True, "limit": 1})
            if not found:
                return {"explanation": "every call in the journal matches an operation"}
            id = found[-1]["id"]
        exchange = self.read_call(id, sandbox)
        if exchange["operations"]:
            return {"id": id, "explanation": f"the call ran {', '.join(exchange['operations'])}"}
        called = f"{exchange['call']['method']} {exchange['call']['url']}"
        return {"id": id, "call": called, "nearest": exchange["near_misses"]}

    def verify(self, expectation: dict[str, Any], sandbox: str = "default") -> dict[str, Any]:
        """Check what a client called. `expectation` is as emulator://schemas/expectation describes it.

        Example: {"vendor": "secoda", "operation": "createIntegration", "count": 1, "where": {"body": {"name": "A*"}}}.
        """
        return self._of(sandbox, "POST", "/journal/verify", expectation)

    def conduct(self, sandbox: str = "default") -> dict[str, Any]:
        """List what the client should not have done: the same write twice, Retry-After ignored, pages not read …"""
        return self._of(sandbox, "GET", "/conduct")

    def list_records(
        self, collection: str = "", text: str = "", skip: int = 0, sandbox: str = "default"
    ) -> dict[str, Any]:
        """List the records of a collection ("secoda.integrations"), or without one: the collections and their sizes.

        `text` finds only records that contain it. At most 50 of the `total` are shown, after the first `skip`.
        """
        found = self._client.sandbox(sandbox)
        if not collection:
            return {"collections": found.collections()}
        records = found.state(collection).list(text=text)
        return {"total": len(records), "records": records[max(skip, 0) :][:SHOWN]}

    def put_record(
        self,
        collection: str,
        record: dict[str, Any],
        replace: bool = False,
        force: bool = False,
        sandbox: str = "default",
    ) -> dict[str, Any]:
        """Add a record, with what it needs and does not have made up; or replace the one with its id, whole.

        `force` stores what the contract refuses.
        """
        found = self._client.sandbox(sandbox).state(collection)
        return found.put(record, force=force) if replace else found.add(record, force=force)

    def delete_record(self, collection: str, id: str, sandbox: str = "default") -> str:
        """Delete a record."""
        self._client.sandbox(sandbox).state(collection).delete(id)
        return f"{collection} {id} is deleted"

    def set_clock(
        self, advance_seconds: float = 0, now: str | None = None, frozen: bool | None = None, sandbox: str = "default"
    ) -> dict[str, Any]:
        """Change a sandbox's clock, and return its time: advance it, set it to `now` (ISO 8601), freeze it."""
        if wanted := given(now=now, frozen=frozen):
            self._of(sandbox, "PUT", "/clock", wanted)
        if advance_seconds:
            self._of(sandbox, "POST", "/clock/advance", {"seconds": advance_seconds})
        return self._of(sandbox, "GET", "/clock")

    def set_switches(self, switches: dict[str, Any], sandbox: str = "default") -> dict[str, Any]:
        """Choose what nobody knows of a vendor, for example {"celigo.empty_list_status": 204}; {} shows all."""
        if switches:
            self._of(sandbox, "PATCH", "/switches", switches)
        return self._of(sandbox, "GET", "/switches")

    def _ask(self, method: str, path: str, document: object = None) -> dict[str, Any]:
        found: dict[str, Any] = self._client.request(method, path, document)
        return found

    def _of(self, sandbox: str, method: str, path: str, document: object = None) -> dict[str, Any]:
        return self._ask(method, f"/sandboxes/{quoted(sandbox)}{path}", document)

    def _exchanges(self, sandbox: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        journal = self._client.sandbox(sandbox).request("GET", "/journal", query=given(**query))
        found: list[dict[str, Any]] = journal["exchanges"]
        return found


def _line(exchange: dict[str, Any]) -> dict[str, Any]:
    """Return what a list shows of an exchange."""
    reply, call = exchange["reply"], exchange["call"]
    return {
        "id": exchange["id"],
        "vendor": exchange["vendor"],
        "operations": exchange["operations"],
        "call": f"{call['method']} {call['url']}",
        "status": reply["status"] if reply else None,
        "faults": exchange["faults"],
        "violations": len(exchange["violations"]),
    }


def _operation(found: dict[str, Any]) -> dict[str, Any]:
    """Return what a list shows of an operation."""
    shown = {name: found[name] for name in ("operation", "method", "path", "summary")}
    return shown | {"statuses": list(found["statuses"]), "evidence": found["evidence"]["level"]}
