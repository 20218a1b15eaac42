"""Which global policies apply to a data source, by the tags that it and its columns carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from emulator.exchange import Record
from emulator.store.world import World
from emulator.vendors.immuta.collections import DICTIONARIES, POLICIES


def applied_policies(world: World, data_source: Record, kind: str | None = None) -> list[Record]:
    """Return the active policies, of one type or all, whose circumstances a data source meets.

    Those with tags of data sources or columns apply by themselves (Immuta documentation, Manage Data and Subscription
    Policies); those with others, or none, do not here.
    """
    where = {"staged": False, "deleted": False} | ({"type": kind} if kind else {})
    policies = [policy for policy in world[POLICIES].all(where=where) if policy["circumstances"]]
    carried = _carried(world, data_source) if policies else {}
    return [policy for policy in policies if _applies(policy["circumstances"], carried)]


def _carried(world: World, data_source: Record) -> dict[str, set[str]]:
    """Return the names of the tags of a data source and of its columns, by the type of circumstance that means them."""
    dictionaries = world[DICTIONARIES].all(where={"dataSource": data_source["id"]})
    columns = [column for dictionary in dictionaries for column in dictionary["metadata"]]
    return {"tags": _names([data_source]), "columnTags": _names(columns)}


def _names(carriers: Iterable[Record]) -> set[str]:
    return {tag["name"] for carrier in carriers for tag in carrier.get("tags", ())}


def _applies(circumstances: list[Record], carried: Mapping[str, set[str]]) -> bool:
    meets = all if all(one.get("operator") == "and" for one in circumstances) else any
    return meets(_is_met(one, carried) for one in circumstances)


def _is_met(circumstance: Record, carried: Mapping[str, set[str]]) -> bool:
    tag = circumstance.get("tag" if circumstance["type"] == "tags" else "columnTag")
    if tag is None or circumstance["type"] not in carried:
        return False
    below = f"{tag['name']}."
    names = carried[circumstance["type"]]
    return tag["name"] in names or (tag.get("hasLeafNodes", False) and any(name.startswith(below) for name in names))
