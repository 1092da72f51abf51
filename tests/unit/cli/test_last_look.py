"""Before a therapy is ended, what the other side wrote last is here, if a relay can be reached."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from e2etherapy.cli.invocation import Invocation
from e2etherapy.cli.therapy import last_look
from e2etherapy.errors import MessengerError, NotReady
from tests.support.cut_line import Line
from tests.support.devices import two

SAM, OKAFOR = "Sam", "Dr. Okafor"
READ = "You have not read 1 message from Sam ('e2etherapy read Sam')."


async def test_what_has_just_come_is_told_and_stops_whoever_would_not_be_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with two(tmp_path, turns=2) as pair:
        await pair.therapist.mark_read(SAM)
        await pair.client.send(OKAFOR, "There is something that I have not said.")
        look = await last_look.taken(Invocation(), pair.therapist, SAM)
        assert (look.arrived, READ in capsys.readouterr().err) == (1, True)
        with pytest.raises(MessengerError, match=r"^You have not read 1 message .* Once more\.$"):
            look.require_nothing_arrived("Once more.")
        again = await last_look.taken(Invocation(), pair.therapist, SAM)
        assert (again.arrived, READ in capsys.readouterr().err) == (0, True)
        again.require_nothing_arrived("Once more.")
        await last_look.taken(Invocation(json=True), pair.therapist, SAM)
        assert capsys.readouterr().err == ""


async def test_an_end_by_the_other_side_is_seen_before_anything_is_written(tmp_path: Path) -> None:
    async with two(tmp_path, turns=2) as pair:
        await pair.client.end_therapy(OKAFOR, "Farewell.")
        await pair.therapist.require_endable(SAM)
        await last_look.taken(Invocation(), pair.therapist, SAM)
        with pytest.raises(NotReady, match="has ended"):
            await pair.therapist.require_endable(SAM)


async def test_a_relay_that_is_away_or_slow_keeps_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    async with two(tmp_path, turns=2, therapist_connect=line.connect) as pair:
        await pair.therapist.mark_read(SAM)
        line.down = True
        look = await last_look.taken(Invocation(), pair.therapist, SAM)
        look.require_nothing_arrived("Once more.")
        assert "What Sam has written lately may not be on this device." in capsys.readouterr().err
        line.mend()
        await pair.client.send(OKAFOR, "There is something that I have not said.")
        monkeypatch.setattr(last_look, "SECONDS", 0)
        assert (await last_look.taken(Invocation(), pair.therapist, SAM)).arrived == 0
        assert "The relay takes too long to answer." in capsys.readouterr().err
        await asyncio.sleep(0)
        assert (await pair.therapist.sync()).arrived == {SAM: 1}
