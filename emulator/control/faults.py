"""A sandbox's faults: arm, list, disarm."""

from __future__ import annotations

from typing import Any

from emulator.control.handlers import Emulator, Handlers, found_by_id, whole_numbers
from emulator.errors import ConfigurationError, Problem, sentence, unknown
from emulator.exchange import Call, Reply
from emulator.faults.check import applies_to, check_fault, contract_of
from emulator.faults.rule import Fault, fault_of
from emulator.faults.sentences import sentence_of
from emulator.sandbox.sandbox import Sandbox

MOST_FAULTS = 1000
"""How many faults a sandbox may have: each call is matched against all of them."""

PREVIEWED = 10
"""How many calls a preview has by default."""

handlers = Handlers()


@handlers.sandbox_operation("listFaults")
async def list_faults(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """List the armed faults."""
    return Reply(200, {"faults": [_describe(fault, sandbox) for fault in sandbox.faults]})


@handlers.sandbox_operation("armFault")
async def arm_fault(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Arm a fault."""
    if len(sandbox.faults) >= MOST_FAULTS:
        raise Problem(422, f"There are {MOST_FAULTS} faults armed already; disarm some: DELETE faults, or faults/ID.")
    fault = _valid(call, emulator, sandbox.faults.next_id())
    sandbox.faults.add(fault)
    return Reply(201, _describe(fault, sandbox))


@handlers.sandbox_operation("checkFault")
async def check(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Validate a fault, and say what it would do."""
    return Reply(200, {"sentence": sentence_of(_valid(call, emulator, ""))})


@handlers.sandbox_operation("disarmFaults")
async def disarm_faults(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Disarm all faults except those of scenarios."""
    for fault in list(sandbox.faults):
        if fault.scenario is None:
            sandbox.faults.remove(fault.id)
    return Reply(204)


@handlers.sandbox_operation("getFault")
async def get_fault(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return one fault."""
    return Reply(200, _describe(found_by_id(call, sandbox.faults, "fault"), sandbox))


@handlers.sandbox_operation("previewFault")
async def preview_fault(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return whether a fault will apply to the next calls of an operation, and count nothing."""
    fault = found_by_id(call, sandbox.faults, "fault")
    operation = _previewed(fault, call.params.get("operation"), emulator)
    outcomes = sandbox.faults.preview(fault.id, operation, sandbox.now(), call.params.get("calls", PREVIEWED))
    described = [{"affected": due is not None, "seconds": due.seconds if due else 0} for due in outcomes]
    return Reply(200, {"operation": operation, "outcomes": described})


@handlers.sandbox_operation("disarmFault")
async def disarm_fault(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Disarm a fault."""
    fault = found_by_id(call, sandbox.faults, "fault")
    if fault.scenario is not None:
        raise Problem(
            409, f"{fault.id} belongs to the scenario {fault.scenario}; DELETE scenarios/{fault.scenario} ends both."
        )
    sandbox.faults.remove(fault.id)
    return Reply(204)


def _valid(call: Call, emulator: Emulator, id: str) -> Fault:
    """Return the fault that a call describes. Raises Problem."""
    try:
        fault = fault_of(whole_numbers(call.document), id)
        check_fault(fault, emulator.catalogue.contracts)
    except ConfigurationError as problem:
        raise Problem(422, f"Invalid fault: {problem}.") from None
    return fault


def _previewed(fault: Fault, named: str | None, emulator: Emulator) -> str:
    """Return the operation to preview: the named one, or the first that the fault can apply to. Raises Problem."""
    contract = contract_of(fault, emulator.catalogue.contracts)
    affected = [
        name
        for name, one in contract.handled.items()
        if fault.matches(contract.vendor, name, one.safe) and applies_to(fault, one, contract)
    ]
    wanted = affected[:1] if named is None else [name for name in affected if name == named]
    if not wanted:
        raise Problem(422, sentence(unknown("operation", named or "*", affected, f"that {fault.id} applies to")))
    return wanted[0]


def _describe(fault: Fault, sandbox: Sandbox) -> dict[str, Any]:
    return {
        "id": fault.id,
        "scenario": fault.scenario,
        "sentence": sentence_of(fault),
        "hits": sandbox.faults.hits(fault.id),
        "fault": {"vendor": fault.vendor, **fault.document},
    }
