"""Celigo's checks of an integration beyond its schema: references, aliases, installation steps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import chain, islice
from typing import Any, Final

from emulator.exchange import Record
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendors.celigo.collections import CONNECTIONS, EXPORTS, FLOWS, IMPORTS, SCRIPTS
from emulator.vendors.celigo.errors import Error, cast_failed, error, invalid_ref, refuse_any, required
from emulator.vendors.celigo.ids import OBJECT_ID
from emulator.vendors.celigo.shapes import GROUPINGS

TARGETS: Final[Mapping[str, Collection]] = {
    "_connectionId": CONNECTIONS,
    "_exportId": EXPORTS,
    "_importId": IMPORTS,
    "_flowId": FLOWS,
    "_scriptId": SCRIPTS,
}
"""What an alias can reference, by the field with its id."""

NOT_KEPT: Final = "_lookupCacheId"
"""An alias may also reference a lookup cache; they are not emulated, so every id is accepted."""

MOST_ERRORS: Final = 100
"""How many errors a refusal lists at most."""

WEB_ADDRESS: Final = re.compile(r"https?://\S+", re.IGNORECASE)

OTHER_INTEGRATION = "The target flow must be attached to the same integration."
OTHER_CONNECTION = "The target resource must be attached to a connection that is registered to the same integration."


def check(world: World, integration: Record) -> None:
    """Raise a Refusal (422) with the mistakes in an integration."""
    problems = chain(
        _connection_errors(world, integration),
        _install_errors(integration),
        script_errors(world, integration),
        alias_errors(world, integration),
    )
    refuse_any(list(islice(problems, MOST_ERRORS)))


def unknown_connections(world: World, ids: Iterable[str]) -> list[str]:
    """Return the first ids that belong to no connection."""
    return list(islice((id for id in ids if world[CONNECTIONS].get(id) is None), MOST_ERRORS))


def _connection_errors(world: World, integration: Record) -> Iterator[Error]:
    if unknown_connections(world, integration["_registeredConnectionIds"]):
        yield {**invalid_ref("_connectionId"), "field": "_registeredConnectionIds"}


def _install_errors(integration: Record) -> Iterator[Error]:
    for number, step in enumerate(integration["install"]):
        url = step.get("url")
        if url is not None and not (isinstance(url, str) and WEB_ADDRESS.fullmatch(url)):
            yield {"field": f"install[{number}].url", "message": "Install step is invalid: invalid url."}


def is_settings_form(form: Any) -> bool:
    """Return True if the parts of a settings form that are read have the right types; None is no form."""
    init = form.get("init") if isinstance(form, dict) else None
    script = init.get("_scriptId") if isinstance(init, dict) else None
    return all(isinstance(one, dict | None) for one in (form, init)) and isinstance(script, str | None)


def script_errors(world: World, integration: Record) -> Iterator[Error]:
    """Yield the mistakes in the scripts of settings forms: the integration's own, and those of its groups."""
    forms = {"settingsForm": integration.get("settingsForm")}
    for name in GROUPINGS:
        for number, grouping in enumerate(integration.get(name, ())):
            forms[f"{name}.{number}.settingsForm"] = grouping.get("settingsForm")
    for path, form in forms.items():
        script = ((form or {}).get("init") or {}).get("_scriptId")
        if script is not None:
            yield from _script_error(world, script, f"{path}.init._scriptId")


def _script_error(world: World, script: str, field: str) -> Iterator[Error]:
    if not OBJECT_ID.fullmatch(script):
        yield cast_failed("ObjectId", script, field)
    elif world[SCRIPTS].get(script.lower()) is None:
        owned = f"Only a script owned by the user or a script shared by the Integration App can be used at {field}."
        yield error("invalid_ref", owned, field)


def alias_errors(world: World, integration: Record) -> Iterator[Error]:
    """Yield the mistakes in the aliases of an integration (Celigo QA automation has most of the texts)."""
    aliases = integration.get("aliases", [])
    # Many aliases may reference the same few resources.
    attached = cache(partial(_attached, world, integration))
    names = Counter(alias.get("alias") for alias in aliases)
    for number, alias in enumerate(aliases):
        field = f"aliases.{number}"
        yield from _name_errors(alias.get("alias"), names, f"{field}.alias")
        targets = [name for name in (*TARGETS, NOT_KEPT) if alias.get(name)]
        if not targets:
            yield required(field, "The alias must reference a resource.")
        for target in targets:
            yield from _target_errors(attached, target, alias[target], field)


def _name_errors(name: str | None, names: Counter[str | None], field: str) -> Iterator[Error]:
    if not name:
        yield required(field)
    elif OBJECT_ID.fullmatch(name):
        yield error("invalid_field", "An alias must not look like an id.", field)
    elif names[name] > 1:
        yield error("invalid_field", f'The alias "{name}" is used more than once.', field)


def _target_errors(attached: Callable[[str, str], bool], target: str, id: str, field: str) -> Iterator[Error]:
    if not OBJECT_ID.fullmatch(id):
        yield cast_failed("ObjectId", id, f"{field}.{target}")
    elif target != NOT_KEPT and not attached(target, id.lower()):
        sentence = OTHER_INTEGRATION if target == "_flowId" else OTHER_CONNECTION
        yield error("update_not_allowed", sentence, "aliases")


def _attached(world: World, integration: Record, target: str, id: str) -> bool:
    """Return True if an alias's target belongs to the integration, or uses one of its connections."""
    record = world[TARGETS[target]].get(id)
    if record is None or target == "_scriptId":
        return record is not None
    if target == "_flowId":
        return record.get("_integrationId") == integration.get("_id")
    connection = id if target == "_connectionId" else record.get("_connectionId")
    return connection in integration["_registeredConnectionIds"]
