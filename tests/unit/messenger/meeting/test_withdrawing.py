"""An invitation that came to nothing leaves nothing at the relay that its therapist could close."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from e2etherapy.errors import (
    NameTaken,
    NotReady,
    RelayError,
    RelayProtocolError,
    RelayRefused,
    RelayUnreachable,
)
from e2etherapy.journal.record import EventName
from e2etherapy.primitives.passwords import Argon2Profile
from e2etherapy.vault import keyslots
from tests.support.cut_line import Line
from tests.support.devices import Two, record_of, two

SAM = "Sam"
SECRET = "umbrellas in may, nine of them"
ERRANDS = {"issue": 1, "create": 2, "put": 3}


class Refusing(Line):
    """A relay that refuses one request, or answers it with nonsense."""

    error: type[RelayError] = RelayRefused

    def fail(self) -> BaseException:
        return self.error("no")


@pytest.fixture
def line() -> Refusing:
    return Refusing()


@pytest.fixture
async def pair(tmp_path: Path, line: Refusing) -> AsyncIterator[Two]:
    async with two(tmp_path, met=False, therapist_connect=line.connect) as made:
        yield made


def mailboxes(pair: Two) -> set[bytes]:
    """Return the mailboxes that the relay holds."""
    with contextlib.closing(sqlite3.connect(pair.relay.file)) as database:
        return {row[0] for row in database.execute("SELECT id FROM mailbox")}


async def unsent(pair: Two) -> int:
    return (await pair.therapist.sync()).unsent


async def test_the_mailbox_of_an_invitation_that_nobody_used_is_closed(pair: Two) -> None:
    await pair.therapist.invite(SAM, days=1)
    old = mailboxes(pair)
    pair.clock.forward(days=2)
    await pair.therapist.invite(SAM)
    assert await unsent(pair) == 0
    kept = {bytes((await record_of(pair.therapist, SAM)).mailbox.owner_key.mailbox())}
    assert len(old) == 1
    assert mailboxes(pair) == kept
    assert kept.isdisjoint(old)


@pytest.mark.parametrize("after_effect", [False, True], ids=["not done", "done and denied"])
@pytest.mark.parametrize("call", ERRANDS.values(), ids=ERRANDS)
async def test_an_invitation_that_is_refused_leaves_no_mailbox(
    pair: Two, line: Refusing, call: int, after_effect: bool
) -> None:
    line.cut(call, after_effect=after_effect)
    with pytest.raises(RelayRefused):
        await pair.therapist.invite(SAM)
    line.mend()
    assert await unsent(pair) == 0
    assert mailboxes(pair) == set()
    await pair.meet()
    assert len(mailboxes(pair)) == 2


@pytest.mark.parametrize("after_effect", [False, True], ids=["never heard", "answer lost"])
async def test_a_mailbox_is_closed_once_more_until_the_relay_answers(
    pair: Two, line: Refusing, after_effect: bool
) -> None:
    await pair.therapist.invite(SAM, days=1)
    pair.clock.forward(days=2)
    await pair.therapist.invite(SAM)
    line.error = RelayUnreachable
    line.cut(1, after_effect=after_effect)
    with pytest.raises(RelayUnreachable):
        await pair.therapist.sync()
    line.mend()
    assert await unsent(pair) == 0
    assert len(mailboxes(pair)) == 1
    line.cut(0, after_effect=False)
    assert await unsent(pair) == 0
    assert line.calls == 1, "nothing but asking for news is left to do"


async def test_a_closing_that_meets_nonsense_is_said_and_holds_nothing_else_up(
    pair: Two, line: Refusing
) -> None:
    await pair.therapist.invite(SAM, days=1)
    pair.clock.forward(days=2)
    await pair.client.join((await pair.therapist.invite(SAM)).link)
    line.error = RelayProtocolError
    line.cut(1, after_effect=False)
    report = await pair.therapist.sync()
    assert (report.problem, report.unsent) == ("no", 0), "the end of a sync tries again"
    assert report.notices
    line.mend()
    assert await unsent(pair) == 0


async def test_an_invitation_is_not_withdrawn_while_its_use_cannot_be_known(
    pair: Two, line: Refusing
) -> None:
    """Another conversation's news must not hide that this one could not be asked for."""
    line.error = RelayUnreachable
    await pair.therapist.invite("Kim", days=1)
    await pair.client.join((await pair.therapist.invite(SAM, days=1)).link)
    relay = await pair.therapist.device.relay(pair.relay.url)
    await relay.deposit((await record_of(pair.therapist, "Kim")).mailbox.address(), bytes(16_384))
    pair.clock.forward(days=2)
    line.batches = False
    # Asked for news; fetched from Kim's mailbox.
    line.cut(2 + 1, after_effect=False)
    with pytest.raises(RelayUnreachable, match="cannot be known"):
        await pair.therapist.invite(SAM)
    line.mend()
    with pytest.raises(NameTaken):
        await pair.therapist.invite(SAM)
    assert await pair.client.safety_phrase("Dr. Okafor") == await pair.therapist.safety_phrase(SAM)


async def test_an_invitation_that_nobody_used_goes_with_its_mailbox(
    pair: Two,
) -> None:
    await pair.therapist.invite(SAM, days=1)
    pair.clock.forward(days=31)
    report = await pair.therapist.sync()
    assert report.notices == []
    assert len(await pair.therapist.conversations()) == 1, "an opening in time may still wait"
    pair.clock.forward(days=1)
    report = await pair.therapist.sync()
    assert [notice.event for notice in report.notices] == [EventName.INVITATION_UNUSED]
    assert report.unsent == 0
    assert mailboxes(pair) == set()
    assert await pair.therapist.conversations() == []


@pytest.mark.parametrize("held", [True, False], ids=["a hold", "a note"])
@pytest.mark.parametrize("anew", [True, False], ids=["made anew", "its time is over"])
async def test_what_was_written_about_somebody_stays_when_their_invitation_goes(
    pair: Two, monkeypatch: pytest.MonkeyPatch, *, held: bool, anew: bool
) -> None:
    monkeypatch.setattr(keyslots, "PASSPHRASE", Argon2Profile(1, 8, 1))
    therapist = pair.therapist
    await therapist.choose_notes_secret(SECRET)
    key = await therapist.unlock_notes(SECRET)
    await therapist.invite(SAM, days=1)
    if held:
        await therapist.place_hold(SAM, "Letter of a court.")
    else:
        await therapist.write_note(key, SAM, "They called in May.")
    entries = [view.text for view in await therapist.entries(SAM)]
    if not anew:
        pair.clock.forward(days=32)
        (notice,) = (await therapist.sync()).notices
        assert "what you keep on Sam stays" in notice.sentence
        assert mailboxes(pair) == set()
        assert [one.phase for one in await therapist.conversations()] == ["closed"]
        with pytest.raises(NotReady):
            await therapist.context(SAM)
        assert (await therapist.caseload()).engagement == ()
    await pair.client.join((await therapist.invite(SAM, anew=True)).link)
    assert (await therapist.sync()).unsent == 0
    assert [one.phase for one in await therapist.conversations()] == ["ready"]
    assert len(mailboxes(pair)) == 2
    await pair.client.send("Dr. Okafor", "hello")
    assert (await therapist.sync()).arrived == {SAM: 1}
    assert [view.text for view in await therapist.notes(key, SAM)] == (
        [] if held else ["They called in May."]
    )
    assert (await therapist.retention()).conversations[0].fate == ("held" if held else "kept")
    kept = [view.text for view in await therapist.entries(SAM)]
    assert kept[: len(entries) + 1] == [
        *entries,
        "Nobody used the invitation, and it was withdrawn.",
    ]
    await therapist.journal_verify()


async def test_it_stays_as_long_as_its_relay_cannot_say_whether_it_was_used(
    pair: Two, line: Refusing
) -> None:
    await pair.therapist.invite(SAM, days=1)
    pair.clock.forward(days=32)
    line.error = RelayUnreachable
    line.down = True
    with pytest.raises(RelayUnreachable):
        await pair.therapist.sync()
    assert len(await pair.therapist.conversations()) == 1
    line.mend()
    await pair.therapist.sync()
    assert mailboxes(pair) == set()


async def test_a_clock_that_is_wrong_once_ends_no_invitation(pair: Two) -> None:
    link = (await pair.therapist.invite(SAM, days=10)).link
    right = pair.therapist.device.clock
    pair.therapist.device.clock = lambda: right() + timedelta(days=60)
    assert (await pair.therapist.sync()).notices == []
    pair.therapist.device.clock = right
    await pair.client.join(link)
    await pair.therapist.sync()
    assert [one.phase for one in await pair.therapist.conversations()] == ["ready"]
