"""A sandbox's switches, as <vendor>.<switch>."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.contract.openapi import Contract, switch_named
from emulator.control.handlers import Emulator, Handlers, refusal
from emulator.errors import ConfigurationError, Problem, spelled
from emulator.exchange import Call, Reply
from emulator.sandbox.sandbox import Sandbox

handlers = Handlers()


@handlers.sandbox_operation("getSwitches")
async def get_switches(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """List all switches, or only those that the sandbox's calls have read."""
    switches = describe_switches(sandbox)
    is_wanted = sandbox.read_switches.__contains__ if call.params.get("read") else switches.__contains__
    return Reply(200, {name: value for name, value in switches.items() if is_wanted(name)})


@handlers.sandbox_operation("setSwitches")
async def set_switches(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Set the switches in the body, or none of them if one is invalid."""
    given: Any = call.document
    for vendor, values in read_switches(given, emulator.catalogue.contracts).items():
        sandbox.set_switches(vendor, values)
    return Reply(200, describe_switches(sandbox))


def describe_switches(sandbox: Sandbox) -> dict[str, Any]:
    """Return a sandbox's switches as JSON."""
    return {
        f"{vendor}.{switch}": value for vendor, values in sandbox.switches.items() for switch, value in values.items()
    }


def read_switches(given: Mapping[str, Any], contracts: Mapping[str, Contract]) -> dict[str, dict[str, Any]]:
    """Return switches by vendor and name. Raises Problem, naming the known ones."""
    if not given:
        return {}
    values: dict[str, dict[str, Any]] = {}
    for full_name, value in given.items():
        choices = _choices(full_name, contracts)
        # True equals 1 in Python, but not in JSON.
        if not any(value == choice and type(value) is type(choice) for choice in choices):
            raise Problem(422, f"{full_name} is {value!r}; it takes {', '.join(map(spelled, choices))}.")
        vendor, _, name = full_name.partition(".")
        values.setdefault(vendor, {})[name] = value
    return values


def _choices(full_name: str, contracts: Mapping[str, Contract]) -> Sequence[Any]:
    try:
        return switch_named(full_name, contracts).choices
    except ConfigurationError as problem:
        raise refusal(422, problem) from None
