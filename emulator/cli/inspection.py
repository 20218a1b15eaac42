"""Commands that inspect a running emulator: `sandboxes`, `journal`, `state`, `faults`, and `scenario`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from emulator.cli.completing import scenario_names, vendors
from emulator.cli.remote import client_at, of_sandbox, sandbox_at, url_option
from emulator.cli.streams import say
from emulator.errors import EmulatorError, sentence, unknown_scenario
from emulator.runtime.terminal import printable

if TYPE_CHECKING:
    from emulator.client import Exchange, SandboxClient


@click.command()
@url_option
def sandboxes(url: str | None) -> None:
    """List the sandboxes, oldest first: when each was created and last used, its calls, and the scenarios that are on.

    Example: emulator sandboxes --url http://127.0.0.1:4070
    """
    for one in client_at(url).request("GET", "/sandboxes")["sandboxes"]:
        calls = f"{one['recorded']:>6} call{' ' if one['recorded'] == 1 else 's'}"
        columns = [f"{one['name']:32}", one["created_at"], one["last_used_at"], calls, " ".join(one["scenarios"])]
        say("  ".join(columns).rstrip())


@click.command()
@click.option("--follow", is_flag=True, help="Continue with new calls, until Ctrl-C.")
@click.option("--limit", type=click.IntRange(min=0), metavar="NUMBER", help="Only the newest NUMBER calls.")
@click.option("--vendor", metavar="NAME", shell_complete=vendors, help="Only this vendor's.")
@of_sandbox
def journal(follow: bool, limit: int | None, vendor: str | None, url: str | None, sandbox: str) -> None:
    """Show the calls of a sandbox, oldest first: number, time, vendor, operation, status, duration, remarks.

    The time is that of the sandbox's clock, in UTC.

    Example: emulator journal --follow --vendor secoda
    """
    found = sandbox_at(url, sandbox).journal
    last = 0
    newest = 0 if follow and limit is None else limit  # even without one, the vendor's name is checked
    for exchange in found.select(vendor=vendor, limit=newest, state="done" if follow else None):
        say(_line(exchange))
        last = exchange.id
    for exchange in found.follow(since=last) if follow else ():
        if vendor in (None, exchange.vendor):
            say(_line(exchange))


def _line(exchange: Exchange) -> str:
    operation = ", ".join(exchange.operations) or f"{exchange.method} {exchange.path}"
    status = "..." if exchange.state == "open" else exchange.status or "---"
    columns = [
        f"{exchange.id:>6}  {exchange.time:%Y-%m-%d %H:%M:%S}  {exchange.vendor:9}  {printable(operation):26}",
        f"{status}  {exchange.seconds * 1000:7.1f} ms",
        *([f"stub {printable(exchange.stub)}"] if exchange.stub else []),
        *(f"fault {printable(fault)}" for fault in exchange.faults),
        *(printable(f"{one.of}: {one.place} {one.pointer or '/'}: {one.sentence}") for one in exchange.violations),
    ]
    return "  ".join(columns if exchange.operations or exchange.stub else [*columns, "no operation"])


@click.command()
@click.argument("collection", required=False)
@click.argument("id", required=False)
@of_sandbox
def state(collection: str | None, id: str | None, url: str | None, sandbox: str) -> None:
    """List the collections with their sizes, or the records of COLLECTION as JSON lines, or the one with ID.

    Example: emulator state secoda.integrations
    """
    found = sandbox_at(url, sandbox)
    if collection is None:
        for name, count in found.collections().items():
            say(f"{name:32} {count:>8}")
    elif id is not None:
        say(_json(found.state(collection).get(id), indent=2))
    else:
        for record in found.state(collection):
            say(_json(record))


@click.command()
@of_sandbox
def faults(url: str | None, sandbox: str) -> None:
    """List the armed faults, including those of scenarios: id, number of affected calls, document.

    Example: emulator faults --url http://127.0.0.1:4070
    """
    for armed in sandbox_at(url, sandbox).request("GET", "/faults")["faults"]:
        say(f"{armed['id']:32} {armed['hits']:>6}  {_json(armed['fault'])}")


@click.group(no_args_is_help=False)
def scenario() -> None:
    """Turn the scenarios of a running emulator on and off.

    Example: emulator scenario on secoda/rate-limited
    """


@scenario.command("on")
@click.argument("name", shell_complete=scenario_names)
@of_sandbox
def switch_on(name: str, url: str | None, sandbox: str) -> None:
    """Turn a scenario on, or restart it if it is on. */outage is that of every vendor.

    Example: emulator scenario on secoda/rate-limited
    """
    _switch("PUT", name, sandbox_at(url, sandbox))


@scenario.command("off")
@click.argument("name", shell_complete=scenario_names)
@of_sandbox
def switch_off(name: str, url: str | None, sandbox: str) -> None:
    """Turn a scenario off. Records that it has changed stay changed.

    Example: emulator scenario off secoda/rate-limited
    """
    _switch("DELETE", name, sandbox_at(url, sandbox))


def _switch(method: str, name: str, sandbox: SandboxClient) -> None:
    vendor, _, own_name = name.partition("/")
    if not (vendor and own_name):
        raise EmulatorError(sentence(unknown_scenario(name, sorted(sandbox.scenarios()))))
    sandbox.request(method, f"/scenarios/{quote(vendor, safe='*')}/{quote(own_name, safe='*')}")


def _json(document: Any, indent: int | None = None) -> str:
    # Escaped, so that no text from a client can control the terminal.
    return json.dumps(document, indent=indent)
