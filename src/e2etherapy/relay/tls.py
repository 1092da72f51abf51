"""A certificate that can be exchanged while connections go on, and what can be said of one."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

from e2etherapy.errors import InvalidCertificate
from e2etherapy.relay.listening import Certificate, tls_context

_EXPIRED = 10
_NOT_YET_VALID = 9
"""Numbers of OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED and X509_V_ERR_CERT_NOT_YET_VALID."""


class CurrentCertificate:
    """A TLS context that hands each new handshake to the newest certificate.

    A handshake that has begun, and every connection, keeps the one that it began with.
    """

    def __init__(self, certificate: Certificate) -> None:
        """Begin with a certificate, also one that does not hold today: it can be exchanged.

        Raises:
            InvalidCertificate: it cannot be used on any day.
        """
        self.context = tls_context(certificate)
        _validity(self.context, certificate)
        self._newest = self.context
        # Called for each handshake, also for one that names no server.
        self.context.sni_callback = self._choose

    def exchange(self, certificate: Certificate) -> None:
        """Use another one from now on.

        Raises:
            InvalidCertificate: it cannot be used, or not today; the old one stays.
        """
        newer = tls_context(certificate)
        validity = _validity(newer, certificate)
        if validity.end is None:
            raise InvalidCertificate(validity.problem)
        self._newest = newer

    def _choose(self, handshake: ssl.SSLObject, _name: str | None, _old: ssl.SSLContext) -> None:
        handshake.context = self._newest


@dataclass(frozen=True, slots=True)
class Validity:
    """Until when a certificate holds, or why it does not hold now."""

    end: datetime | None
    problem: str = ""


def validity_of(certificate: Certificate) -> Validity:
    """Shake hands with a certificate in memory and say until when it holds.

    Its chain is not followed to an authority: whether clients trust it is not asked.

    Raises:
        InvalidCertificate: the files cannot be used, or no handshake succeeds with such a key.
    """
    return _validity(tls_context(certificate), certificate)


def _validity(here: ssl.SSLContext, certificate: Certificate) -> Validity:
    """Try the very context that is to be used: its files may be exchanged at any moment."""
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    there.check_hostname = False
    there.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        there.load_verify_locations(certificate.chain)
    except (OSError, ssl.SSLError):
        raise InvalidCertificate(
            "The certificate's file was exchanged while it was read: try again once both files "
            "are in place."
        ) from None
    try:
        shown = _handshake(here, there)
    except ssl.SSLCertVerificationError as problem:
        return Validity(None, _in_words(problem.verify_code))
    except ssl.SSLError:
        raise InvalidCertificate(
            "The certificate's key is of a kind that TLS 1.3 has no signatures for, so that no "
            "client could connect: have a certificate made for a P-256 or an RSA key."
        ) from None
    seconds = ssl.cert_time_to_seconds(str(shown["notAfter"]))
    return Validity(datetime.fromtimestamp(seconds, UTC))


def _handshake(here: ssl.SSLContext, there: ssl.SSLContext) -> ssl._PeerCertRetDictType:
    """Let two contexts meet in memory; return the certificate as the client sees it."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = here.wrap_bio(up, down, server_side=True)
    client = there.wrap_bio(down, up)
    for end in (client, server, client):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return client.getpeercert() or {}


def _in_words(code: int) -> str:
    if code == _EXPIRED:
        return "The certificate has expired."
    if code == _NOT_YET_VALID:
        return "The certificate is not valid yet."
    return "The certificate does not verify."
