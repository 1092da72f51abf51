"""Pitfall: swapped key types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from e2etherapy.errors import InvalidKey
from e2etherapy.mailbox.capabilities import DepositKey, OwnerKey, Ticket
from e2etherapy.primitives.dh import X25519Public, X25519Secret
from e2etherapy.primitives.kem import (
    Kem768Ciphertext,
    Kem768Public,
    Kem768Secret,
    Kem1024Ciphertext,
    Kem1024Public,
    Kem1024Secret,
)
from e2etherapy.primitives.octets import Octets
from e2etherapy.primitives.signing import Ed25519Secret, MlDsa44Public, MlDsa44Secret
from e2etherapy.session.invitation import BundleKey, OuterKey, PreSharedKey
from e2etherapy.session.skipped_keys import ChainKey, HeaderKey, MessageSecret
from e2etherapy.session.turn import RootKey
from e2etherapy.wire.invitation import LinkSecret

REPOSITORY = Path(__file__).parents[2]
MARK = "# swapped"
SNIPPET = """
from e2etherapy.mailbox.capabilities import DepositAddress, DepositKey, OwnedMailbox, OwnerKey
from e2etherapy.primitives.dh import X25519Public, X25519Secret, agree
from e2etherapy.primitives.kem import Kem768Ciphertext, Kem768Secret, Kem1024Ciphertext
from e2etherapy.session import handshake, ratchet, skipped_keys
from e2etherapy.session.handshake import Agreed, OneTimeSecrets, Transcript
from e2etherapy.session.invitation import LinkKeys, OuterKey, PreSharedKey
from e2etherapy.session.safety_phrase import safety_phrase
from e2etherapy.session.skipped_keys import ChainKey, HeaderKey, MessageSecret
from e2etherapy.session.turn import RootKey, TurnKeys
from e2etherapy.wire.invitation import Bundle, LinkSecret


def dh(secret: X25519Secret, public: X25519Public, raw: bytes) -> None:
    agree(secret, public)
    agree(public, secret)  # swapped
    agree(secret, secret)  # swapped
    agree(secret, raw)  # swapped


def kem(secret: Kem768Secret, small: Kem768Ciphertext, large: Kem1024Ciphertext) -> None:
    secret.decapsulate(small)
    secret.decapsulate(large)  # swapped


def chain(chain_key: ChainKey, message: MessageSecret, header: HeaderKey) -> None:
    skipped_keys.advance(chain_key)
    skipped_keys.advance(message)  # swapped
    skipped_keys.advance(header)  # swapped


def begin(root: RootKey, header: HeaderKey, turn: TurnKeys, transcript: Transcript) -> None:
    ratchet.begin_as_client(transcript, root, header, turn)
    ratchet.begin_as_client(transcript, header, root, turn)  # swapped
    Agreed(transcript, header, root)  # swapped


def opening(bundle: Bundle, keys: LinkKeys, secrets: OneTimeSecrets, me: X25519Secret) -> None:
    agreed, values = handshake.begin(bundle, keys.pre_shared_key, lambda n: bytes(n))
    handshake.begin(bundle, keys.outer_key, lambda n: bytes(n))  # swapped
    handshake.begin(bundle, keys.bundle_key, lambda n: bytes(n))  # swapped
    handshake.accept(bundle, keys.pre_shared_key, values, me, secrets)
    handshake.accept(bundle, keys.pre_shared_key, values, values.identity, secrets)  # swapped
    safety_phrase(values.identity, bundle.identity, agreed.root)  # swapped


def link(secret: LinkSecret, outer: OuterKey) -> None:
    LinkKeys.from_secret(secret)
    LinkKeys.from_secret(outer)  # swapped


def mailbox(mailbox: OwnedMailbox, owner: OwnerKey, deposit: DepositKey) -> None:
    OwnedMailbox(owner, deposit)
    OwnedMailbox(deposit, owner)  # swapped
    DepositAddress(owner.mailbox(), owner)  # swapped
    DepositAddress(deposit.hash(), deposit)  # swapped
"""
SIZES: dict[type[Octets], int] = {
    X25519Public: 32,
    X25519Secret: 32,
    Kem768Public: 1184,
    Kem768Ciphertext: 1088,
    Kem768Secret: 64,
    Kem1024Public: 1568,
    Kem1024Ciphertext: 1568,
    Kem1024Secret: 64,
    Ed25519Secret: 32,
    MlDsa44Secret: 32,
    MlDsa44Public: 1312,
    RootKey: 32,
    ChainKey: 32,
    HeaderKey: 32,
    MessageSecret: 32,
    BundleKey: 32,
    OuterKey: 32,
    PreSharedKey: 32,
    LinkSecret: 32,
    OwnerKey: 32,
    DepositKey: 32,
    Ticket: 32,
}


def test_swapped_key_types_do_not_type_check(tmp_path: Path) -> None:
    """Every marked line of the snippet is an error for mypy, and no other line is."""
    source = tmp_path / "swapped.py"
    source.write_text(SNIPPET, encoding="utf-8")
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--config-file",
            REPOSITORY / "pyproject.toml",
            "--no-error-summary",
            "--hide-error-context",
            source,
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not checked.stderr
    lines = SNIPPET.splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith(MARK)}
    reported = {
        int(line.split(":")[1]) for line in checked.stdout.splitlines() if ": error:" in line
    }
    assert len(marked) == 16
    assert reported == marked, checked.stdout


@pytest.mark.parametrize("kind", SIZES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("difference", [-32, -1, 1, 32])
def test_a_key_of_another_length_is_refused_at_run_time(
    kind: type[Octets], difference: int
) -> None:
    with pytest.raises(InvalidKey, match=kind.__name__):
        kind(b"\x09" * (SIZES[kind] + difference))


@pytest.mark.parametrize("kind", SIZES, ids=lambda kind: kind.__name__)
def test_a_key_of_the_right_length_keeps_its_type_and_value(kind: type[Octets]) -> None:
    value = b"\x09" * SIZES[kind]
    assert type(kind(value)) is kind
    assert bytes(kind(value)) == value
