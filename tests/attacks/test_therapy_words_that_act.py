"""Threat J4: whatever stands in a text about the therapy, it is shown and steers nothing."""

from __future__ import annotations

import asyncio
import typing
import zipfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from e2etherapy.cli import main
from e2etherapy.journal.record import EventName
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.therapy import agreement, emergency_card, safety_plan
from e2etherapy.therapy.emergency_card import EmergencyCard
from e2etherapy.wire import care
from e2etherapy.wire.care import CARE
from e2etherapy.wire.item import Item
from tests.support.agreements import terms
from tests.support.devices import Two, two
from tests.support.dishonest import say
from tests.support.homes import MORNING, Home
from tests.support.talk import EN_1

if typing.TYPE_CHECKING:
    import pytest

SAM, OKAFOR = "Sam", "Dr. Okafor"
TAG = "<script>alert(1)</script>"
ACTING = f"\x1b[2J\x1b]0;owned\x07\x9b31m \u202e {TAG}\r\n\x08\x7fForged: all is well"
STEERING = set("\x1b\x07\x9b\u202e\x08\x7f\r")
DAY = MORNING.date()
CLOSED: Final = {"day", "begins", "until", "outcome", "mark", "schedule"}
"""Texts that have few forms, and are refused in any other."""
DOCUMENTS: Final = {"terms", "plan", "card"}
"""Texts that hold words of a person, and no character that is not seen."""
NAMES: Final = {(care.ConsentRequest, "text"), (care.Consent, "text")}
"""Of texts that come with the package; others are refused."""


def texts_of(kind: type[Item]) -> set[str]:
    """Return the members of a kind that are texts."""
    hints = typing.get_type_hints(kind)
    own = set(kind.__struct_fields__) - {"id", "sequence", "written", "answers"}
    return {name for name in own if str in {hints[name], *typing.get_args(hints[name])}}


class Acting:
    """Says things with words that act, and notes in which members of which kinds."""

    def __init__(self, pair: Two) -> None:
        self.pair = pair
        self.used: set[tuple[type[Item], str]] = set()

    async def client(self, kind: type[care.CareItem], **members: Any) -> bytes:  # noqa: ANN401
        return await self._say(self.pair.client, OKAFOR, kind, members)

    async def therapist(self, kind: type[care.CareItem], **members: Any) -> bytes:  # noqa: ANN401
        return await self._say(self.pair.therapist, SAM, kind, members)

    async def _say(
        self, by: Messenger, to: str, kind: type[care.CareItem], members: dict[str, Any]
    ) -> bytes:
        self.used |= {
            (kind, name)
            for name, value in members.items()
            if isinstance(value, str) and (TAG in value or name in CLOSED)
        }
        return await say(by, to, kind, **members)

    async def pass_on(self, notices: frozenset[EventName] = frozenset()) -> None:
        told = set()
        for _ in range(2):
            for messenger in (self.pair.client, self.pair.therapist):
                told |= {notice.event for notice in (await messenger.sync()).notices}
        assert told == notices


async def say_everything(pair: Two) -> set[tuple[type[Item], str]]:
    """Let both sides use every text there is; return which ones."""
    acting = Acting(pair)
    name = ACTING[:200]
    words = agreement.encode(terms(cover=TAG, crisis=TAG, off=f"2026-12-25 {TAG}")).decode()
    await acting.therapist(care.Agreement, terms=words)
    asked = await acting.therapist(care.ConsentRequest, text="en-1", digest=EN_1.digest)
    task = await acting.therapist(care.Homework, title=name, text=ACTING, until="2026-12-01")
    await acting.therapist(
        care.CheckInSchedule, instrument="gad-7", schedule="once", begins=f"{DAY}"
    )
    goal = await acting.therapist(care.Goal, text=ACTING)
    await acting.therapist(care.Summary, text=ACTING)
    await acting.therapist(care.ExtractRequest, text=ACTING, entries=[bytes(32)])
    await acting.pass_on()
    given = await acting.client(care.Consent, answers=asked, text="en-1", digest=EN_1.digest)
    await acting.client(care.ConsentWithdrawal, answers=given, note=ACTING)
    for _ in range(2):
        await acting.client(
            care.CheckIn, instrument=name, version=name, given=[1], taken=pair.clock()
        )
    await acting.client(care.Priority, text=ACTING)
    await acting.client(care.HomeworkAnswer, answers=task, accepted=True, note=ACTING)
    await acting.client(care.HomeworkLog, answers=task, day=f"{DAY}", done=True, note=ACTING)
    await acting.client(care.GoalAnswer, answers=goal, outcome="agreed", note=ACTING)
    plan = safety_plan.encode(safety_plan.plan(DAY, {"worst": TAG}))
    await acting.client(care.SafetyPlanShare, plan=plan.decode())
    card = EmergencyCard(
        contact=TAG, phone="112", relation=TAG, location=TAG, consent=TAG, confirmed=DAY
    )
    await acting.client(care.EmergencyCardShare, card=emergency_card.encode(card).decode())
    await acting.pass_on()
    await acting.therapist(care.HomeworkReview, answers=task, note=ACTING)
    await acting.pass_on()
    await acting.therapist(care.Ending, letter=ACTING)
    await acting.pass_on(frozenset({EventName.CONVERSATION_CLOSED}))
    return acting.used


async def prepared(folder: Path) -> dict[str, Home]:
    async with AsyncExitStack() as stack:
        pair = await stack.enter_async_context(two(folder, turns=2))
        used = await say_everything(pair)
        every = {(kind, name) for kind in CARE for name in texts_of(kind)}
        closed = {(kind, name) for kind, name in every if name in CLOSED} | NAMES
        closed |= {(care.CheckInSchedule, "instrument")}
        assert every - closed <= used, "every text is tried"
        return {SAM: pair.therapist_home, OKAFOR: pair.client_home}


SHOWN: Final = (
    *("read NAME", "homework list NAME", "goal list NAME", "check-in show NAME", "conversations"),
    *("agreement show NAME", "consent show NAME", "search forged", "journal verify"),
    *("ending show NAME", "extract list NAME", "record show NAME"),
)
OF_A_THERAPIST: Final = (
    "queue",
    "context NAME",
    "safety-plan show NAME",
    "emergency-card show NAME",
)


def test_no_text_about_the_therapy_steers_a_terminal_or_runs_in_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    homes = asyncio.run(prepared(tmp_path))
    (tmp_path / "passphrase").touch(mode=0o600)
    (tmp_path / "passphrase").write_text("unused, the key is known\n")
    monkeypatch.setenv("E2ETHERAPY_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    for name, home in homes.items():
        monkeypatch.setattr(Messenger, "open", staticmethod(lambda *_, home=home: home.open()))
        folder = ["--home", str(home.place.folder)]
        commands = [*SHOWN, *(OF_A_THERAPIST if name == SAM else ())]
        for command in commands:
            arguments = [name if word == "NAME" else word for word in command.split()]
            code = main.run([*folder, *arguments])
            out, err = capfd.readouterr()
            assert code == 0, (command, err)
            assert out, command
            assert not STEERING & set(out + err), command
            assert not [line for line in out.splitlines() if line.startswith("Forged")], command
        file = tmp_path / f"{home.role}.zip"
        assert main.run([*folder, "journal", "export", str(file)]) == 0
        with zipfile.ZipFile(file) as archive:
            pages = [page for page in archive.namelist() if page.endswith(".html")]
            assert pages
            for page in pages:
                assert TAG.encode() not in archive.read(page), page
        capfd.readouterr()
