"""Whatever is cut off, and wherever: nothing is lost, nothing happens twice.

Each test goes through every request to the relay, or every transaction of the vault, that a step
makes; it stops when a step makes no further one.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path

import pytest

from e2etherapy.errors import NameTaken, RelayUnreachable
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.session.conversation import Established
from e2etherapy.vault.database import Database, Statement
from tests.support.devices import Ended, Line, Two, record_of, texts, two

SAM, OKAFOR = "Sam", "Dr. Okafor"
FILE = ("f.bin", "application/octet-stream", b"\x05" * 30_000)


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
        """Everything was said once, on both sides, and no one-time secret is left."""
        for messenger, name in ((self.pair.client, OKAFOR), (self.pair.therapist, SAM)):
            assert await texts(messenger, name) == ["hello " + "x" * 20_000, "an answer"]
            await messenger.journal_verify()
            (line,) = await messenger.conversations()
            assert (line.waiting, line.missing) == (0, 0)
            assert isinstance((await record_of(messenger, name)).state, Established)
            db = messenger.device.vault.db
            assert await db.fetch_all("SELECT * FROM claim") == []
            assert await db.fetch_all("SELECT * FROM partial") == []
        client = (await self.pair.client.thread(OKAFOR))[0]
        assert client.state == "fetched"
        phrase = await self.pair.client.safety_phrase(OKAFOR)
        assert phrase == await self.pair.therapist.safety_phrase(SAM)


async def say_once(messenger: Messenger, name: str, words: str) -> None:
    """Write something unless it stands in the thread already, as its author would see."""
    if words not in await texts(messenger, name):
        await messenger.send(name, words)


STEPS = ["invite", "join", "open_opening", "send", "receive", "answer", "receive_answer"]
WHO = {
    "invite": "therapist",
    "join": "client",
    "open_opening": "therapist",
    "send": "client",
    "receive": "therapist",
    "answer": "therapist",
    "receive_answer": "client",
}


@contextlib.asynccontextmanager
async def story(folder: Path) -> AsyncIterator[tuple[Story, dict[str, Line]]]:
    lines = {"therapist": Line(), "client": Line()}
    async with two(
        folder,
        met=False,
        therapist_connect=lines["therapist"].connect,
        client_connect=lines["client"].connect,
    ) as pair:
        yield Story(pair), lines


async def through(story: Story, steps: Iterable[str]) -> None:
    for step in steps:
        await getattr(story, step)()


@pytest.mark.parametrize("after_effect", [False, True], ids=["never heard", "answer lost"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_line_that_is_cut_at_any_request_loses_nothing(
    tmp_path: Path, step: str, after_effect: bool
) -> None:
    async def cut_off(current: Story, line: Line, call: int) -> bool:
        line.cut(call, after_effect=after_effect)
        with contextlib.suppress(RelayUnreachable):
            await getattr(current, step)()
        reached = line.calls >= call
        line.mend()
        return reached

    assert await at_every_moment(tmp_path, step, cut_off) >= 2


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_program_that_ends_at_any_request_loses_nothing(
    tmp_path: Path, step: str, after_effect: bool
) -> None:
    async def end(current: Story, line: Line, call: int) -> bool:
        survivor = tmp_path / f"survivor {call}"
        home = getattr(current.pair, f"{WHO[step]}_home")
        line.snapshot = lambda: shutil.copytree(home.place.folder, survivor)
        line.cut(call, after_effect=after_effect)
        with contextlib.suppress(Ended):
            await getattr(current, step)()
        line.mend()
        return await come_back(current, step, survivor)

    assert await at_every_moment(tmp_path, step, end) >= 2


@pytest.mark.parametrize("moment", ["before", "within", "committed", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_program_that_ends_at_any_transaction_loses_nothing(
    tmp_path: Path, step: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def end(current: Story, _line: Line, number: int) -> bool:
        survivor = tmp_path / f"survivor {number}"
        home = getattr(current.pair, f"{WHO[step]}_home")
        ending = Ending(moment, number, lambda: shutil.copytree(home.place.folder, survivor))
        with monkeypatch.context() as patch:
            ending.install(patch)
            with contextlib.suppress(Ended):
                await getattr(current, step)()
        return await come_back(current, step, survivor)

    assert await at_every_moment(tmp_path, step, end) >= 2


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


async def come_back(current: Story, step: str, survivor: Path) -> bool:
    """Go on from what was on disk when the program ended; say whether it did end."""
    if not survivor.exists():
        return False
    who = WHO[step]
    home = getattr(current.pair, f"{who}_home")
    await getattr(current.pair, who).__aexit__()
    home.restore_from(survivor)
    setattr(current.pair, who, await home.open())
    return True


async def at_every_moment(
    folder: Path, step: str, cut_off: Callable[[Story, Line, int], Awaitable[bool]]
) -> int:
    """Cut a step off at its first moment, its second, …; return how many there were."""
    moment = 0
    while True:
        moment += 1
        async with story(folder / str(moment)) as (current, lines):
            before = STEPS.index(step)
            await through(current, STEPS[:before])
            reached = await cut_off(current, lines[WHO[step]], moment)
            await through(current, STEPS[before:])
            await current.check()
        if not reached:
            return moment - 1


async def test_an_invitation_that_the_relay_does_not_take_leaves_the_name_free(
    tmp_path: Path,
) -> None:
    async with two(tmp_path, met=False) as pair:
        await pair.therapist.set_allowance("A" * 43)
        for _ in range(2):
            with pytest.raises(Exception, match="allowance"):
                await pair.therapist.invite(SAM)
        assert await pair.therapist.conversations() == []
        await pair.therapist.set_allowance(await pair.relay.allowance(3))
        await pair.meet()
        with pytest.raises(NameTaken):
            await pair.therapist.invite("  sam ")


async def test_a_join_without_a_relay_uses_nothing_up(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, met=False, client_connect=line.connect) as pair:
        link = (await pair.therapist.invite(SAM)).link
        line.down = True
        for _ in range(2):
            with pytest.raises(RelayUnreachable):
                await pair.client.join(link)
        assert await pair.client.conversations() == []
        line.mend()
        await pair.client.join(link)
        report = await pair.therapist.sync()
        assert [notice.event for notice in report.notices] == [EventName.CONVERSATION_ESTABLISHED]


async def test_a_name_that_is_taken_uses_the_invitation_not_up(tmp_path: Path) -> None:
    async with two(tmp_path) as pair:
        link = (await pair.therapist.invite("Sam again")).link
        for name in (None, "dr.  OKAFOR"):
            with pytest.raises(NameTaken, match="--as"):
                await pair.client.join(link, name)
        assert (await pair.client.join(link, "Dr. O, second")).name == "Dr. O, second"


async def test_what_was_said_while_the_relay_was_away_goes_out_in_order(tmp_path: Path) -> None:
    line = Line()
    async with two(tmp_path, turns=2, client_connect=line.connect) as pair:
        line.down = True
        said = [f"number {number}" for number in range(5)]
        for words in said:
            report = await pair.client.send(OKAFOR, words)
            assert report.problem is not None
        await pair.client.send_file(OKAFOR, FILE)
        with pytest.raises(RelayUnreachable):
            await pair.client.sync()
        line.mend()
        assert (await pair.client.sync()).unsent == 0
        await pair.therapist.sync()
        assert (await texts(pair.therapist, SAM))[-6:] == [*said, FILE[0]]


async def test_the_confirmation_of_a_claim_that_ended_by_itself_holds_nothing_up(
    tmp_path: Path,
) -> None:
    """The relay forgets an unconfirmed claim after a day; the device was away for longer."""
    line = Line()
    async with two(tmp_path, met=False, client_connect=line.connect) as pair:
        link = (await pair.therapist.invite(SAM)).link
        line.cut(4, after_effect=False)
        await pair.client.join(link)
        line.mend()
        assert (await pair.client.conversations())[0].waiting == 1
        pair.clock.forward(days=3)
        report = await pair.client.sync()
        assert (report.unsent, report.notices) == (0, [])
        assert (await pair.client.send(OKAFOR, "hello")).state == "stored"
