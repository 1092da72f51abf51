from __future__ import annotations

import hashlib

from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositKey,
    OwnedMailbox,
    OwnerKey,
    Ticket,
)
from tests.support.people import Recorder, seeded

KEY = bytes(range(32))


def expected(label: bytes) -> bytes:
    return hashlib.sha256(b"e2etherapy/1/" + label + b"\x00" + KEY).digest()


def test_what_the_relay_keeps_of_a_key_is_a_labelled_hash() -> None:
    assert OwnerKey(KEY).mailbox() == expected(b"mailbox")
    assert DepositKey(KEY).hash() == expected(b"deposit-key")
    assert Ticket(KEY).hash() == expected(b"ticket")
    assert Allowance(KEY).hash() == expected(b"allowance")
    assert ClaimToken(KEY).hash() == expected(b"claim")


def test_one_secret_in_five_roles_gives_five_unrelated_hashes() -> None:
    hashes = {
        bytes(OwnerKey(KEY).mailbox()),
        bytes(DepositKey(KEY).hash()),
        bytes(Ticket(KEY).hash()),
        bytes(Allowance(KEY).hash()),
        bytes(ClaimToken(KEY).hash()),
    }
    assert len(hashes) == 5
    assert KEY not in hashes


def test_a_mailbox_of_one_s_own_has_two_fresh_keys_and_gives_away_one() -> None:
    draw = Recorder(seeded("mailbox"))
    mailbox = OwnedMailbox.generate(draw)
    assert draw.drawn == [bytes(mailbox.owner_key), bytes(mailbox.deposit_key)]
    assert mailbox.owner_key != mailbox.deposit_key
    address = mailbox.address()
    assert address.mailbox == mailbox.owner_key.mailbox()
    assert address.key == mailbox.deposit_key
