from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from e2etherapy.errors import (
    ContentTooLarge,
    EnvelopeRefused,
    InvalidKey,
    MalformedData,
    WrongPhase,
)
from e2etherapy.primitives.kem import Kem768Public
from e2etherapy.session import conversation, states
from e2etherapy.session.phases import Phase
from e2etherapy.wire.body import pack_body
from e2etherapy.wire.content import Profile, Receipt, Text
from tests.support.hostile import Hostility, begin_with_kem_key, craft
from tests.support.people import LAST_DAY, TODAY, connected, meet, seeded, text, words
from tests.support.situations import SITUATIONS


def test_two_people_talk_from_the_first_word_on() -> None:
    pair = meet()
    assert (
        pair.therapist.open(pair.client.seal("I would like to begin.")) == "I would like to begin."
    )
    assert pair.client.open(pair.therapist.seal("Welcome.")) == "Welcome."
    assert pair.therapist.open(pair.client.seal("Thank you.")) == "Thank you."


def test_both_sides_know_the_same_people_and_the_same_transcript() -> None:
    pair = connected(turns=1)
    client, therapist = pair.client.established, pair.therapist.established
    assert client.transcript == therapist.transcript
    assert client.client == therapist.client
    assert client.therapist == therapist.therapist == pair.bundle.identity


def test_phases_follow_the_table() -> None:
    pair = meet()
    seen = [(pair.client.state.phase, pair.therapist.state.phase)]
    for turn in range(4):
        author, reader = (
            (pair.client, pair.therapist) if turn % 2 == 0 else (pair.therapist, pair.client)
        )
        reader.open(author.seal("words"))
        seen.append((pair.client.state.phase, pair.therapist.state.phase))
    assert seen == [
        (Phase.JOINED, Phase.INVITED),
        (Phase.OPENING, Phase.READY),
        (Phase.READY, Phase.WAITING),
        (Phase.WAITING, Phase.READY),
        (Phase.READY, Phase.WAITING),
    ]


@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_body_takes_exactly_the_room_that_is_announced(size: int) -> None:
    for pair in (meet(), connected(turns=3)):
        room = conversation.body_room(pair.client.state)
        said = "x" * (room - len(pack_body(text(""), b"", None)) - size)
        sealed = conversation.seal(pair.client.state, text(said), pair.client.draw)
        opened = conversation.unseal(pair.therapist.state, sealed.envelope, TODAY)
        assert len(words(opened)) == len(said)
        with pytest.raises(ContentTooLarge):
            conversation.seal(pair.client.state, text(said + "x" * (size + 1)), pair.client.draw)


def test_the_therapist_writes_nothing_before_the_invitation_was_used() -> None:
    with pytest.raises(WrongPhase, match="not been used"):
        meet().therapist.seal("hello?")


@pytest.mark.parametrize("turns", range(4))
def test_a_closed_conversation_seals_and_opens_nothing(turns: int) -> None:
    pair = connected(turns=turns)
    author = pair.client if turns % 2 == 0 else pair.therapist
    reader = pair.therapist if turns % 2 == 0 else pair.client
    envelope = author.seal("too late")
    closed = conversation.close(reader.state)
    with pytest.raises(WrongPhase, match="ended"):
        conversation.unseal(closed, envelope, TODAY)
    with pytest.raises(WrongPhase, match="ended"):
        conversation.seal(closed, text("more"), seeded("closed"))
    with pytest.raises(WrongPhase):
        conversation.close(closed)
    assert states.load(states.dump(closed)) == closed


@pytest.mark.parametrize(
    "packed", [b"", b"\xff" * 40, (2).to_bytes(4, "big") + b"{}", (5).to_bytes(4, "big") + b"hello"]
)
def test_content_that_breaks_its_form_uses_the_envelope_up_and_says_why(packed: bytes) -> None:
    situation = SITUATIONS["next turn"]()
    author = situation.author
    forged = craft(author.established, author.draw, Hostility(packed=packed, ahead=1))
    opened = conversation.unseal(situation.reader.state, forged, TODAY)
    assert opened.body is None
    assert opened.refusal.endswith(".")
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(opened.state, forged, TODAY)
    situation.reader.state = opened.state
    assert situation.reader.open(situation.genuine) == "genuine"


def test_a_peer_s_kem_key_that_is_not_valid_is_refused_on_receipt_and_changes_nothing() -> None:
    """Found only when an answer is sealed, it would leave a conversation that cannot go on."""
    pair = connected(turns=3)
    honest = pair.therapist.state
    pair.therapist.state = begin_with_kem_key(
        pair.therapist.established, pair.therapist.draw, Kem768Public(b"\xff" * Kem768Public.SIZE)
    )
    forged = pair.therapist.seal("with a key that is not valid")
    before = states.dump(pair.client.state)
    with pytest.raises(EnvelopeRefused):
        conversation.unseal(pair.client.state, forged, TODAY)
    assert states.dump(pair.client.state) == before
    pair.therapist.state = honest
    assert pair.client.open(pair.therapist.seal("genuine")) == "genuine"


def test_a_bundle_whose_ratchet_kem_key_is_not_valid_cannot_be_joined() -> None:
    bundle = replace(meet().bundle, ratchet_kem=Kem768Public(b"\xff" * Kem768Public.SIZE))
    with pytest.raises(InvalidKey):
        conversation.join(bundle, TODAY, LAST_DAY, seeded("client"))


WRITTEN = text("").written
BROKEN_ITEMS = {
    "an id of 15 bytes": Text(id=bytes(15), sequence=1, written=WRITTEN, text=""),
    "sequence 0": Text(id=bytes(16), sequence=0, written=WRITTEN, text=""),
    "a time without a zone": Text(
        id=bytes(16), sequence=1, written=WRITTEN.replace(tzinfo=None), text=""
    ),
    "a time in another zone": Text(
        id=bytes(16), sequence=1, written=WRITTEN.astimezone(timezone(timedelta(hours=1))), text=""
    ),
    "a fraction of a second": Text(
        id=bytes(16), sequence=1, written=WRITTEN.replace(microsecond=1), text=""
    ),
    "a name of 201 characters": Profile(id=bytes(16), sequence=1, written=WRITTEN, name="n" * 201),
    "a receipt for nothing": Receipt(id=bytes(16), sequence=1, written=WRITTEN, items=[]),
}


@pytest.mark.parametrize("item", BROKEN_ITEMS.values(), ids=BROKEN_ITEMS)
def test_what_the_other_side_would_refuse_is_not_sealed(item: Text | Profile | Receipt) -> None:
    pair = connected(turns=3)
    before = states.dump(pair.client.state)
    with pytest.raises(MalformedData):
        conversation.seal(pair.client.state, item, pair.client.draw)
    assert states.dump(pair.client.state) == before


def test_a_blob_travels_with_its_item() -> None:
    pair = connected(turns=3)
    item = Receipt(id=bytes(16), sequence=1, written=text("").written, items=[bytes(16)])
    sealed = conversation.seal(pair.client.state, item, pair.client.draw, blob=b"\x00blob\x00")
    opened = conversation.unseal(pair.therapist.state, sealed.envelope, TODAY)
    assert opened.body is not None
    assert (opened.body.item, opened.body.blob) == (item, b"\x00blob\x00")
