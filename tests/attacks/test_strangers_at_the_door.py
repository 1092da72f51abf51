"""Whoever is not the other person, or not yet: envelopes and openings that were made elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2etherapy.journal.record import EventName
from e2etherapy.session import conversation as session
from e2etherapy.session import states
from e2etherapy.session.invitation import open_bundle
from e2etherapy.wire.invitation import Bundle, InvitationLink
from tests.support.devices import Two, record_of, two
from tests.support.hostile_author import HostileAuthor, base64_of, packed
from tests.support.hostile_scene import (
    OKAFOR,
    SAM,
)


@pytest.mark.parametrize("what", ["random", "damaged", "foreign", "to its author"])
async def test_an_envelope_that_was_not_made_here_changes_no_byte_of_the_state(
    tmp_path: Path, what: str
) -> None:
    async with two(tmp_path / "one", turns=3) as pair, two(tmp_path / "other", turns=3) as other:
        author = HostileAuthor(pair.client, OKAFOR)
        body = packed(author.item("text", text="x"))
        record = await record_of(pair.client, OKAFOR)
        if what == "foreign":
            record = await record_of(other.client, OKAFOR)
        elif what == "to its author":
            record = await record_of(pair.therapist, SAM)
        _, envelope = author.seal(record.state, body)
        if what == "random":
            envelope = author.draw(16_384)
        elif what == "damaged":
            envelope = envelope[:9_000] + bytes([envelope[9_000] ^ 1]) + envelope[9_001:]
        before = states.dump((await record_of(pair.therapist, SAM)).state)
        mine = await record_of(pair.client, OKAFOR)
        assert mine.peer is not None
        await (await pair.client.device.relay(mine.relay)).deposit(mine.peer, envelope)
        report = await pair.therapist.sync()
        assert states.dump((await record_of(pair.therapist, SAM)).state) == before
        assert [notice.event for notice in report.notices] == [EventName.ENVELOPE_REFUSED]
        assert report.arrived == {}
        await pair.client.send(OKAFOR, "honest")
        assert (await pair.therapist.sync()).arrived == {SAM: 1}


async def test_a_second_claimant_is_told_of_and_changes_nothing(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        link = (await pair.therapist.invite(SAM)).link
        bundle = await the_bundle(pair, link)
        await pair.client.join(link)
        await pair.therapist.sync()
        before = await record_of(pair.therapist, SAM)
        thief = HostileAuthor(pair.client, OKAFOR)
        joined = session.join(bundle, pair.clock.today(), pair.clock.today(), thief.draw)
        _, envelope = thief.seal(joined, packed(thief.item("text", text="it is me")))
        mine = await record_of(pair.client, OKAFOR)
        assert mine.peer is not None
        await (await pair.client.device.relay(mine.relay)).deposit(mine.peer, envelope)
        report = await pair.therapist.sync()
        (notice,) = report.notices
        assert notice.event is EventName.INVITATION_USED_BY_SOMEBODY_ELSE
        assert "link has leaked" in notice.sentence
        after = await record_of(pair.therapist, SAM)
        assert (after.state, after.peer) == (before.state, before.peer)
        await pair.client.send(OKAFOR, "it is really me")
        assert (await pair.therapist.sync()).arrived == {SAM: 1}


async def the_bundle(pair: Two, link: str) -> Bundle:
    state = (await record_of(pair.therapist, SAM)).state
    assert isinstance(state, states.Invited)
    bundle = Bundle.unpack(state.bundle)
    assert bundle.secret() == InvitationLink.parse(link).secret
    assert open_bundle is not None
    return bundle


async def test_an_opening_without_an_address_leaves_a_conversation_that_waits(
    tmp_path: Path,
) -> None:
    """Nobody can be answered without it; what is written meanwhile is kept, and goes out."""
    async with two(tmp_path, met=False) as pair:
        bundle = await the_bundle(pair, (await pair.therapist.invite(SAM)).link)
        author = HostileAuthor(pair.client, OKAFOR)
        state = session.join(bundle, pair.clock.today(), pair.clock.today(), author.draw)
        state, silent = author.seal(state, packed(author.item("text", text="no address")))
        record = await record_of(pair.therapist, SAM)
        relay_of = await pair.client.device.relay(record.relay)
        await relay_of.deposit(record.mailbox.address(), silent)
        assert (await pair.therapist.sync()).arrived == {SAM: 1}
        report = await pair.therapist.send(SAM, "an answer")
        assert report.state == "on_device"
        assert report.problem is not None
        again = await pair.therapist.sync()
        assert [notice.event for notice in again.notices] == [EventName.DELIVERY_REFUSED]
        assert again.unsent > 0
        _, speaking = author.seal(
            state,
            packed(
                author.item("text", text="here I am"),
                extra={
                    "reply_to": {
                        "mailbox": base64_of(record.mailbox.address().mailbox),
                        "deposit_key": base64_of(bytes(record.mailbox.address().key)),
                    }
                },
            ),
        )
        await relay_of.deposit(record.mailbox.address(), speaking)
        await pair.therapist.sync()
        await pair.therapist.sync()
        assert (await pair.therapist.conversations())[0].waiting == 0


async def test_a_name_that_cannot_be_shown_is_replaced_when_joining(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        await pair.therapist.device.vault.db.write(
            [("UPDATE setting SET value = ? WHERE key = 'name'", ((b"Dr.\x1b[31m\n\x00",),))]
        )
        joined = await pair.client.join((await pair.therapist.invite(SAM)).link)
        assert joined.name == "Therapist"
