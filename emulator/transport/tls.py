"""Certificates: an authority and a certificate generated at the start, or the user's own files."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from emulator.errors import ConfigurationError

if TYPE_CHECKING:
    from emulator.settings import Settings

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1", "host.docker.internal")

MEMORY = "/dev/shm"
"""Where the generated key is written for the moment in which OpenSSL reads it, on systems with this folder.

It is in memory, and exists even if a container's root is read-only.
"""


class Tls(NamedTuple):
    """The emulator's TLS.

    `authority` is the certificate authority for clients to trust, as PEM; None if the certificate is the user's own.
    """

    context: ssl.SSLContext
    authority: bytes | None


def read_tls(settings: Settings, hosts: Iterable[str]) -> Tls | None:
    """Return the TLS of the settings, None if `tls` is off; `hosts` are the vendors' names.

    Raises ConfigurationError for files that are missing, unreadable or do not belong together.
    """
    if settings.tls != "files":
        for name, file in (("tls_cert", settings.tls_cert), ("tls_key", settings.tls_key)):
            if file:
                raise ConfigurationError(f"{name} is set, but tls is {settings.tls!r}; set tls to 'files', too")
    if settings.tls == "auto":
        return _made([*hosts, *LOCAL_NAMES, *_own_names(settings)])
    if settings.tls == "files":
        return Tls(_read(settings.tls_cert, settings.tls_key or settings.tls_cert), None)
    return None


def _own_names(settings: Settings) -> Iterable[str]:
    for name in (settings.host, *settings.control_hosts):
        try:
            if ip_address(name).is_unspecified:
                continue
        except ValueError:
            pass
        yield name


def _made(names: Iterable[str]) -> Tls:
    from emulator.transport.authority import issue  # noqa: PLC0415

    certificate, authority = issue(names)
    context = _context()
    with certificate.tempfile(MEMORY if os.access(MEMORY, os.W_OK) else None) as file:
        context.load_cert_chain(file)
    return Tls(context, authority)


def _read(certificate: str, key: str) -> ssl.SSLContext:
    if not certificate:
        raise ConfigurationError("tls is 'files', so tls_cert must name a certificate (and tls_key its key)")
    for name, file in (("tls_cert", certificate), ("tls_key", key)):
        try:
            Path(file).read_bytes()
        except OSError as problem:
            reason = os.strerror(problem.errno).lower() if problem.errno else problem
            raise ConfigurationError(f"{name}: cannot read {file}: {reason}") from None
    context = _context()
    try:
        context.load_cert_chain(certificate, key, _no_password)
    except ssl.SSLError as problem:
        if problem.reason == "KEY_VALUES_MISMATCH":
            sentence = f"tls_key: the key in {key} does not belong to the certificate in {certificate}"
        else:
            sentence = (
                f"tls_cert, tls_key: {certificate} and {key} are not a certificate and a key in PEM format: {problem}"
            )
        raise ConfigurationError(sentence) from None
    return context


def _no_password() -> str:
    raise ConfigurationError("tls_key: the key is encrypted; use one without a password")


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    return context
