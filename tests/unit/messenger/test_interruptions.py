"""Whatever is cut off, and wherever: nothing is lost, nothing happens twice.

Each test goes through every request to the relay, or every transaction of the vault, that the steps
of a story make: all steps are cut off at their first, in another story at their second, until no
step has a further one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from e2etherapy.errors import NameTaken, RelayUnreachable
from e2etherapy.journal.record import EventName
from tests.support.cut_line import Line
from tests.support.devices import texts, two
from tests.support.interrupted_story import OKAFOR, SAM, Scene, at_every_moment

FILE = ("f.bin", "application/octet-stream", b"\x05" * 30_000)


@pytest.mark.parametrize("after_effect", [False, True], ids=["never heard", "answer lost"])
async def test_a_line_that_is_cut_at_any_request_loses_nothing(
    tmp_path: Path, after_effect: bool
) -> None:
    async def cut(scene: Scene, step: str, moment: int) -> bool:
        return await scene.cut_line(step, moment, after_effect=after_effect)

    assert await at_every_moment(tmp_path, cut) >= 4


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
async def test_a_program_that_ends_at_any_request_loses_nothing(
    tmp_path: Path, after_effect: bool
) -> None:
    async def cut(scene: Scene, step: str, moment: int) -> bool:
        return await scene.end_at_request(step, moment, after_effect=after_effect)

    assert await at_every_moment(tmp_path, cut) >= 4


@pytest.mark.parametrize("when", ["within", "committed", "after"])
async def test_a_program_that_ends_at_any_transaction_loses_nothing(
    tmp_path: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(scene: Scene, step: str, moment: int) -> bool:
        return await scene.end_at_transaction(step, moment, when, monkeypatch)

    assert await at_every_moment(tmp_path, cut) >= 3


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
