"""Certificates for TLS receivers, issued by a certificate authority that no client trusts by default."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from hourhook.clock import SECOND, SystemClock

_DAY = timedelta(days=1)


def make_self_signed_context(folder: Path, host: str) -> tuple[ssl.SSLContext, bytes]:
    """Return a TLS context with a certificate that signs itself (`openssl req -x509`), and the certificate."""
    authority = make_certificate_authority(host, x509.SubjectAlternativeName([x509.DNSName(host)]))
    path = folder / f"self-signed-{host}.pem"
    key = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(authority.pem + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, authority.pem


@dataclass(frozen=True)
class CertificateAuthority:
    """A certificate authority; ``pem`` is its own certificate."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey
    pem: bytes

    def make_server_context(self, folder: Path, host: str, valid_days: int = 1) -> ssl.SSLContext:
        """Return a TLS context with a certificate for ``host``; with negative ``valid_days`` it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name(host))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_today() - 9 * _DAY)
            .not_valid_after(_today() + valid_days * _DAY)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = folder / f"{host}.pem"
        path.write_bytes(
            certificate.public_bytes(Encoding.PEM)
            + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def make_certificate_authority(
    name: str = "Unknown authority", *extensions: x509.ExtensionType
) -> CertificateAuthority:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_today() - _DAY)
        .not_valid_after(_today() + _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    return CertificateAuthority(_name(name), key, certificate.public_bytes(Encoding.PEM))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _today() -> datetime:
    return datetime.fromtimestamp(SystemClock().now() / SECOND, UTC)
