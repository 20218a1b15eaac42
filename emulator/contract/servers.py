"""Where a contract's operations are: what the URLs in `servers` say, and the variables in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit


def paths_of(servers: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the paths of servers, without repetitions: "/api/v1"."""
    paths = (urlsplit(server["url"].replace("{", "%7B").replace("}", "%7D")).path for server in servers)
    return tuple(dict.fromkeys(path.rstrip("/").replace("%7B", "{").replace("%7D", "}") for path in paths))


def hosts_of(servers: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the hosts of servers, without repetitions; a label that is a variable is "*"."""
    hosts = (server["url"].partition("://")[2].partition("/")[0] for server in servers)
    labels = (["*" if label.startswith("{") else label for label in host.split(".")] for host in hosts)
    return tuple(dict.fromkeys(map(".".join, labels)))


def variables_of(servers: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the default of each variable."""
    declared = (variable for server in servers for variable in server.get("variables", {}).items())
    return {name: variable["default"] for name, variable in declared}
