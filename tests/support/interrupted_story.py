"""Two people meet and talk, and each of their steps is cut off and begun again."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from e2etherapy.errors import RelayUnreachable
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.session.states import Established
from e2etherapy.vault.database import Database, Statement
from tests.support.cut_line import Ended, Line
from tests.support.devices import Two, record_of, texts, two
from tests.support.homes import Home

if TYPE_CHECKING:
    import pytest

SAM, OKAFOR = "Sam", "Dr. Okafor"


class Story:
    """A pair, and steps that each may be begun again after they were cut off."""

    def __init__(self, pair: Two) -> None:
        self.pair = pair
        self.link = ""

    async def invite(self) -> None:
        self.link = (await self.pair.therapist.invite(SAM)).link

    async def join(self) -> None:
        known = [line.name for line in await self.pair.client.conversations()]
        if OKAFOR not in known:
            await self.pair.client.join(self.link)
        await self.pair.client.sync()

    async def open_opening(self) -> None:
        await self.pair.therapist.sync()

    async def send(self) -> None:
        await say_once(self.pair.client, OKAFOR, "hello " + "x" * 20_000)
        await self.pair.client.sync()

    async def receive(self) -> None:
        await self.pair.therapist.sync()

    async def answer(self) -> None:
        await say_once(self.pair.therapist, SAM, "an answer")
        await self.pair.therapist.sync()

    async def receive_answer(self) -> None:
        await self.pair.client.sync()

    async def check(self) -> None:
        """Everything was said once, no one-time secret is left, and each mailbox was paid once."""
        transcripts = set()
        for messenger, name in ((self.pair.client, OKAFOR), (self.pair.therapist, SAM)):
            assert await texts(messenger, name) == ["hello " + "x" * 20_000, "an answer"]
            await messenger.journal_verify()
            (line,) = await messenger.conversations()
            assert (line.waiting, line.missing) == (0, 0)
            state = (await record_of(messenger, name)).state
            assert isinstance(state, Established)
            transcripts.add(state.transcript)
            db = messenger.device.vault.db
            assert await db.fetch_all("SELECT * FROM claim") == []
            assert await db.fetch_all("SELECT * FROM partial") == []
        assert len(transcripts) == 1
        assert books_of_the_relay(self.pair) == (98, 0, 2)
        assert (await self.pair.client.thread(OKAFOR))[0].state == "fetched"


def books_of_the_relay(pair: Two) -> tuple[int, int, int]:
    """Return what is left of the allowance of 100, and how many tickets and mailboxes there are."""
    with contextlib.closing(sqlite3.connect(pair.relay.file)) as database:
        ((left, tickets, mailboxes),) = database.execute(
            "SELECT (SELECT remaining FROM allowance), (SELECT count(*) FROM ticket),"
            " (SELECT count(*) FROM mailbox)"
        )
    return left, tickets, mailboxes


async def say_once(messenger: Messenger, name: str, words: str) -> None:
    """Write something unless it stands in the thread already, as its author would see."""
    if words not in await texts(messenger, name):
        await messenger.send(name, words)


STEPS = {
    "invite": "therapist",
    "join": "client",
    "open_opening": "therapist",
    "send": "client",
    "receive": "therapist",
    "answer": "therapist",
    "receive_answer": "client",
}
"""Whose step it is."""


@dataclass
class Scene:
    """A story in the course of one test."""

    story: Story
    lines: dict[str, Line]
    folder: Path

    async def cut_line(self, step: str, request: int, *, after_effect: bool) -> bool:
        """Cut one request of a step off; say whether it makes so many."""
        line = self.lines[STEPS[step]]
        line.cut(request, after_effect=after_effect)
        with contextlib.suppress(RelayUnreachable):
            await getattr(self.story, step)()
        line.mend()
        return line.calls >= request

    async def end_at_request(self, step: str, request: int, *, after_effect: bool) -> bool:
        """End the program at one request of a step; say whether it makes so many."""
        line = self.lines[STEPS[step]]
        line.snapshot = lambda: self._home(step).freeze(self.folder / step)
        line.cut(request, after_effect=after_effect)
        with contextlib.suppress(Ended):
            await getattr(self.story, step)()
        line.mend()
        return await self._come_back(step)

    async def end_at_transaction(
        self, step: str, number: int, moment: str, monkeypatch: pytest.MonkeyPatch
    ) -> bool:
        """End the program at one transaction of a step; say whether it makes so many."""
        ending = Ending(moment, number, lambda: self._home(step).freeze(self.folder / step))
        with monkeypatch.context() as patch:
            ending.install(patch)
            with contextlib.suppress(Ended):
                await getattr(self.story, step)()
        return await self._come_back(step)

    async def _come_back(self, step: str) -> bool:
        if not (self.folder / step).exists():
            return False
        await getattr(self.story.pair, STEPS[step]).__aexit__()
        self._home(step).thaw(self.folder / step)
        setattr(self.story.pair, STEPS[step], await self._home(step).open())
        return True

    def _home(self, step: str) -> Home:
        home = getattr(self.story.pair, f"{STEPS[step]}_home")
        assert isinstance(home, Home)
        return home


Cut = Callable[[Scene, str, int], Awaitable[bool]]


async def at_every_moment(folder: Path, cut: Cut) -> int:
    """Cut all steps off at their first moment, then at their second, …; return how many."""
    moment = 0
    reached = True
    while reached:
        moment += 1
        lines = {"therapist": Line(), "client": Line()}
        async with two(
            folder / str(moment),
            met=False,
            therapist_connect=lines["therapist"].connect,
            client_connect=lines["client"].connect,
        ) as pair:
            scene = Scene(Story(pair), lines, folder / str(moment))
            reached = False
            for step in STEPS:
                reached = await cut(scene, step, moment) or reached
                await getattr(scene.story, step)()
            await scene.story.check()
    return moment - 1


class Ending:
    """Ends the program at one moment of its transaction number `number`."""

    def __init__(self, moment: str, number: int, snapshot: Callable[[], object]) -> None:
        self._moment = moment
        self._remaining = number
        self._snapshot = snapshot
        self._write = Database.write
        self._empty_log = Database.empty_log

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand between the vault and its database."""
        ending = self

        async def write(db: Database, statements: Iterable[Statement]) -> None:
            ending._remaining -= 1
            ending._reach("before")
            await ending._write(db, ending._watched(list(statements)))
            ending._reach("after")

        async def empty_log(db: Database) -> None:
            ending._reach("committed")
            await ending._empty_log(db)

        patch.setattr(Database, "write", write)
        patch.setattr(Database, "empty_log", empty_log)

    def _watched(self, statements: list[Statement]) -> Iterable[Statement]:
        yield from statements[:-1]
        self._reach("within")
        yield statements[-1]

    def _reach(self, moment: str) -> None:
        if self._remaining < 0:
            raise Ended
        if self._remaining == 0 and moment == self._moment:
            self._remaining = -1
            self._snapshot()
            raise Ended
