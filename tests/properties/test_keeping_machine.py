"""A therapist's vault on disk through any order of messages, holds, rules, erasing and clocks.

The pure claims are in `test_retention`; these are about what is really in the vault.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from e2etherapy.errors import ClockDisputed, LegalHold, MessengerError
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault.vault import Place
from tests.conftest import PROFILE
from tests.support.devices import two
from tests.support.homes import HandClock, Home
from tests.support.vault_pages import pages

Result = TypeVar("Result")
SAM = "Sam"
MEMORY = next((path for path in ("/dev/shm",) if Path(path).is_dir()), None)  # noqa: S108
rules = st.sampled_from(["until-erased", "1 day", "20 days", "1 year"])


class VaultKeeping(RuleBasedStateMachine):
    """What a therapist does with the record of one client; `alive` is what must be there."""

    def __init__(self, at: Home) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = at.clock
        self.at = at
        self.messenger: Messenger = self.run(at.open())
        self.names = itertools.count(1)
        self.alive: dict[str, int] = {}
        self.gone: set[str] = set()
        self.hidden: set[str] = set()
        self.held = False

    def run(self, step: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(step)

    @initialize(chosen=rules, held=st.booleans())
    def begin(self, chosen: str, held: bool) -> None:
        for _ in range(3):
            self.something_is_said(0)
        self.a_rule_is_set(chosen)
        if held:
            self.it_is_held_or_let_go()

    @rule(days=st.integers(0, 25))
    def something_is_said(self, days: int) -> None:
        self.clock.forward(days=days)
        text = f"marzipan{next(self.names):05}woods"
        self.run(self.messenger.send(SAM, text))
        self.alive[text] = self.run(self.messenger.entries(SAM, hidden=True))[-1].number

    @rule(days=st.integers(1, 40_000), ahead=st.booleans())
    def the_clock_jumps(self, days: int, ahead: bool) -> None:
        jumped = self.clock.now.year + (days // 365 + 1) * (1 if ahead else -1)
        if 1970 < jumped < 2200:
            self.clock.now += timedelta(days=days if ahead else -days)

    @rule(chosen=rules)
    def a_rule_is_set(self, chosen: str) -> None:
        self.run(self.messenger.set_retention(SAM, chosen))

    @rule()
    def it_is_held_or_let_go(self) -> None:
        step = self.messenger.lift_hold if self.held else self.messenger.place_hold
        self.run(step(SAM, "Letter of a court."))
        self.held = not self.held

    @rule(pick=st.integers(0, 99), hide=st.booleans())
    def one_is_hidden_or_shown(self, pick: int, hide: bool) -> None:
        if self.alive:
            text = sorted(self.alive)[pick % len(self.alive)]
            step = self.messenger.hide if hide else self.messenger.unhide
            self.run(step(SAM, [self.alive[text]]))
            (self.hidden.add if hide else self.hidden.discard)(text)

    @rule(pick=st.integers(0, 99))
    def one_is_erased(self, pick: int) -> None:
        if not self.alive:
            return
        text = sorted(self.alive)[pick % len(self.alive)]
        try:
            self.run(self.messenger.erase(SAM, [self.alive[text]], "Asked for."))
        except LegalHold:
            assert self.held
        else:
            assert not self.held
            self._is_gone({text})

    @rule(confirming=st.booleans())
    def what_is_due_is_erased(self, confirming: bool) -> None:
        (view,) = self.run(self.messenger.retention()).conversations
        today = self.clock.now.date() if confirming else None
        try:
            self.run(self.messenger.apply_retention([SAM], today))
        except LegalHold:
            assert self.held
        except (ClockDisputed, MessengerError):
            return
        else:
            assert not self.held
            assert view.due is not None
            self._is_gone(set(self.alive))

    def _is_gone(self, texts: set[str]) -> None:
        self.gone |= texts
        self.hidden -= texts
        for text in texts:
            del self.alive[text]

    @invariant()
    def what_was_not_erased_is_all_there_and_what_was_is_nowhere(self) -> None:
        thread = self.run(self.messenger.thread(SAM, hidden=True))
        shown = {view.text: view.hidden for view in thread if view.text.startswith("marzipan")}
        assert shown == {text: text in self.hidden for text in self.alive}
        found = self.run(self.messenger.search("marz", 200, hidden=True))
        assert {view.text for view in found} == set(self.alive)
        self.run(self.messenger.journal_verify())
        if self.gone:
            whole = b"\x00".join(pages(self.at))
            assert not [text for text in self.gone if text[8:].encode() in whole]

    def teardown(self) -> None:
        self.run(self.messenger.__aexit__())
        self.runner.close()
        shutil.rmtree(self.at.place.folder.parent)


async def _met(folder: Path) -> Home:
    async with two(folder) as pair:
        return pair.therapist_home


def test_what_is_held_stays_and_what_is_erased_is_gone_from_the_vault(tmp_path: Path) -> None:
    template = asyncio.run(_met(tmp_path / "template"))
    numbers = itertools.count()

    def copied() -> Home:
        folder = Path(tempfile.mkdtemp(prefix=f"keeping-{next(numbers)}-", dir=MEMORY))
        place = Place(folder / "vault", folder / "state")
        shutil.copytree(template.place.folder, place.folder)
        shutil.copytree(template.place.state_folder, place.state_folder)
        return Home(place, template.role, template.key, template.words, HandClock())

    class VaultKeepingHere(VaultKeeping):
        def __init__(self) -> None:
            super().__init__(copied())

    examples = settings(max_examples=100 if PROFILE == "nightly" else 20, stateful_step_count=30)
    run_machine(VaultKeepingHere, settings=examples)
