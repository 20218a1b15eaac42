"""Where a live vendor is, and with which credentials it is called."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from emulator.contract.openapi import Contract
from emulator.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a live vendor is: `root` is what is before the contract's server path, `mount` that path."""

    root: str
    mount: str


def upstream_of(url: str, contract: Contract) -> Upstream:
    """Return where a vendor is by its URL, which may be written with the contract's server path or without.

    Raises ConfigurationError for anything but an http or https URL without query.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(f"upstream: expected a URL such as https://{_example_host(contract)}, not {url!r}")
    plain, carrier = url.rstrip("/"), _carrier_path(contract)
    for mount in sorted(filter(None, contract.mounts), key=len, reverse=True):
        variable = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(mount))
        found = re.fullmatch(f"(.*?)({variable})(?:{re.escape(carrier)})?", plain)
        if found:
            return Upstream(found[1], found[2])
    return Upstream(plain, contract.mounts[0].format_map(contract.variables))


def _example_host(contract: Contract) -> str:
    return next(iter(contract.hosts), "api.example.com").replace("*", "example")


def _carrier_path(contract: Contract) -> str:
    return contract.operations[contract.graphql.carrier].path if contract.graphql else ""


def read_credentials(file: Path) -> Mapping[str, str]:
    """Return the headers in a credentials file: `{"headers": {"Authorization": "Bearer …"}}`.

    Raises ConfigurationError for another form; the sentence does not quote the file.
    """
    try:
        document = json.loads(file.read_text("utf-8"))
    except OSError as problem:
        raise ConfigurationError(f"credentials: {file} cannot be read: {problem.strerror}") from None
    except ValueError:
        raise ConfigurationError(f"credentials: {file} is not JSON") from None
    headers = document.get("headers") if isinstance(document, dict) else None
    if (
        not isinstance(headers, dict)
        or not all(isinstance(value, str) for value in headers.values())
        or len(document) > 1
    ):
        raise ConfigurationError(f'credentials: {file}: expected {{"headers": {{"Authorization": "Bearer …"}}}}')
    return headers
