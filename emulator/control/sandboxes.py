"""Sandboxes: create, list, read, reset, drop."""

from __future__ import annotations

import asyncio
import secrets
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from emulator.addressing import HEADER, unknown_sandbox
from emulator.contract.openapi import Contract
from emulator.control.access import seen_by
from emulator.control.clock import describe_clock, read_time, time_text
from emulator.control.conduct import conduct_of
from emulator.control.coverage import count_fields, queries_of
from emulator.control.handlers import ROOT, Emulator, Handlers, Stream, find_sandbox, refusal, whole_numbers
from emulator.control.long_json import long_json
from emulator.control.switches import describe_switches, read_switches
from emulator.control.vendor_document import vendor_document
from emulator.errors import ConfigurationError, Problem, sentence, unknown
from emulator.exchange import NOTHING, Call, Entrance, Record, Reply
from emulator.faults.scenarios import Scenario
from emulator.journal.entry import Exchange
from emulator.journal.waiting import QUICK_BYTES
from emulator.json_text import write_json
from emulator.sandbox.blueprint import SandboxOptions
from emulator.sandbox.budget import BudgetExceeded
from emulator.sandbox.fixtures import Fixtures
from emulator.sandbox.sandbox import Sandbox
from emulator.sandbox.sandboxes import DEFAULT, SandboxExists, TooManySandboxes
from emulator.store.credentials import Credentials, expired
from emulator.vendor import Vendor

handlers = Handlers()


@handlers.operation("listSandboxes")
async def list_sandboxes(call: Call, emulator: Emulator) -> Reply:
    """List the sandboxes that the caller may see, oldest first."""
    return Reply(200, {"sandboxes": [_summary(sandbox) for sandbox in seen_by(call.headers, emulator)]})


@handlers.operation("createSandbox")
async def create_sandbox(call: Call, emulator: Emulator) -> Reply:
    """Create a sandbox."""
    wanted = {} if call.document is NOTHING else whole_numbers(call.document)
    sandbox = await new_sandbox(_name(wanted, call), wanted, emulator)
    document = describe_sandbox(sandbox, call, emulator) | _token(sandbox, emulator)
    return Reply(201, document, {"Location": f"{ROOT}/sandboxes/{sandbox.name}"})


async def new_sandbox(name: str, wanted: Mapping[str, Any], emulator: Emulator) -> Sandbox:
    """Create a sandbox of that name, with the options of a request. Raises Problem."""
    source = _source(wanted, emulator)
    options = _options(wanted, emulator)
    fixtures = await _fixtures(wanted, emulator)
    try:
        seed = wanted.get("seed", source and source.seed)
        options = await _copied(source, options, emulator) if source else options
        return await emulator.sandboxes.create(name, seed, fixtures, options)
    except SandboxExists:
        advice = f"POST {ROOT}/reset resets it" if name == DEFAULT else f"DELETE {ROOT}/sandboxes/{name} drops it"
        raise Problem(409, f"The sandbox {name!r} already exists; {advice}.") from None
    except TooManySandboxes as problem:
        raise refusal(409, problem) from None
    except ConfigurationError as problem:
        raise refusal(422, problem) from None
    except BudgetExceeded as problem:
        raise Problem(507, f"No space for this copy: {problem}; delete snapshots, or raise snapshot_bytes.") from None


@handlers.sandbox_operation("getSandbox")
async def get_sandbox(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return one sandbox, with everything that a test needs to call it."""
    return Reply(200, describe_sandbox(sandbox, call, emulator))


@handlers.operation("dropSandbox")
async def drop_sandbox(call: Call, emulator: Emulator) -> Reply | Stream:
    """Drop a sandbox; return the exchanges of its journal if the call asks for them."""
    sandbox = find_sandbox(call, emulator)
    if sandbox.name == DEFAULT:
        raise Problem(409, f"The sandbox {DEFAULT} cannot be dropped; POST {ROOT}/reset resets it.")
    await emulator.sandboxes.drop(sandbox.name)
    if not call.params.get("journal"):
        return Reply(204)
    journal, contracts = sandbox.journal, emulator.catalogue.contracts

    def selected() -> Sequence[Mapping[str, Any]]:
        return count_fields(queries_of(journal, contracts), contracts, is_full=False)

    rest = {
        "findings": await conduct_of(sandbox, emulator),
        "graphql_fields": selected() if journal.bytes <= QUICK_BYTES else await emulator.worker.run(selected),
        "recorded": sandbox.journal.recorded,
        "dropped": sandbox.journal.dropped,
    }
    return long_json(b'{"exchanges":[', list(sandbox.journal), Exchange.document, b"]," + write_json(rest)[1:])


@handlers.operation("resetSandbox")
async def reset_sandbox(call: Call, emulator: Emulator) -> Reply:
    """Return a sandbox to its start."""
    former = find_sandbox(call, emulator)
    try:
        sandbox = await emulator.sandboxes.reset(former.name)
    except KeyError:
        # It was dropped meanwhile.
        sandbox = find_sandbox(call, emulator)
    return Reply(200, describe_sandbox(sandbox, call, emulator))


@handlers.sandbox_operation("getVendorDocument")
async def get_vendor_document(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return a vendor's contract as one OpenAPI document with the URLs of this sandbox."""
    name, catalogue = call.params["vendor"], emulator.catalogue
    if name not in catalogue.contracts:
        raise Problem(404, sentence(unknown("vendor", name, catalogue.contracts)))
    contract = catalogue.contracts[name]
    roots = [f"/{name}{mount}".format_map(contract.variables) for mount in contract.mounts]
    servers = [call.entrance.base_url(name, root, _prefix(sandbox)) for root in roots]
    # A public document may be megabytes long.
    content = await emulator.worker.run(lambda: orjson.dumps(vendor_document(contract, catalogue.ways[name], servers)))
    return Reply(200, content=content, content_type="application/json")


def describe_sandbox(sandbox: Sandbox, call: Call, emulator: Emulator) -> dict[str, Any]:
    """Return a sandbox with everything that is needed to call it."""
    return {
        "name": sandbox.name,
        "seed": sandbox.seed,
        **_lifetime(sandbox),
        "clock": describe_clock(sandbox.clock),
        "scenarios": list(sandbox.scenarios),
        "switches": describe_switches(sandbox),
        "vendors": VendorDocuments(sandbox, call.entrance, emulator).with_commands(),
    }


def access_to(sandbox: Sandbox, entrance: Entrance, emulator: Emulator) -> dict[str, Any]:
    """Return what a client in this process reads of a new sandbox's document."""
    vendors = VendorDocuments(sandbox, entrance, emulator)
    return {"name": sandbox.name, "seed": sandbox.seed, "vendors": vendors, **_token(sandbox, emulator)}


def _token(sandbox: Sandbox, emulator: Emulator) -> dict[str, str]:
    return {"token": sandbox.token} if emulator.settings.control_token else {}


class VendorDocuments(Mapping[str, dict[str, Any]]):
    """How a client calls each vendor in a sandbox as it is when this is made: each is described when it is looked up.

    URLs use the caller's host. On a vendor's own port or host, that vendor's URL is the root there, and the others' are
    on the main port.
    """

    def __init__(self, sandbox: Sandbox, entrance: Entrance, emulator: Emulator) -> None:
        self._sandbox = sandbox.name
        self._prefix = _prefix(sandbox)
        self._credentials = dict(sandbox.credentials)
        self._now = sandbox.now()
        self._entrance = entrance
        self._catalogue = emulator.catalogue
        self._hosts = emulator.hosts

    def __getitem__(self, name: str) -> dict[str, Any]:
        vendor, contract = self._catalogue.vendors[name], self._catalogue.contracts[name]
        base_url = self._entrance.base_url(name, contract.base_path, self._prefix)
        credentials = _own_credentials(self._credentials.get(name, {}), self._sandbox)
        described = [_describe_credential(one, vendor, self._now) for one in credentials]
        return {
            "title": vendor.title,
            "base_url": base_url,
            "hosts": list(self._hosts.of(name)),
            "headers": _full_rights(described),
            "credentials": described,
        }

    def with_commands(self) -> dict[str, dict[str, Any]]:
        """Return all of them, each with a command for a shell, which no client needs."""
        return {name: {**document, "command": self._command(name, document)} for name, document in self.items()}

    def _command(self, name: str, document: Mapping[str, Any]) -> str:
        return _command(self._catalogue.contracts[name], document["base_url"], document["headers"])

    def __contains__(self, name: object) -> bool:
        return name in self._catalogue.vendors

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalogue.vendors)

    def __len__(self) -> int:
        return len(self._catalogue.vendors)


def _prefix(sandbox: Sandbox) -> str:
    return "" if sandbox.name == DEFAULT else f"/~{sandbox.name}"


def _name(wanted: Mapping[str, Any], call: Call) -> str:
    """Return the name in the body, or else in the header, or else a random one.

    If a proxy adds the header, only a sandbox with that name can be reached behind it.
    """
    named = call.headers.get(HEADER)
    name: str = wanted.get("name") or named or random_name()
    if named is not None and named != name:
        raise Problem(422, f"The body names the sandbox {name!r}, but the header {HEADER} {named!r}; send one of them.")
    return name


def random_name() -> str:
    """Return a name that no sandbox has."""
    return f"sandbox-{secrets.token_hex(6)}"


def _own_credentials(credentials: Credentials, sandbox: str) -> Iterator[Record]:
    """Yield the credentials that only this sandbox has; those of `default` are the fixtures' own."""
    ending, is_default = f".{sandbox}", sandbox == DEFAULT
    return (credential for id, credential in credentials.items() if id.endswith(ending) is not is_default)


def full_rights(vendor: Vendor, sandbox: Sandbox) -> dict[str, str]:
    """Return the headers of the sandbox's first credential of a vendor with full rights; none if there is none."""
    now, known = sandbox.now(), sandbox.credentials.get(vendor.name, {})
    return _full_rights(_describe_credential(one, vendor, now) for one in _own_credentials(known, sandbox.name))


def _full_rights(credentials: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    full = (one["headers"] for one in credentials if one["rights"] == "full" and not one["expired"])
    return next(full, {})


def _command(contract: Contract, base_url: str, headers: Mapping[str, str]) -> str:
    """Return a curl command that reads something that needs no parameter."""
    words = ["curl", *(word for name, value in headers.items() for word in ("-H", f"{name}: {value}"))]
    if contract.graphql:
        words += ["-H", "Content-Type: application/json", "-d", '{"query": "{ __typename }"}', base_url]
    else:
        reads = (one for one in contract.handled.values() if one.method == "GET" and not one.is_neighbour)
        path = next((one.path for one in reads if not any(parameter.required for parameter in one.parameters)), "")
        words.append(base_url + path)
    return _joined(tuple(words))


@lru_cache(maxsize=64)
def _joined(words: Sequence[str]) -> str:
    """Return words as a shell reads them. A sandbox that is reset again and again has the same."""
    return shlex.join(words)


def _describe_credential(credential: Record, vendor: Vendor, now: datetime) -> dict[str, Any]:
    return {
        "id": str(credential["id"]),
        "user": credential.get("user"),
        "rights": credential.get("rights"),
        "expired": expired(credential, now),
        "headers": {header: str(value) for header, value in vendor.present(credential).items()},
    }


def _summary(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "name": sandbox.name,
        "seed": sandbox.seed,
        **_lifetime(sandbox),
        "clock": describe_clock(sandbox.clock),
        "scenarios": list(sandbox.scenarios),
        "recorded": sandbox.journal.recorded,
    }


def _lifetime(sandbox: Sandbox) -> dict[str, Any]:
    lifetime = sandbox.lifetime
    return {
        "created_at": time_text(lifetime.created_at),
        "last_used_at": time_text(lifetime.last_used_at),
        "ttl": lifetime.ttl,
        "idle": lifetime.idle,
    }


def _options(wanted: Mapping[str, Any], emulator: Emulator) -> SandboxOptions:
    clock, settings = wanted.get("clock", {}), emulator.settings
    return SandboxOptions(
        scenarios=[scenario for pattern in wanted.get("scenarios", ()) for scenario in _named(pattern, emulator)],
        switches=read_switches(wanted.get("switches", {}), emulator.catalogue.contracts),
        now=read_time(clock),
        frozen=clock.get("frozen"),
        strict=wanted.get("strict"),
        ttl=wanted.get("ttl", settings.sandbox_ttl or None),
        idle=wanted.get("idle", settings.sandbox_idle or None),
    )


def _source(wanted: Mapping[str, Any], emulator: Emulator) -> Sandbox | None:
    """Return the sandbox that a new one copies, or None."""
    if "from" not in wanted:
        return None
    if "fixtures" in wanted:
        raise Problem(422, "A copy has the records of the sandbox in from; leave out fixtures.")
    source = emulator.sandboxes.get(wanted["from"])
    if source is None:
        raise Problem(422, unknown_sandbox(wanted["from"], emulator.sandboxes.names()).detail)
    return source


async def _copied(source: Sandbox, options: SandboxOptions, emulator: Emulator) -> SandboxOptions:
    """Return the options with a sandbox's records, switches, clock and strictness, unless they set their own."""
    with source.in_flight:
        template = await emulator.sandboxes.copied(source)
    clock, is_set = source.clock, options.now is not None or source.clock.real
    return replace(
        options,
        template=template,
        switches={name: {**values, **options.switches.get(name, {})} for name, values in source.switches.items()},
        now=options.now if is_set else clock.now(),
        frozen=(clock.frozen or None) if options.frozen is None else options.frozen,
        strict=source.options.strict if options.strict is None else options.strict,
    )


def _named(pattern: str, emulator: Emulator) -> Sequence[Scenario]:
    try:
        return emulator.scenarios_named(pattern)
    except ConfigurationError as problem:
        raise refusal(422, problem) from None


async def _fixtures(wanted: Mapping[str, Any], emulator: Emulator) -> Fixtures | None:
    if "fixtures" not in wanted:
        return None
    try:
        # Reading a folder takes a tenth of a second, for which other calls should not wait.
        return await asyncio.to_thread(emulator.fixtures, Path(wanted["fixtures"]))
    except (ConfigurationError, OSError, ValueError) as problem:
        raise refusal(422, problem) from None
