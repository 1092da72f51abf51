"""Where a relay listens, and with which certificate."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

from e2etherapy.errors import InvalidCertificate, InvalidListenAddress
from e2etherapy.relay.limits import UNREAD_BYTES, UNTAKEN_BYTES, UNTAKEN_SECONDS

_BACKLOG = 1_024
_LARGEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A host and port (0 takes any free one), or the path of a Unix socket."""

    host: str = ""
    port: int = 0
    unix_path: Path | None = None

    @property
    def is_local(self) -> bool:
        """Whether nobody outside of this machine can reach it."""
        if self.unix_path is not None or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files: a chain of certificates, and its private key."""

    chain: Path
    key: Path


def parse_listen_address(text: str) -> ListenAddress:
    """Read ``127.0.0.1:8700``, ``[::1]:8700`` or ``unix:/run/relay.sock``.

    Raises:
        InvalidListenAddress: it is none of these.
    """
    # The system takes a path for the part before a zero.
    if text.startswith("unix:") and len(text) > len("unix:") and "\0" not in text:
        return ListenAddress(unix_path=Path(text.removeprefix("unix:")))
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not (host and colon and port.isascii() and port.isdigit() and int(port) <= _LARGEST_PORT):
        raise InvalidListenAddress(
            "This is not an address to listen on: write HOST:PORT, such as 127.0.0.1:8700, "
            "or unix:PATH."
        )
    return ListenAddress(host, int(port))


def check_exposure(
    address: ListenAddress, certificate: Certificate | None, *, behind_proxy: bool
) -> None:
    """Refuse to take keys in the clear from other machines.

    Raises:
        InvalidListenAddress: without TLS, reachable from outside, and not said to be behind a
            proxy.
    """
    if certificate is None and not address.is_local and not behind_proxy:
        raise InvalidListenAddress(
            "This address can be reached from other machines, and keys would cross the network "
            "unencrypted. Give a certificate and its key, listen on 127.0.0.1, or say that a "
            "proxy in front of the relay does TLS (--behind-proxy)."
        )


def tls_context(certificate: Certificate) -> ssl.SSLContext:
    """Return a TLS 1.3 server context.

    Raises:
        InvalidCertificate: the files cannot be read or do not belong together, or the key is
            encrypted.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(certificate.chain, certificate.key, password=_no_passphrase)
    except (OSError, ssl.SSLError):
        raise InvalidCertificate(
            "The certificate and its key cannot be used: check that both files are readable PEM "
            "and belong together."
        ) from None
    return context


def _no_passphrase() -> str:
    """Be asked in OpenSSL's stead, which would ask at the terminal while everything else waits."""
    raise InvalidCertificate(
        "The certificate's key is encrypted, and a relay that starts or takes up a new key asks "
        "nobody for a passphrase. Give it the key without one (openssl pkey -in … -out …), in a "
        "file that only the relay's user may read."
    )


def bind(address: ListenAddress) -> socket.socket:
    """Return a socket that listens there.

    Raises:
        InvalidListenAddress: the address is taken, is not this machine's, or is no name at all.
    """
    try:
        if address.unix_path is not None:
            return _bind_unix(address.unix_path)
        return _bind_tcp(address)
    except (OSError, ValueError) as problem:
        # A ValueError is of a host's name that cannot be encoded.
        reason = getattr(problem, "strerror", "this is no name") or "unknown"
        raise InvalidListenAddress(
            f"The relay cannot listen there ({reason}). Choose another address, or stop what "
            "uses it."
        ) from None


def _bind_tcp(address: ListenAddress) -> socket.socket:
    """Return a socket whose connections inherit what the system may keep of what passes."""
    family, *_, name = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.create_server(name[:2], family=family, backlog=_BACKLOG)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNTAKEN_BYTES)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_BYTES)
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_SECONDS * 1_000)
    return listener


def _bind_unix(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    try:
        if path.is_socket() and not _answers(path):
            path.unlink()
        listener.bind(os.fspath(path))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _answers(path: Path) -> bool:
    """Say whether somebody listens on a socket that lies there, or it was only left over."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            return False
    return True
