"""An invitation that nobody used is shown again, or replaced, or said to be used: what is true."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from e2etherapy.errors import InvitationUnavailable, NameTaken, RelayUnreachable
from tests.support.cut_line import Line
from tests.support.devices import Two, record_of, two

SAM, OKAFOR = "Sam", "Dr. Okafor"


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
async def pair(tmp_path: Path, line: Line) -> AsyncIterator[Two]:
    async with two(tmp_path, met=False, therapist_connect=line.connect) as made:
        yield made


def at_relay(pair: Two, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(pair.relay.file)) as database, database:
        return database.execute(sql).fetchall()


async def rows(pair: Two, table: str) -> int:
    sql = f"SELECT count(*) FROM {table}"  # noqa: S608 - one of three words below
    found = await pair.therapist.device.vault.db.fetch_one(sql)
    assert found is not None
    return int(found[0])


async def test_an_invitation_that_nobody_used_is_shown_again(pair: Two, line: Line) -> None:
    made = await pair.therapist.invite(SAM)
    shown = replace(made, again=True)
    assert await pair.therapist.invite(SAM) == shown
    line.down = True
    assert await pair.therapist.invite(SAM) == shown, "also while the relay is away"


async def test_one_that_the_relay_has_lost_is_replaced_and_that_is_said(pair: Two) -> None:
    """As after a restore from a backup that is older than the invitation."""
    lost = await pair.therapist.invite(SAM)
    at_relay(pair, "DELETE FROM mailbox")
    at_relay(pair, "DELETE FROM invitation")
    made = await pair.therapist.invite(SAM)
    assert made.lost
    assert not lost.lost
    assert made.link != lost.link
    with pytest.raises(InvitationUnavailable):
        await pair.client.join(lost.link)
    await pair.client.join(made.link)
    await pair.therapist.sync()
    assert await pair.client.safety_phrase(OKAFOR) == await pair.therapist.safety_phrase(SAM)


async def test_one_that_was_used_meanwhile_is_not_shown_again(pair: Two) -> None:
    await pair.client.join((await pair.therapist.invite(SAM)).link)
    assert (await pair.therapist.conversations())[0].phase == "invited"
    for anew in (False, True):
        with pytest.raises(NameTaken):
            await pair.therapist.invite(SAM, anew=anew)
    assert (await pair.therapist.conversations())[0].phase == "ready"


async def test_another_one_can_be_made_instead_and_the_first_link_opens_nothing(pair: Two) -> None:
    """For a link that was sent to somebody else by mistake."""
    first = await pair.therapist.invite(SAM)
    mailbox = at_relay(pair, "SELECT id FROM mailbox")
    second = await pair.therapist.invite(SAM, anew=True)
    assert (second.link != first.link, second.lost, second.replaced) == (True, False, True)
    await pair.therapist.sync()
    assert at_relay(pair, "SELECT count(*) FROM mailbox") == [(1,)]
    assert at_relay(pair, "SELECT id FROM mailbox") != mailbox
    await pair.client.join(second.link)
    await pair.therapist.sync()
    assert [view.phase for view in await pair.therapist.conversations()] == ["ready"]


async def test_none_is_withdrawn_while_nobody_can_know_whether_it_was_used(
    pair: Two, line: Line
) -> None:
    made = await pair.therapist.invite(SAM)
    line.down = True
    with pytest.raises(RelayUnreachable, match="Nothing was changed"):
        await pair.therapist.invite(SAM, anew=True)
    line.mend()
    assert (await pair.therapist.invite(SAM)).link == made.link


async def test_one_that_never_reached_the_relay_is_replaced_without_asking(
    pair: Two, line: Line
) -> None:
    line.down = True
    for _ in range(2):
        with pytest.raises(RelayUnreachable, match="prepared"):
            await pair.therapist.invite(SAM, anew=True)
    line.mend()
    await pair.client.join((await pair.therapist.invite(SAM)).link)
    await pair.therapist.sync()
    assert at_relay(pair, "SELECT count(*) FROM mailbox") == [(2,)]


async def test_what_is_withdrawn_leaves_no_row_of_its_book(pair: Two) -> None:
    await pair.therapist.invite(SAM)
    await pair.therapist.journal_write("kept")
    counts = {table: await rows(pair, table) for table in ("journal", "book", "search")}
    for _ in range(3):
        await pair.therapist.invite(SAM, anew=True)
    assert {table: await rows(pair, table) for table in counts} == counts
    kept = {bytes((await record_of(pair.therapist, SAM)).book)}
    held = await pair.therapist.device.vault.db.fetch_all("SELECT id FROM book")
    assert {bytes(row[0]) for row in held} - {
        bytes(pair.therapist.device.vault.private_book)
    } == kept
    assert [entry.text for entry in await pair.therapist.journal()] == ["kept"]
    await pair.therapist.journal_verify()
