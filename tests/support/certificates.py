"""Certificates that nobody but a test trusts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def certificate(
    folder: Path,
    name: str = "localhost",
    days: tuple[int, int] = (-1, 30),
    curve: ec.EllipticCurve | None = None,
) -> tuple[Path, Path]:
    """Write chain.pem and key.pem, self-signed, valid from and to so many days from now.

    The key is one on P-256, unless another curve is given.
    """
    key = ec.generate_private_key(curve or ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain, form = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    private.touch(mode=0o600)
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return chain, private


def encrypt(private: Path) -> None:
    """Let a key need a passphrase."""
    key = serialization.load_pem_private_key(private.read_bytes(), password=None)
    form = serialization.PrivateFormat.PKCS8
    secret = serialization.BestAvailableEncryption(b"a passphrase")
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, secret))
