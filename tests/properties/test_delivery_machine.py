"""Two people with real vaults and a malicious relay, and devices that crash at any step.

Whatever happens: nothing is lost but what the relay destroyed, nothing is shown twice or out of
its author's order, nothing forged is accepted, and no key outlives its use.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from e2etherapy.messenger.messenger import Messenger
from tests.conftest import PROFILE
from tests.support.delivery_claims import OTHER, DeliveryClaims, file_of
from tests.support.hostile_batches import Lie
from tests.support.hostile_relay import Trouble
from tests.support.meddling import Meddling, meddle
from tests.support.two_people import (
    CALM,
    CLIENT,
    THERAPIST,
    Adversity,
    Template,
    TwoPeople,
    make_template,
)

Result = TypeVar("Result")
NAMES = {THERAPIST: ("Sam", "Sam again"), CLIENT: ("Ada", "Ada again")}
LONG = " again" * 5_000
"""More than one envelope holds."""
MOST_HOURS = 24 * 10
"""Less than an invitation's 14 days, so that none expires on the way."""

MEMORY = next((path for path in ("/dev/shm",) if Path(path).is_dir()), None)  # noqa: S108
"""A crash here is a copy of files, so that it need not cost a disk's time to flush."""

people = st.sampled_from([THERAPIST, CLIENT])
numbers = st.integers(0, 200_000)
deeds = st.tuples(st.sampled_from(Meddling), st.integers(0, 3), numbers)
troubles = st.tuples(st.integers(0, 3), st.sampled_from(Trouble))
crashes = st.one_of(st.integers(0, 12), st.integers(0, 40))
lies = st.sampled_from(Lie)
adversities = st.one_of(
    st.just(CALM),
    st.builds(Adversity, lie=lies),
    st.builds(Adversity, crash=crashes, lie=lies),
    st.builds(Adversity, trouble=troubles, crash=st.none()),
    st.builds(Adversity, trouble=st.none(), crash=crashes),
)


class Delivery(RuleBasedStateMachine):
    """Steps of two people, of their relay's operator, and of time."""

    def __init__(self, template: Template, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.runner = asyncio.Runner()
        self.world = self.run(TwoPeople.begin(template, folder))
        self.claims = DeliveryClaims(self.world)
        self.links: list[str] = []
        self.hours = 0
        self.count = 0
        self._invite(CALM)
        self._join(CALM)

    @initialize(answered=st.booleans(), again=st.booleans(), batches=st.booleans())
    def meet(self, answered: bool, again: bool, batches: bool) -> None:
        self.world.relay.knows_batches = batches
        if again:
            self._invite(CALM)
            self._join(CALM)
        if answered:
            self.both_sync()

    def run(self, step: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(step)

    def attempt(
        self, person: str, step: Callable[[Messenger], Awaitable[object]], adversity: Adversity
    ) -> None:
        self.run(self.world.attempt(person, step, adversity))

    def _invite(self, adversity: Adversity) -> None:
        async def invite(messenger: Messenger) -> None:
            invitation = await messenger.invite(NAMES[THERAPIST][len(self.links)])
            self.links.append(invitation.link)

        self.attempt(THERAPIST, invite, adversity)

    def _join(self, adversity: Adversity) -> None:
        async def join(messenger: Messenger) -> None:
            taken = len(await messenger.conversations())
            if taken < len(self.links):
                await messenger.join(self.links[taken], NAMES[CLIENT][taken])

        self.attempt(CLIENT, join, adversity)

    @precondition(lambda self: len(self.links) == 1)
    @rule(adversity=adversities)
    def invite_once_more(self, adversity: Adversity) -> None:
        self._invite(adversity)

    @precondition(lambda self: len(self.links) == 2)
    @rule(adversity=adversities)
    def join_once_more(self, adversity: Adversity) -> None:
        self._join(adversity)

    @rule(person=people, second=st.booleans(), adversity=adversities)
    def send_a_text(self, person: str, second: bool, adversity: Adversity) -> None:
        self._send(person, second, f"{self._next()}.", adversity)

    @rule(person=people, second=st.booleans(), more=st.integers(1, 3))
    def send_and_arrive(self, person: str, second: bool, more: int) -> None:
        for _ in range(more):
            self._send(person, second, f"{self._next()}.", CALM)
        self.both_sync()

    @rule(person=people, second=st.booleans(), adversity=adversities)
    def send_a_long_text(self, person: str, second: bool, adversity: Adversity) -> None:
        self._send(person, second, f"{self._next()}." + LONG, adversity)

    @rule(person=people, second=st.booleans(), adversity=adversities)
    def send_a_file(self, person: str, second: bool, adversity: Adversity) -> None:
        name = f"{self._next()}.letter.txt"
        self._send(person, second, name, adversity, as_file=True)

    @rule(person=people, adversity=adversities)
    def sync(self, person: str, adversity: Adversity) -> None:
        self.attempt(person, lambda messenger: messenger.sync(), adversity)

    @rule()
    def both_sync(self) -> None:
        for person in NAMES:
            self.attempt(person, lambda messenger: messenger.sync(), CALM)
        self.run(self.claims.nothing_whole_waits())

    @rule(person=people, second=st.booleans(), adversity=adversities)
    def mark_read(self, person: str, second: bool, adversity: Adversity) -> None:
        async def mark(messenger: Messenger) -> None:
            await messenger.set_read_marks(enabled=True)
            if await self._can_write(messenger, NAMES[person][second]):
                await messenger.mark_read(NAMES[person][second])

        self.attempt(person, mark, adversity)

    @rule(person=people)
    def restart(self, person: str) -> None:
        self.run(self.world.restart(person))

    @rule(
        reader=people,
        second=st.booleans(),
        count=st.integers(1, 4),
        long=st.booleans(),
        deeds=st.lists(deeds, max_size=4),
        adversity=adversities,
    )
    def deliver_what_was_meddled_with(
        self,
        reader: str,
        second: bool,
        count: int,
        long: bool,
        deeds: list[tuple[Meddling, int, int]],
        adversity: Adversity,
    ) -> None:
        for _ in range(count):
            self._send(OTHER[reader], second, f"{self._next()}." + LONG * long, CALM)
        for deed in deeds:
            self.operator_meddles(*deed)
        self.sync(reader, adversity)

    @rule(deed=st.sampled_from(Meddling), where=st.integers(0, 3), number=numbers)
    def operator_meddles(self, deed: Meddling, where: int, number: int) -> None:
        self.claims.destroyed.update(meddle(self.world.relay, deed, where, number))

    @rule(hours=st.integers(1, 12))
    def time_passes(self, hours: int) -> None:
        if self.hours + hours <= MOST_HOURS:
            self.hours += hours
            self.world.pass_time(hours)

    @invariant()
    def all_claims_hold(self) -> None:
        self.run(self.claims.hold_now())

    def teardown(self) -> None:
        try:
            self.run(self._drain())
            self.run(self.claims.hold_in_the_end())
        finally:
            self.run(self.world.end())
            self.runner.close()
            shutil.rmtree(self.folder)

    def _next(self) -> int:
        self.count += 1
        return self.count

    def _send(
        self, person: str, second: bool, words: str, adversity: Adversity, *, as_file: bool = False
    ) -> None:
        name = NAMES[person][second]

        async def send(messenger: Messenger) -> None:
            if not await self._can_write(messenger, name):
                return
            self.world.ledger.speaking = words
            if as_file:
                await messenger.send_file(name, (words, "text/plain", file_of(words)))
            else:
                await messenger.send(name, words)

        self.attempt(person, send, adversity)

    async def _can_write(self, messenger: Messenger, name: str) -> bool:
        lines = {line.name: line for line in await messenger.conversations()}
        return name in lines and lines[name].phase != "invited"

    async def _drain(self) -> None:
        """Let an honest relay deliver everything that it still has, receipts included."""
        for mailbox in self.world.relay.mailboxes.values():
            for entry in mailbox.entries:
                entry.withheld = False
        for hours in (0, 7, 7):
            self.world.pass_time(hours)
            for person in (*NAMES, *NAMES):
                assert await self.world.attempt(person, _sync_calmly, CALM) is None
            await self.claims.nothing_is_lost()
        for owner in self.world.owners.values():
            report = await owner.messenger.sync()
            assert (report.arrived, report.unsent) == ({}, 0)


async def _sync_calmly(messenger: Messenger) -> None:
    await messenger.sync()


def test_two_vaults_lose_nothing_to_a_malicious_relay_and_to_crashes() -> None:
    nightly = PROFILE == "nightly"
    # An example takes some 40 steps of its 50: 600 of them are more than 20,000 steps.
    profile = settings(
        max_examples=600 if nightly else 40, stateful_step_count=50 if nightly else 30
    )
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        template = asyncio.run(make_template(Path(folder) / "template"))

        class DeliveryHere(Delivery):
            def __init__(self) -> None:
                super().__init__(template, Path(folder) / "example")

        run_machine(DeliveryHere, settings=profile)
