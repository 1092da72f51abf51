"""Pitfall: attachment type or name leaking."""

from __future__ import annotations

import hashlib
import zlib
from datetime import UTC, datetime

import pytest

from e2etherapy.primitives.digest import sha256
from e2etherapy.session import conversation
from e2etherapy.wire.content import (
    Attachment,
    JournalShare,
    KnownItem,
    Part,
    Profile,
    ReadMark,
    Receipt,
    Text,
)
from e2etherapy.wire.envelope import ENVELOPE_SIZE
from tests.support.people import TODAY, connected, meet

WRITTEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAME = "diagnosis-of-Jane-Roe.pdf"
MEDIA_TYPE = "application/pdf"
FILE = b"%PDF-1.7 " + b"this must stay between two people " * 200


def item_id(number: int) -> bytes:
    return hashlib.sha256(bytes([number])).digest()[:16]


ITEMS: dict[str, tuple[KnownItem, bytes]] = {
    "text": (Text(id=item_id(1), sequence=1, written=WRITTEN, text="I could not sleep."), b""),
    "empty text": (Text(id=item_id(2), sequence=2, written=WRITTEN, text=""), b""),
    "attachment": (
        Attachment(
            id=item_id(3),
            sequence=3,
            written=WRITTEN,
            name=NAME,
            media_type=MEDIA_TYPE,
            size=len(FILE),
            sha256=sha256(FILE),
        ),
        FILE,
    ),
    "part": (
        Part(id=item_id(4), sequence=4, written=WRITTEN, whole=item_id(9), index=0, count=2),
        bytes(12_000),
    ),
    "receipt": (
        Receipt(id=item_id(5), sequence=5, written=WRITTEN, items=[item_id(n) for n in range(99)]),
        b"",
    ),
    "read mark": (
        ReadMark(id=item_id(6), sequence=6, written=WRITTEN, items=[item_id(1)]),
        b"",
    ),
    "profile": (Profile(id=item_id(7), sequence=7, written=WRITTEN, name="Jane Roe"), b""),
    "journal share": (
        JournalShare(
            id=item_id(8), sequence=8, written=WRITTEN, text="Dear diary", entry_written=WRITTEN
        ),
        b"",
    ),
}


def envelopes() -> dict[str, bytes]:
    """Return each item sealed as an opening and as a message."""
    sealed = {}
    for name, (item, blob) in ITEMS.items():
        for how, pair in (("opening", meet()), ("message", connected(turns=3))):
            envelope = conversation.seal(pair.client.state, item, pair.client.draw, blob=blob)
            sealed[f"{name} as {how}"] = envelope.envelope
    return sealed


def test_every_kind_of_item_gives_an_envelope_of_the_same_size() -> None:
    assert {len(envelope) for envelope in envelopes().values()} == {ENVELOPE_SIZE}


@pytest.mark.parametrize(
    "clue", [NAME.encode(), MEDIA_TYPE.encode(), FILE[:8], b"Jane", b"kind", b"2026", FILE[9:25]]
)
def test_nothing_of_a_name_type_or_text_stands_in_an_envelope(clue: bytes) -> None:
    for envelope in envelopes().values():
        assert clue not in envelope
        assert clue[::-1] not in envelope


def test_no_kind_of_item_compresses_better_than_another() -> None:
    """An empty text and a full part both look like noise."""
    for envelope in envelopes().values():
        assert len(zlib.compress(envelope, 9)) > ENVELOPE_SIZE


@pytest.mark.parametrize("name", ITEMS)
def test_name_and_type_do_arrive(name: str) -> None:
    """So that the silence above is not for want of content."""
    item, blob = ITEMS[name]
    pair = connected(turns=3)
    sealed = conversation.seal(pair.client.state, item, pair.client.draw, blob=blob)
    opened = conversation.unseal(pair.therapist.state, sealed.envelope, TODAY)
    assert opened.body is not None
    assert opened.body.item == item
    assert opened.body.blob == blob
