"""The records of integrations and nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from emulator.exchange import Record

KINDS = ("chartLike", "dashboardLike", "datasourceLike")
"""The kinds of node: each has its own list in addCustomIntegrationNodes, "<kind>Nodes"."""

LOGO = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4PUMPAARTAcKFYHE1AAAAAElFTkSuQmCC"
"""A 1x1 PNG in Paradime's orange: the vendor fetches a logo and encodes it, the emulator does not."""


def logo(url: str | None) -> str | None:
    """Return the base64 of the logo at `url`; None, the default logo, without one (assumed)."""
    return LOGO if url else None


def node_types(given: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Return node types with the defaults of the SDK's docstrings for a missing icon or colour."""
    return [
        {
            "nodeType": each["nodeType"],
            "iconName": _or(each.get("iconName"), "intersection"),
            "color": _or(each.get("color"), "ORANGE"),
        }
        for each in given
    ]


def node_record(integration_uid: str, kind: str, node: Mapping[str, Any]) -> Record:
    """Return the record of a node, from the object in the list of its kind."""
    id = node_id(integration_uid, kind, node["nodeType"], node["stableId"])
    return {"id": id, "integrationUid": integration_uid, "kind": kind, **node}


def node_id(integration_uid: str, kind: str, node_type: str, stable_id: str) -> str:
    """Return the id derived from a node's key.

    A stableId alone is not a key: the SDK derives it from the name, so a chart and a dashboard may share it.
    """
    return str(uuid5(NAMESPACE_OID, json.dumps([integration_uid, kind, node_type, stable_id])))


def _or(value: str | None, default: str) -> str:
    return default if value is None else value
