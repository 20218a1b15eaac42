"""A certificate authority for one run, and the certificate for the emulator's names that it signs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from emulator.errors import ConfigurationError

CLOCKS_DIFFER = timedelta(days=1)

CERTIFICATE_LIFE = timedelta(days=396)
"""Together with the day before the start: some systems refuse certificates that are valid for more than 397 days."""

AUTHORITY_LIFE = timedelta(days=3650)


def issue(names: Iterable[str]) -> tuple[trustme.Blob, bytes]:
    """Return a certificate for the names, with its key and chain, and the authority that signed it, as PEM.

    Raises ConfigurationError for a name that a certificate cannot contain.
    """
    now = datetime.now(UTC)
    authority = trustme.CA.from_pem(*_authority(now))
    try:
        certificate = authority.issue_cert(
            *dict.fromkeys(names), not_before=now - CLOCKS_DIFFER, not_after=now + CERTIFICATE_LIFE
        )
    except ValueError as problem:
        raise ConfigurationError(f"host, control_hosts: the certificate cannot be created: {problem}") from None
    return certificate.private_key_and_cert_chain_pem, authority.cert_pem.bytes()


def _authority(now: datetime) -> tuple[bytes, bytes]:
    """Return a new authority's certificate and key as PEM. (trustme's own are valid until the year 3000.)"""
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
