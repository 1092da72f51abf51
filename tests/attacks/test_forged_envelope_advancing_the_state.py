"""Pitfall: forged envelope advancing the state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise

import pytest

from e2etherapy.errors import EnvelopeRefused, InvitationUsed, MalformedData, SessionError
from e2etherapy.primitives import aead
from e2etherapy.session import conversation, states
from e2etherapy.session.invitation import LinkKeys
from e2etherapy.wire.envelope import ENVELOPE_SIZE, split_opening
from tests.support.people import TODAY, Person, connected, meet, seeded
from tests.support.situations import SITUATIONS, Situation

NIGHTLY = os.environ.get("E2ETHERAPY_TEST_PROFILE") == "nightly"
STRIDE = 7 if NIGHTLY else 131
BOUNDARIES = (0, 24, 32, 1680, 2360, 2392, 4008, 4040, ENVELOPE_SIZE)
"""Where the fields of a message and of an opening begin and end (docs/protocol.md, section 6)."""


def positions() -> Iterator[int]:
    """Yield each byte beside a boundary, and a sample of all others."""
    near = {b + d for b in BOUNDARIES for d in (-1, 0, 1) if 0 <= b + d < ENVELOPE_SIZE}
    yield from sorted(near | set(range(0, ENVELOPE_SIZE, STRIDE)))


def assert_changes_nothing(
    reader: Person, forged: bytes, error: type[Exception] = EnvelopeRefused
) -> None:
    before = states.dump(reader.state)
    with pytest.raises(error):
        conversation.unseal(reader.state, forged, TODAY)
    assert states.dump(reader.state) == before


@pytest.fixture(params=SITUATIONS)
def situation(request: pytest.FixtureRequest) -> Situation:
    return SITUATIONS[request.param]()


def test_a_damaged_byte_anywhere_changes_nothing(situation: Situation) -> None:
    for position in positions():
        damaged = bytearray(situation.genuine)
        damaged[position] ^= 1 << position % 8
        assert_changes_nothing(situation.reader, bytes(damaged))
    assert situation.reader.open(situation.genuine) == "genuine"


@pytest.mark.parametrize(("start", "end"), list(pairwise(BOUNDARIES)))
def test_a_region_that_was_overwritten_changes_nothing(
    situation: Situation, start: int, end: int
) -> None:
    for filling in (bytes(end - start), seeded("noise")(end - start)):
        damaged = situation.genuine[:start] + filling + situation.genuine[end:]
        assert_changes_nothing(situation.reader, damaged)
    assert situation.reader.open(situation.genuine) == "genuine"


@pytest.mark.parametrize(("start", "end"), list(pairwise(BOUNDARIES)))
def test_two_genuine_envelopes_spliced_together_change_nothing(
    situation: Situation, start: int, end: int
) -> None:
    other = situation.author.seal("another of the same turn")
    spliced = situation.genuine[:start] + other[start:end] + situation.genuine[end:]
    assert_changes_nothing(situation.reader, spliced)
    assert situation.reader.open(situation.genuine) == "genuine"
    assert situation.reader.open(other) == "another of the same turn"


def test_a_replayed_envelope_changes_nothing(situation: Situation) -> None:
    situation.reader.open(situation.genuine)
    assert_changes_nothing(situation.reader, situation.genuine)
    situation.reader.restart()
    assert_changes_nothing(situation.reader, situation.genuine)


def test_a_reflected_envelope_changes_nothing(situation: Situation) -> None:
    assert_changes_nothing(situation.author, situation.genuine)
    situation.reader.open(situation.genuine)
    reflected = situation.reader.seal("on its way to the author")
    assert_changes_nothing(situation.reader, reflected)


def test_an_envelope_of_another_conversation_changes_nothing(situation: Situation) -> None:
    for turns in range(4):
        stranger = connected("somebody else", turns)
        author = stranger.client if turns % 2 == 0 else stranger.therapist
        assert_changes_nothing(situation.reader, author.seal("for somebody else"))
    assert situation.reader.open(situation.genuine) == "genuine"


@pytest.mark.parametrize(
    "size", [0, 1, 32, ENVELOPE_SIZE - 1, ENVELOPE_SIZE + 1, 2 * ENVELOPE_SIZE]
)
def test_a_truncated_or_longer_envelope_changes_nothing(situation: Situation, size: int) -> None:
    forged = (situation.genuine * 2)[:size]
    assert_changes_nothing(situation.reader, forged, MalformedData)


@pytest.mark.parametrize(
    "forged",
    [bytes(ENVELOPE_SIZE), b"\xff" * ENVELOPE_SIZE, seeded("random")(ENVELOPE_SIZE)],
    ids=["zeros", "ones", "random"],
)
def test_an_envelope_made_of_nothing_changes_nothing(situation: Situation, forged: bytes) -> None:
    assert_changes_nothing(situation.reader, forged)


def rewrapped(pair_link: LinkKeys, genuine: bytes, values: bytes | None = None) -> bytes:
    """Return an opening that a holder of the link has wrapped anew with another salt."""
    parts = split_opening(genuine)
    key = pair_link.outer_key
    packed = aead.unseal(key, parts.salt[:24], parts.sealed_opening, b"e2etherapy/1/opening\x00")
    salt = seeded("another salt")(32)
    wrapped = aead.seal(key, salt[:24], values or packed, b"e2etherapy/1/opening\x00")
    return salt + wrapped + b"".join(parts[2:])


@pytest.mark.parametrize("name", ["first opening", "further opening", "opening after answering"])
def test_an_opening_rewrapped_by_a_holder_of_the_link_changes_nothing(name: str) -> None:
    situation = SITUATIONS[name]()
    link = LinkKeys.from_secret(situation.pair.bundle.secret())
    assert_changes_nothing(situation.reader, rewrapped(link, situation.genuine))
    assert situation.reader.open(situation.genuine) == "genuine"


@pytest.mark.parametrize("keep_header_salt", [True, False])
def test_opening_values_exchanged_by_a_holder_of_the_link_change_nothing(
    keep_header_salt: bool,
) -> None:
    situation = SITUATIONS["first opening"]()
    stranger = meet("stranger").client.established.wrapping
    assert stranger is not None
    link = LinkKeys.from_secret(situation.pair.bundle.secret())
    forged = rewrapped(link, situation.genuine, stranger.values)
    if keep_header_salt:
        forged = situation.genuine[:32] + forged[32:]
    assert_changes_nothing(situation.reader, forged)
    assert situation.reader.open(situation.genuine) == "genuine"


def test_rewrapped_values_of_somebody_else_are_reported_once_the_invitation_is_used() -> None:
    situation = SITUATIONS["further opening"]()
    stranger = meet("stranger").client.established.wrapping
    assert stranger is not None
    link = LinkKeys.from_secret(situation.pair.bundle.secret())
    forged = rewrapped(link, situation.genuine, stranger.values)
    assert_changes_nothing(situation.reader, forged, InvitationUsed)
    assert situation.reader.open(situation.genuine) == "genuine"


def test_a_state_that_was_passed_in_never_changes() -> None:
    """Even when the envelope is genuine: the caller decides which state counts."""
    for build in SITUATIONS.values():
        situation = build()
        before = states.dump(situation.reader.state)
        opened = conversation.unseal(situation.reader.state, situation.genuine, TODAY)
        assert states.dump(situation.reader.state) == before
        assert states.dump(opened.state) != before


def test_every_refusal_is_a_session_error_with_a_sentence() -> None:
    situation = SITUATIONS["next turn"]()
    with pytest.raises(SessionError, match=r"\w+ .*\.$"):
        conversation.unseal(situation.reader.state, bytes(ENVELOPE_SIZE), TODAY)
