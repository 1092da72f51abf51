"""Drafts are kept, looked through in the order of the queue, and sent once or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from e2etherapy.cli.therapy.said import line, require_delivered, said
from e2etherapy.errors import (
    AnotherClient,
    InvalidText,
    MailboxGone,
    MessengerError,
    NotReady,
    RelayUnreachable,
    WrongRole,
)
from e2etherapy.errors.therapy import UnfilledTemplate
from e2etherapy.messenger.caseload.batching import Reply
from e2etherapy.messenger.messenger import Messenger
from tests.support.crash_points import Crash, CrashingDatabase, CrashPoints
from tests.support.cut_line import Line
from tests.support.devices import Two, agree, texts, two

SAM, KIM, OKAFOR = "Sam", "Kim", "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Two]:
    async with two(tmp_path, turns=2) as made:
        yield made


async def join_as(pair: Two, name: str) -> None:
    """Let the client's device be that of a second client too."""
    link = (await pair.therapist.invite(name)).link
    await pair.client.join(link, f"{OKAFOR} as {name}")
    await pair.therapist.sync()


async def sent(messenger: Messenger, within: int = 0, yes_to: tuple[str, ...] = ()) -> list[Reply]:
    reviewed = await messenger.review_batch()
    await messenger.require_sendable(reviewed, yes_to)
    return [reply async for reply in messenger.send_batch(reviewed, within)]


async def drafted(messenger: Messenger) -> list[tuple[str, str]]:
    return [(one.name, one.text) for one in await messenger.drafts()]


async def test_a_conversation_has_one_draft_that_outlives_the_program(pair: Two) -> None:
    await pair.therapist.draft(SAM, "first")
    await pair.therapist.draft("sam", "second")
    await pair.therapist.__aexit__()
    pair.therapist = await pair.therapist_home.open()
    assert await drafted(pair.therapist) == [(SAM, "second")]
    assert await pair.therapist.drop_draft("SAM") == SAM
    assert await drafted(pair.therapist) == []
    with pytest.raises(MessengerError, match="Nothing was changed"):
        await pair.therapist.drop_draft(SAM)


async def test_what_could_not_be_sent_replaces_no_draft(pair: Two) -> None:
    await pair.therapist.draft(SAM, "kept")
    with pytest.raises(InvalidText, match="Nothing was changed"):
        await pair.therapist.draft(SAM, "  ")
    await pair.therapist.invite("Lee")
    with pytest.raises(NotReady):
        await pair.therapist.draft("Lee", "too early")
    with pytest.raises(WrongRole):
        await pair.client.draft(OKAFOR, "a client's")
    assert await drafted(pair.therapist) == [(SAM, "kept")]


async def test_drafts_are_reviewed_flagged_first_then_due_then_without_any(pair: Two) -> None:
    await join_as(pair, KIM)
    await join_as(pair, "Lee")
    await agree(pair)
    await pair.client.send(OKAFOR, "this one is due")
    await pair.client.ask_sooner(f"{OKAFOR} as {KIM}")
    await pair.therapist.sync()
    for name in ("Lee", SAM, KIM):
        await pair.therapist.draft(name, f"Hello,\nthis is for you only: {'x' * 80}")
    reviewed = await pair.therapist.review_batch()
    assert [one.name for one in reviewed.reviews] == [KIM, SAM, "Lee"]
    assert reviewed.flagged == {KIM}
    assert [one.due is not None for one in reviewed.reviews] == [False, True, False]
    assert reviewed.reviews[0].first_words.startswith("Hello, this is for you only")
    assert [reply.name for reply in await sent(pair.therapist)] == [KIM, SAM, "Lee"]


async def test_a_batch_is_sent_once_and_leaves_no_draft(pair: Two) -> None:
    await join_as(pair, KIM)
    await pair.therapist.draft(SAM, "for the first")
    await pair.therapist.draft(KIM, "for the second")
    replies = await sent(pair.therapist)
    assert [reply.sent.state for reply in replies if reply.sent] == ["stored", "stored"]
    assert await drafted(pair.therapist) == []
    assert await sent(pair.therapist) == []
    await pair.client.sync()
    assert (await texts(pair.client, OKAFOR))[-1] == "for the first"
    assert (await texts(pair.client, f"{OKAFOR} as {KIM}"))[-1] == "for the second"


async def test_without_a_relay_a_batch_waits_as_messages_and_not_as_drafts(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, turns=2, therapist_connect=line.connect) as pair:
        await join_as(pair, KIM)
        for name in (SAM, KIM):
            await pair.therapist.draft(name, f"for {name}")
        line.down = True
        replies = await sent(pair.therapist, yes_to=(SAM, KIM))
        assert [reply.sent.state for reply in replies if reply.sent] == ["on_device"] * 2
        assert all(reply.sent and reply.sent.problem for reply in replies)
        assert await drafted(pair.therapist) == []
        line.down = False
        await pair.therapist.sync()
        await pair.client.sync()
        assert (await texts(pair.client, OKAFOR))[-1] == f"for {SAM}"


async def test_a_reply_that_reaches_nobody_says_so_and_holds_up_no_other(pair: Two) -> None:
    await join_as(pair, KIM)
    await pair.client.leave(f"{OKAFOR} as {KIM}")
    for name in (KIM, SAM):
        await pair.therapist.draft(name, f"for {name}")
    lost, stored = [
        said(reply.name, reply.sent) for reply in await sent(pair.therapist) if reply.sent
    ]
    assert (lost.name, lost.state, lost.reaches_nobody) == (KIM, "on_device", True)
    assert (stored.name, stored.state, stored.reaches_nobody) == (SAM, "stored", False)
    assert line(lost).startswith("Kim: not delivered, and it never will be. The relay does not")
    with pytest.raises(MailboxGone, match=r"^What was written to Kim reaches nobody\.$"):
        require_delivered([lost, stored])
    waits = msgspec.structs.replace(stored, state="on_device", problem="The relay is away.")
    with pytest.raises(RelayUnreachable, match=r"^The relay is away\. What you wrote is safe"):
        require_delivered([lost, waits])


async def test_a_draft_that_was_changed_after_the_review_stays(pair: Two) -> None:
    await pair.therapist.draft(SAM, "looked through")
    reviewed = await pair.therapist.review_batch()
    await pair.therapist.draft(SAM, "and written anew")
    (reply,) = [reply async for reply in pair.therapist.send_batch(reviewed)]
    assert reply == Reply(SAM, None)
    assert await drafted(pair.therapist) == [(SAM, "and written anew")]
    assert "looked through" not in await texts(pair.therapist, SAM)


async def test_those_to_whom_nothing_can_be_sent_are_named_and_hold_up_no_other(pair: Two) -> None:
    for name in (KIM, "Lee", "Ada"):
        await join_as(pair, name)
    for name in (SAM, KIM, "Lee", "Ada"):
        await pair.therapist.draft(name, "as {planned}" if name == KIM else "hello")
    await pair.therapist.record_verification("Lee", matched=False)
    await pair.client.end_therapy(f"{OKAFOR} as {KIM}", "Thank you.")
    await pair.therapist.sync()
    reviewed = await pair.therapist.review_batch()
    assert set(reviewed.left_out) == {KIM, "Lee"}
    await pair.therapist.require_sendable(reviewed)
    # The therapy of one more ends after the review.
    await pair.therapist.end_therapy("Ada", "Farewell.")
    replies = {one.name: one async for one in pair.therapist.send_batch(reviewed)}
    assert {name for name, one in replies.items() if one.sent} == {SAM}
    for name in (KIM, "Ada"):
        assert "The therapy has ended." in replies[name].reason
        assert f"batch drop {name}'" in replies[name].reason
    assert "verify Lee" in replies["Lee"].reason
    assert {name for name, _ in await drafted(pair.therapist)} == {KIM, "Lee", "Ada"}
    await pair.therapist.drop_draft(KIM)
    assert set((await pair.therapist.review_batch()).left_out) == {"Lee", "Ada"}


async def test_a_placeholder_that_nobody_filled_is_never_sent(pair: Two) -> None:
    view = await pair.therapist.draft(SAM, "I answer by {day}.")
    assert view.unfilled == ("day",)
    with pytest.raises(UnfilledTemplate, match="Nothing was sent"):
        await sent(pair.therapist)
    assert await drafted(pair.therapist) == [(SAM, "I answer by {day}.")]


async def test_a_template_is_filled_with_the_name_and_the_words_for_the_rest(pair: Two) -> None:
    await pair.therapist.add_template("Later", "Dear {name}, I answer by {day}. {{really}}")
    assert [kept.name for kept in await pair.therapist.templates()] == ["Later"]
    view = await pair.therapist.draft_from("sam", "later", {"day": "Tuesday"})
    assert view.text == "Dear Sam, I answer by Tuesday. {really}"
    with pytest.raises(UnfilledTemplate, match="Nothing was changed"):
        await pair.therapist.draft_from(SAM, "later", {})
    with pytest.raises(MessengerError, match="Nothing was changed"):
        await pair.therapist.add_template("LATER", "again")
    assert (await pair.therapist.remove_template("later")).name == "Later"
    with pytest.raises(MessengerError, match="no template"):
        await pair.therapist.draft_from(SAM, "later", {"day": "Tuesday"})
    assert await drafted(pair.therapist) == [(SAM, view.text)]


async def test_replies_that_are_spread_leave_in_their_moments(pair: Two) -> None:
    """Between them, other processes may use the vault."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        other = await pair.therapist_home.open()
        await other.__aexit__()
        pair.clock.now += timedelta(seconds=seconds)

    for name in (KIM, "Lee", "Ada"):
        await join_as(pair, name)
    for name in (SAM, KIM, "Lee", "Ada"):
        await pair.therapist.draft(name, f"words without a person in them, {len(name)}")
    pair.therapist.device.sleep = sleep
    begun = pair.clock.now
    replies = await sent(pair.therapist, within=1_800)
    assert len(replies) == 4
    assert waited
    assert pair.clock.now - begun <= timedelta(seconds=1_800)
    assert await drafted(pair.therapist) == []


async def test_a_batch_that_dies_anywhere_loses_no_draft_and_sends_none_twice(
    tmp_path: Path,
) -> None:
    """At each moment, each text is either a draft or a message, and never both or neither."""
    moments = 0
    while True:
        folder = tmp_path / str(moments)
        async with two(folder, turns=2) as pair:
            await join_as(pair, KIM)
            wanted = {SAM: "for the first", KIM: "for the second"}
            for name, text in wanted.items():
                await pair.therapist.draft(name, text)
            reviewed = await pair.therapist.review_batch()
            place = pair.therapist_home.place.folder
            points = CrashPoints(place, folder / "survivor")
            vault = pair.therapist.device.vault
            vault._db = CrashingDatabase(vault.db, points, lambda _: None)
            points.arm(moments)
            try:
                [reply async for reply in pair.therapist.send_batch(reviewed)]
            except Crash:
                points.arm(None)
            if points.crashed:
                await pair.therapist.__aexit__()
                pair.therapist_home.restore_from(folder / "survivor")
                pair.therapist = await pair.therapist_home.open()
            kept = dict(await drafted(pair.therapist))
            for name, text in wanted.items():
                count = (await texts(pair.therapist, name)).count(text)
                assert (name in kept, count) in {(True, 0), (False, 1)}, (moments, name)
            if not points.crashed:
                break
        moments += 1
    assert moments > 8


async def test_what_points_to_somebody_else_is_not_sent_before_it_is_named(pair: Two) -> None:
    await join_as(pair, KIM)
    await pair.therapist.draft(SAM, "Dear Kim, thank you.")
    with pytest.raises(AnotherClient, match="Nothing was sent"):
        await sent(pair.therapist)
    with pytest.raises(MessengerError, match="no draft for Kim"):
        await sent(pair.therapist, yes_to=(KIM,))
    assert len(await sent(pair.therapist, yes_to=("sam",))) == 1
