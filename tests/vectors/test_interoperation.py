"""The package and the second implementation talk to each other, in both roles."""

import base64
import hashlib
import os
import random
from typing import Any, NamedTuple, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy import errors
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.session import conversation as session
from e2etherapy.session import states
from e2etherapy.session.invitation import open_bundle, seal_bundle
from e2etherapy.session.safety_phrase import safety_phrase
from e2etherapy.session.states import Established
from e2etherapy.wire.body import ReplyTo
from e2etherapy.wire.content import Text, UnknownItem
from e2etherapy.wire.invitation import InvitationLink
from tests.vectors.generation import DAY, EXPIRES, LAST_DAY, WRITTEN, details
from tests.vectors.package_checks import failure_class
from tests.vectors.second_checks import WORDS
from tests.vectors.second_implementation import formats, handshake, ratchet
from tests.vectors.second_implementation.notation import Refused

RELAY = "relay.example:8443"
THERAPISTS = ("package", "second")


class Side(Protocol):
    def say(self, words: str) -> bytes: ...

    def hear(self, envelope: bytes) -> str:
        """Return the words, or the class of the failure."""

    def agreed(self) -> dict[str, bytes]: ...

    def phrase(self) -> list[str]: ...


class PackageSide:
    def __init__(self, state: states.Conversation) -> None:
        self.state = state
        self.sequence = 0

    def say(self, words: str) -> bytes:
        self.sequence += 1
        item = Text(id=os.urandom(16), sequence=self.sequence, written=WRITTEN, text=words)
        reply_to = ReplyTo(os.urandom(32), os.urandom(32))
        sealed = session.seal(self.state, item, os.urandom, reply_to=reply_to)
        self.state = states.load(states.dump(sealed.state))
        return sealed.envelope

    def hear(self, envelope: bytes) -> str:
        try:
            opened = session.unseal(self.state, envelope, DAY)
        except errors.E2ETherapyError as error:
            return str(failure_class(error))
        self.state = states.load(states.dump(opened.state))
        assert opened.body is not None, opened.refusal
        if isinstance(opened.body.item, UnknownItem):
            return f"unknown kind: {opened.body.item.named_kind}"
        assert isinstance(opened.body.item, Text)
        return opened.body.item.text

    def agreed(self) -> dict[str, bytes]:
        assert isinstance(self.state, Established)
        ratchet = self.state.ratchet
        return {
            "transcript": self.state.transcript,
            "root": ratchet.root,
            "next header key": ratchet.next_header_key,
        }

    def phrase(self) -> list[str]:
        state = self.state
        assert isinstance(state, Established)
        return list(safety_phrase(state.client, state.therapist, state.transcript))


class SecondSide:
    def __init__(self, start: ratchet.Session | handshake.Invitation) -> None:
        self.start = start
        self.sequence = 0

    @property
    def session(self) -> ratchet.Session:
        assert isinstance(self.start, ratchet.Session)
        return self.start

    def say(self, words: str) -> bytes:
        return self.say_item({"kind": "text", "text": words})

    def say_item(self, members: dict[str, Any]) -> bytes:
        self.sequence += 1
        common = {"sequence": self.sequence, "written": "2026-06-20T12:00:00Z"}
        content = formats.Content({**members, "id": b64(os.urandom(16)), **common})
        size = ratchet.BODY
        if self.session.outer_key is not None and not self.session.therapist:
            size = ratchet.OPENING_BODY
            content.reply_to = {"mailbox": b64(bytes(32)), "deposit_key": b64(bytes(32))}
        body = formats.pad(formats.pack(content), size)
        return ratchet.seal_envelope(self.session, body, os.urandom)

    def hear(self, envelope: bytes) -> str:
        try:
            if isinstance(self.start, handshake.Invitation):
                self.start, body = handshake.accept(self.start, envelope, DAY)
            else:
                body = ratchet.open_envelope(self.start, envelope, DAY)
        except Refused as refusal:
            return refusal.reason
        return str(formats.unpack(body).item["text"])

    def agreed(self) -> dict[str, bytes]:
        return {
            "transcript": self.session.transcript,
            "root": self.session.root,
            "next header key": self.session.next_header_key,
        }

    def phrase(self) -> list[str]:
        client, therapist = self.session.identities
        return handshake.safety_phrase(client, therapist, self.session.transcript, WORDS)


class Pair(NamedTuple):
    therapist: Side
    client: Side


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def package_therapist_meets_second_client() -> Pair:
    identity = X25519Secret(os.urandom(32))
    invited, bundle = session.invite(identity, details(os.urandom), LAST_DAY, os.urandom)
    link = InvitationLink(RELAY, bundle.secret()).text()
    sealed = seal_bundle(bundle, os.urandom)
    relay, link_hash = formats.read_link(link)
    assert relay == RELAY
    received = formats.pack_bundle(handshake.open_bundle(sealed, link_hash))
    joined = handshake.join(received, os.urandom(32), os.urandom(32))
    return Pair(PackageSide(invited), SecondSide(joined))


def second_therapist_meets_package_client() -> Pair:
    members = {
        "name": "Dr. \N{LATIN CAPITAL LETTER O WITH DIAERESIS}zg\u00fcr",
        "mailbox": b64(os.urandom(32)),
        "deposit_key": b64(os.urandom(32)),
        "ticket": b64(os.urandom(32)),
        "expires": EXPIRES.isoformat(),
    }
    invitation = handshake.invite(os.urandom(32), os.urandom, members)
    link = formats.make_link(RELAY, hashlib.sha256(invitation.bundle).digest())
    sealed = handshake.seal_bundle(invitation.bundle, os.urandom(24))
    parsed = InvitationLink.parse(link)
    assert parsed.relay_host == RELAY
    bundle = open_bundle(parsed.secret, sealed)
    joined = session.join(bundle, DAY, LAST_DAY, os.urandom)
    return Pair(SecondSide(invitation), PackageSide(joined))


def meet(therapist: str) -> Pair:
    if therapist == "package":
        return package_therapist_meets_second_client()
    return second_therapist_meets_package_client()


@pytest.mark.parametrize("therapist", THERAPISTS)
def test_they_come_to_the_same_words_and_keys(therapist: str) -> None:
    pair = meet(therapist)
    for turn in range(6):
        speaker, listener = pair if turn % 2 else reversed(pair)
        assert listener.hear(speaker.say(f"turn {turn + 1}")) == f"turn {turn + 1}"
        assert speaker.agreed() == listener.agreed()
    assert pair.therapist.phrase() == pair.client.phrase()
    assert len(pair.client.phrase()) == 6


@pytest.mark.parametrize("therapist", THERAPISTS)
@given(turns=st.lists(st.integers(1, 4), min_size=2, max_size=8), draw=st.randoms())
def test_they_understand_each_other_in_any_order(
    therapist: str, turns: list[int], draw: random.Random
) -> None:
    pair = meet(therapist)
    waiting: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {})
    for turn, length in enumerate(turns):
        speaker, listener = pair if turn % 2 else reversed(pair)
        ours = waiting[turn % 2]
        fresh = [f"turn {turn + 1}, {number}" for number in range(length)]
        ours.update({words: speaker.say(words) for words in fresh})
        arriving = {draw.choice(fresh), *draw.sample(sorted(ours), draw.randrange(len(ours)))}
        for words in draw.sample(sorted(arriving), len(arriving)):
            assert_heard_once(listener, words, ours.pop(words))
    for ours, listener in zip(waiting, pair, strict=True):
        for words, envelope in ours.items():
            assert_heard_once(listener, words, envelope)
    assert pair.therapist.agreed() == pair.client.agreed()


def assert_heard_once(listener: Side, words: str, envelope: bytes) -> None:
    assert listener.hear(envelope) == words
    assert listener.hear(envelope) in {"replay", "refused"}


@pytest.mark.parametrize("therapist", THERAPISTS)
def test_long_turns_arrive_backwards(therapist: str) -> None:
    pair = meet(therapist)
    for turn in range(4):
        speaker, listener = pair if turn % 2 else reversed(pair)
        spoken = {f"{turn + 1} {number}": None for number in range(120)}
        envelopes = {words: speaker.say(words) for words in spoken}
        for words in reversed(envelopes):
            assert listener.hear(envelopes[words]) == words
    assert pair.therapist.agreed() == pair.client.agreed()


@pytest.mark.parametrize("therapist", THERAPISTS)
def test_the_newest_of_those_that_are_missing_can_still_arrive(therapist: str) -> None:
    pair = meet(therapist)
    envelopes = [pair.client.say(str(number)) for number in range(2_050)]
    assert pair.therapist.hear(envelopes[2_049]) == "2049"
    assert pair.therapist.hear(envelopes[0]) == "replay"
    assert pair.therapist.hear(envelopes[1]) == "1"
    assert pair.therapist.hear(envelopes[2_048]) == "2048"
    answer = pair.therapist.say("answer")
    assert pair.client.hear(answer) == "answer"
    assert pair.therapist.hear(pair.client.say("turn 3")) == "turn 3"
    assert pair.therapist.hear(envelopes[1_024]) == "1024"


@pytest.mark.parametrize("therapist", THERAPISTS)
@given(offset=st.integers(0, 16_383), mask=st.integers(1, 255), turns=st.integers(0, 3))
def test_a_damaged_envelope_is_refused_and_the_genuine_one_still_opens(
    therapist: str, offset: int, mask: int, turns: int
) -> None:
    pair = meet(therapist)
    for turn in range(turns):
        speaker, listener = pair if turn % 2 else reversed(pair)
        listener.hear(speaker.say("before"))
    speaker, listener = pair if turns % 2 else reversed(pair)
    genuine = speaker.say("genuine")
    damaged = bytearray(genuine)
    damaged[offset] ^= mask
    assert listener.hear(bytes(damaged)) == "refused"
    assert listener.hear(genuine) == "genuine"


def test_the_package_keeps_what_a_newer_version_says() -> None:
    therapist, client = second_therapist_meets_package_client()
    assert isinstance(therapist, SecondSide)
    therapist.hear(client.say("hello"))
    envelope = therapist.say_item({"kind": "breathing", "steps": ["breathe", 4, None]})
    assert client.hear(envelope) == "unknown kind: breathing"
    assert client.hear(therapist.say("after that")) == "after that"
