"""Where a live vendor is, and with which credentials it is called."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from emulator.contract.openapi import Contract
from emulator.errors import ConfigurationError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header (RFC 9110, 5.6.2)."""

OF_THE_CLIENT = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te"})
"""Headers that belong to one message, or to its connection: a client writes them itself."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a live vendor is: `root` is what is before the contract's server path, `mount` that path."""

    root: str
    mount: str


def upstream_of(url: str, contract: Contract) -> Upstream:
    """Return where a vendor is by its URL, which may be written with the contract's server path or without.

    Raises ConfigurationError for anything but an http or https URL without query; the sentence quotes no password.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ConfigurationError("upstream: leave out what is before the @: a vendor gets its credentials in headers")
    if not _is_base(parts):
        raise ConfigurationError(f"upstream: expected a URL such as https://{_example_host(contract)}, not {url!r}")
    plain, carrier = url.rstrip("/"), _carrier_path(contract)
    for mount in sorted(filter(None, contract.mounts), key=len, reverse=True):
        variable = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(mount))
        found = re.fullmatch(f"(.*?)({variable})(?:{re.escape(carrier)})?", plain)
        if found:
            return Upstream(found[1], found[2])
    return Upstream(plain, contract.mounts[0].format_map(contract.variables))


def _is_base(parts: SplitResult) -> bool:
    try:
        has_port = parts.port is None or parts.port > 0
    except ValueError:  # beyond 65535
        return False
    plain = not parts.query and not parts.fragment
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and has_port


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
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in OF_THE_CLIENT:
            written = ", ".join(sorted(OF_THE_CLIENT))
            raise ConfigurationError(f"credentials: {file}: a name is not that of a header, or one of {written}")
        if not value.isprintable():
            raise ConfigurationError(f"credentials: {file}: a value has a line break or another control character")
    return headers
