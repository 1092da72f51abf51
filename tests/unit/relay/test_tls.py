"""Certificates whose files are exchanged at the very moment at which a relay reads them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from e2etherapy.errors import InvalidCertificate
from e2etherapy.relay import tls
from e2etherapy.relay.listening import Certificate, tls_context
from tests.support.certificates import certificate


@pytest.mark.parametrize("left", [None, b"", b"-----BEGIN CERTIFICATE-----\nMII"])
def test_a_certificate_whose_file_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: bytes | None
) -> None:
    files = Certificate(*certificate(tmp_path))
    current = tls.CurrentCertificate(files)

    def read_and_exchanged(given: Certificate) -> ssl.SSLContext:
        context = tls_context(given)
        given.chain.unlink()
        if left is not None:
            given.chain.write_bytes(left)
        return context

    monkeypatch.setattr(tls, "tls_context", read_and_exchanged)
    with pytest.raises(InvalidCertificate, match="exchanged"):
        current.exchange(files)
