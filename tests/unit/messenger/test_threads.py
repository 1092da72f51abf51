"""What a thread shows: each author's words in their order, and how much is missing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from e2etherapy.errors import MessengerError, NameTaken, WrongRole
from e2etherapy.journal.record import EventName
from e2etherapy.messenger import reading
from e2etherapy.wire.role import Role
from tests.support.devices import record_of, texts, two
from tests.support.meddler import Meddler

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.mark.parametrize("seed", range(4))
async def test_each_author_is_shown_in_their_order_however_the_relay_delivers(
    tmp_path: Path, seed: int
) -> None:
    meddler = Meddler()
    async with two(tmp_path, turns=2, therapist_connect=meddler.connect) as pair:
        chance = random.Random(seed)
        meddler.rearrange = lambda held: chance.sample(held, len(held))
        said = []
        for number in range(12):
            said.append(f"number {number}")
            await pair.client.send(OKAFOR, said[-1])
            if number % 4 == 3:
                await pair.therapist.sync()
                await pair.therapist.send(SAM, f"answer {number}")
        thread = await pair.therapist.thread(SAM)
        assert [m.text for m in thread if not m.own][1:] == said
        assert [m.text for m in thread if m.own][1:] == ["answer 3", "answer 7", "answer 11"]
        assert (await pair.therapist.conversations())[0].missing == 0
        await pair.client.sync()
        assert (await texts(pair.client, OKAFOR))[-1] == "answer 11"


async def test_what_is_missing_is_counted_until_it_arrives(tmp_path: Path) -> None:
    meddler = Meddler()
    async with two(tmp_path, turns=2, therapist_connect=meddler.connect) as pair:
        for number in range(5):
            await pair.client.send(OKAFOR, f"number {number}")
        meddler.rearrange = lambda held: held[3:4] if len(held) == 6 else []
        assert (await pair.therapist.sync()).arrived == {SAM: 1}
        (line,) = await pair.therapist.conversations()
        assert line.missing == 3
        meddler.rearrange = lambda held: held
        await pair.therapist.sync()
        (line,) = await pair.therapist.conversations()
        assert (line.missing, line.messages) == (0, 7)
        expected = [f"number {number}" for number in range(5)]
        assert (await texts(pair.therapist, SAM))[-5:] == expected


async def test_a_thread_shows_where_something_is_missing(tmp_path: Path) -> None:
    meddler = Meddler()
    async with two(tmp_path, turns=2, therapist_connect=meddler.connect) as pair:
        for number in range(6):
            await pair.client.send(OKAFOR, f"number {number}")
        # The first envelope is a receipt.
        meddler.rearrange = lambda held: [held[1], held[4], held[5]] if len(held) == 7 else []
        await pair.therapist.sync()
        thread = await pair.therapist.thread(SAM)
        shown = [(m.text, m.missing_before) for m in thread if not m.own][1:]
        assert shown == [("number 0", 1), ("number 3", 2), ("number 4", 0)]
        assert all(m.missing_before == 0 for m in thread if m.own)
        assert (await reading.standing(pair.therapist.device.vault, SAM)).missing_behind == 0
        meddler.rearrange = lambda held: held[:1]
        await pair.therapist.sync()
        thread = await pair.therapist.thread(SAM)
        assert sum(m.missing_before for m in thread) == 2, "a receipt arrived, and is no message"


async def test_what_is_missing_behind_the_last_message_belongs_to_none(tmp_path: Path) -> None:
    meddler = Meddler()
    async with two(tmp_path, turns=2, client_connect=meddler.connect) as pair:
        await pair.client.send(OKAFOR, "a question")
        await pair.therapist.sync()
        await pair.therapist.send(SAM, "an answer that is lost")
        pair.clock.forward(hours=7)
        await pair.client.send(OKAFOR, "another question")
        await pair.therapist.sync()
        pair.clock.forward(hours=7)
        await pair.therapist.sync()  # sends a receipt
        meddler.rearrange = lambda held: held[-1:]
        await pair.client.sync()
        assert all(m.missing_before == 0 for m in await pair.client.thread(OKAFOR))
        (line,) = await pair.client.conversations()
        assert line.missing >= 1
        standing = await reading.standing(pair.client.device.vault, OKAFOR)
        assert standing.missing_behind == line.missing


async def test_a_list_shows_counts_and_the_last_time(tmp_path: Path) -> None:
    async with two(tmp_path) as pair:
        (line,) = await pair.therapist.conversations()
        assert (line.messages, line.last, line.phase, line.role) == (
            0,
            None,
            "ready",
            Role.THERAPIST,
        )
        pair.clock.forward(days=2)
        await pair.client.send(OKAFOR, "hello")
        await pair.therapist.sync()
        (line,) = await pair.therapist.conversations()
        assert (line.messages, line.last) == (1, pair.clock())


async def test_an_invitation_is_shown_again_until_it_is_used_or_over(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        first = await pair.therapist.invite(SAM, days=3)
        assert (await pair.therapist.invite(" SAM ")).link == first.link
        pair.clock.forward(days=3)
        assert (await pair.therapist.invite(SAM)).link == first.link
        pair.clock.forward(days=1)
        anew = await pair.therapist.invite(SAM)
        assert anew.link != first.link
        await pair.client.join(anew.link)
        await pair.therapist.sync()
        with pytest.raises(NameTaken):
            await pair.therapist.invite(SAM)


async def test_an_opening_that_came_in_time_counts_after_the_last_day(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        await pair.client.join((await pair.therapist.invite(SAM, days=1)).link)
        pair.clock.forward(days=20)
        await pair.therapist.sync()
        assert (await pair.therapist.conversations())[0].phase == "ready"


async def test_inviting_anew_first_looks_whether_the_invitation_was_used(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        await pair.client.join((await pair.therapist.invite(SAM, days=1)).link)
        pair.clock.forward(days=20)
        with pytest.raises(NameTaken):
            await pair.therapist.invite(SAM)
        assert (await pair.therapist.conversations())[0].phase == "ready"


async def test_an_opening_long_after_the_last_day_is_told_of(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        await pair.client.join((await pair.therapist.invite(SAM, days=1)).link)
        pair.clock.forward(days=32)
        report = await pair.therapist.sync()
        assert [notice.event for notice in report.notices] == [
            EventName.INVITATION_EXPIRED,
            EventName.INVITATION_UNUSED,
        ]
        assert "after its last day" in report.notices[0].sentence
        assert "Nobody used" in report.notices[1].sentence
        assert await pair.therapist.conversations() == []


async def test_an_invitation_lasts_one_to_thirty_days(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        for days in (0, -1, 31, 10_000):
            with pytest.raises(MessengerError, match="1 to 30 days"):
                await pair.therapist.invite(SAM, days=days)
        for days in (1, 30):
            await pair.therapist.invite(f"for {days} days", days=days)


async def test_a_name_is_something_that_can_be_shown(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        for name in ("", "  ", "a\nb", "\x1b[31m", "n" * 201, "\udc80", "\u202e"):
            with pytest.raises(MessengerError, match="printable"):
                await pair.therapist.invite(name)
            with pytest.raises(MessengerError, match="printable"):
                await pair.client.join("e2etherapy://127.0.0.1:1/#" + "A" * 43, name)


async def test_the_way_in_which_a_name_is_typed_does_not_matter(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        await pair.therapist.invite("Zoë  Straße")
        for typed in ("zoe\u0308 strasse", "ZOË STRASSE", " Zoë Straße "):
            assert (await record_of(pair.therapist, typed)).name == "Zoë Straße"


async def test_each_role_has_its_steps(tmp_path: Path) -> None:
    async with two(tmp_path, met=False) as pair:
        with pytest.raises(WrongRole, match="join"):
            await pair.client.invite(SAM)
        with pytest.raises(WrongRole, match="invite"):
            await pair.therapist.join((await pair.therapist.invite(SAM)).link)


async def test_a_message_that_breaks_its_form_is_said_in_its_place(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        db = pair.client.device.vault.db
        first_text = "(SELECT min(journal) FROM item WHERE kind = 'text')"
        damage = f"UPDATE journal SET content = x'ff' WHERE id = {first_text}"  # noqa: S608
        await db.write([(damage, [()])])
        first, second = await pair.client.thread(OKAFOR)
        assert first.text.startswith("This message cannot be shown")
        assert (first.kind, first.own, first.file) == ("text", True, None)
        assert second.text == "turn 2"
