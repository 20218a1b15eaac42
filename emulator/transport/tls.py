"""Certificates: an authority and a certificate made at the start, or the user's own files."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.errors import ConfigurationError

if TYPE_CHECKING:
    from emulator.settings import Settings

CERTIFICATE_LIFE = timedelta(days=396)
"""With the day before the start: some systems refuse certificates that are valid for more than 397 days."""

AUTHORITY_LIFE = timedelta(days=3650)
CLOCKS_DIFFER = timedelta(days=1)

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1", "host.docker.internal")

MEMORY = "/dev/shm"
"""Where the made key goes for the moment in which OpenSSL reads it, on systems that have this folder.

It is held in memory, and there even if a container's root is read-only.
"""


@dataclass(frozen=True)
class Tls:
    """How the emulator answers over TLS.

    `authority` is what clients are to trust, as PEM; None if the certificate is the user's own.
    """

    context: ssl.SSLContext
    authority: bytes | None


def read_tls(settings: Settings, hosts: Iterable[str]) -> Tls | None:
    """Return what the settings ask for, None if `tls` is off; `hosts` are the vendors' names.

    Raises ConfigurationError for files that are missing, unreadable or do not fit each other.
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
    import trustme  # noqa: PLC0415 - it costs 0.08 s, and an emulator without TLS needs none

    now = datetime.now(UTC)
    authority = trustme.CA.from_pem(*_authority(now))
    try:
        certificate = authority.issue_cert(
            *dict.fromkeys(names), not_before=now - CLOCKS_DIFFER, not_after=now + CERTIFICATE_LIFE
        )
    except ValueError as problem:
        raise ConfigurationError(f"host, control_hosts: no certificate can be made: {problem}") from None
    context = _context()
    with certificate.private_key_and_cert_chain_pem.tempfile(MEMORY if os.access(MEMORY, os.W_OK) else None) as file:
        context.load_cert_chain(file)
    return Tls(context, authority.cert_pem.bytes())


def _authority(now: datetime) -> tuple[bytes, bytes]:
    """Return a new authority's certificate and key as PEM. (trustme's own are valid until the year 3000.)"""
    from cryptography import x509  # noqa: PLC0415 - as trustme
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "integration-emulator"),
            x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "made for one run only"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


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
            sentence = f"tls_cert, tls_key: {certificate} and {key} are no certificate and key as PEM: {problem}"
        raise ConfigurationError(sentence) from None
    return context


def _no_password() -> str:
    raise ConfigurationError("tls_key: the key is encrypted; give one without a password")


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    return context
