"""A sandbox's scenarios: list, turn on and off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from emulator.control.handlers import Emulator, Handlers, refusal
from emulator.errors import ConfigurationError
from emulator.exchange import Call, Reply
from emulator.faults.scenarios import Scenario
from emulator.sandbox.sandbox import Sandbox

handlers = Handlers()


@handlers.sandbox_operation("listScenarios")
async def list_scenarios(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """List all scenarios, and whether they are on."""
    return _listed(emulator.scenarios.values(), sandbox)


@handlers.sandbox_operation("switchScenarioOn")
async def switch_scenario_on(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Turn one or several scenarios on."""
    found = _found(call, emulator)
    for scenario in found:
        await sandbox.switch_on(scenario)
    return _listed(found, sandbox)


@handlers.sandbox_operation("switchScenarioOff")
async def switch_scenario_off(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Turn one or several scenarios off; one that is off stays off."""
    found = _found(call, emulator)
    for scenario in found:
        await sandbox.switch_off(scenario)
    return _listed(found, sandbox)


def _found(call: Call, emulator: Emulator) -> Sequence[Scenario]:
    try:
        return emulator.scenarios_named(f"{call.params['vendor']}/{call.params['name']}")
    except ConfigurationError as problem:
        raise refusal(404, problem) from None


def _listed(scenarios: Iterable[Scenario], sandbox: Sandbox) -> Reply:
    return Reply(200, {"scenarios": [_describe(scenario, sandbox) for scenario in scenarios]})


def _describe(scenario: Scenario, sandbox: Sandbox) -> dict[str, Any]:
    return {
        "vendor": scenario.vendor,
        "name": scenario.name,
        "description": scenario.description,
        "active": scenario.full_name in sandbox.scenarios,
    }
