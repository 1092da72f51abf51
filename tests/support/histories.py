"""Clients that do what they like at one or more relays, and write down what they were answered.

Everything goes over HTTP. What a client loses the answer of is a maybe: it cuts the connection now
and then, and the relay may be killed. The times are those of this process's monotonic clock, taken
before a request is written and after its answer is read.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import (
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    BatchedOperation,
    unpack_results,
)
from e2etherapy.mailbox.capabilities import ClaimToken, OwnedMailbox, Ticket
from e2etherapy.wire.locator import Locator
from tests.support import relay_model as model
from tests.support.linearizability import MAYBE, NEVER, Operation, stuck
from tests.support.lines import BUSY, Line
from tests.support.relays import (
    Request,
    acknowledgement,
    batch_request,
    collection,
    creation,
    deposit,
    draw,
    envelope,
    named,
    shown,
)

C = TypeVar("C")
_TIMES_LOST = 0.02


@dataclass
class Record(Generic[C]):
    """What happened to one object."""

    operations: list[Operation[C]] = field(default_factory=list)

    def add(self, invoked: float, calls: Sequence[C], answers: Sequence[object] | None) -> None:
        """Write down calls that were made together, with their answers unless those were lost."""
        now = time.monotonic()
        for call, answer in zip(calls, answers or [MAYBE] * len(calls), strict=True):
            lost = answer is MAYBE or answer == BUSY
            self.operations.append(
                Operation(invoked, NEVER, call, MAYBE)
                if lost
                else Operation(invoked, now, call, answer)
            )


@dataclass
class HouseholdKeys:
    """Two mailboxes, and the tickets that may pay for either of them."""

    tickets: list[Ticket]
    boxes: list[OwnedMailbox] = field(
        default_factory=lambda: [OwnedMailbox.generate(draw) for _ in range(2)]
    )
    record: Record[model.HouseholdCall] = field(default_factory=Record)
    texts: dict[bytes, str] = field(default_factory=dict)
    """What the envelopes are called that were ever deposited."""

    def beginning(self) -> model.Household:
        return model.Household((None,) * len(self.boxes), frozenset(range(len(self.tickets))))

    def stuck(self) -> list[Operation[model.HouseholdCall]] | None:
        history = self.record.operations
        return stuck(history, self.beginning(), model.household_that_ends_in(history))

    def content(self, text: str) -> bytes:
        made = envelope(text)
        self.texts[made] = text
        return made

    def page(self, body: bytes) -> model.Answer:
        return tuple((item.position, self.texts[item.envelope]) for item in api.unpack_page(body))

    def request(self, call: model.HouseholdCall) -> Request:
        box = self.boxes[call.box]
        match call:
            case model.Create():
                return creation(box, self.tickets[call.ticket])
            case model.Close():
                path = named("mailboxes", box.owner_key.mailbox())
                return Request("DELETE", path, shown(api.OWNER, box.owner_key))
            case model.Deposit():
                return deposit(box, self.content(call.content))
            case model.Collect():
                return collection(box, call.after, call.limit)
            case model.Acknowledge():
                return acknowledgement(box, call.through)

    def batched(self, call: model.HouseholdCall) -> BatchedOperation | None:
        """Return the call as a part of a batch, if there is such a part."""
        box = self.boxes[call.box]
        match call:
            case model.Deposit():
                mailbox, content = box.owner_key.mailbox(), self.content(call.content)
                return BatchedDeposit(box.deposit_key, mailbox, content)
            case model.Collect():
                return BatchedCollection(box.owner_key, call.after, call.limit)
            case model.Acknowledge():
                return BatchedAcknowledgement(box.owner_key, call.through)
        return None


@dataclass
class Resident:
    """One client of a household."""

    name: str
    keys: HouseholdKeys
    line: Line
    chance: random.Random
    newest: int = 0
    """The highest position that this client has seen in either mailbox."""

    async def live(self, calls: int) -> None:
        """Make some calls, unless nobody is there any more."""
        for number in range(calls):
            if self.line.is_refused:
                return
            if self.chance.random() < 0.2:
                some = [self._call(f"{number}.{part}") for part in range(self.chance.randint(2, 3))]
                await self._batch([call for call in some if self.keys.batched(call)])
            else:
                await self._single(self._call(f"{number}"))

    async def look(self, box: int) -> None:
        """Collect everything, without losing the answer."""
        await self._single(model.Collect(box, 0, 64), losses=0)

    def _call(self, number: str) -> model.HouseholdCall:
        box = min(self.chance.randrange(4), 1)
        ticket = self.chance.randrange(len(self.keys.tickets))
        fresh = f"{self.name} {number}"
        known = self.chance.choice([*list(self.keys.texts.values())[-3:], fresh])
        after = self.chance.choice([0, self.newest])
        through = max(0, self.newest - self.chance.randrange(2))
        kinds: list[tuple[int, model.HouseholdCall]] = [
            (5, model.Create(box, ticket)),
            (1, model.Close(box)),
            (8, model.Deposit(box, fresh)),
            (2, model.Deposit(box, known)),
            (6, model.Collect(box, after, self.chance.choice([2, 20]))),
            (3, model.Acknowledge(box, through)),
        ]
        return _weighted(self.chance, kinds)

    async def _single(self, call: model.HouseholdCall, losses: float = _TIMES_LOST) -> None:
        invoked, request = time.monotonic(), self.keys.request(call)
        lost = self.chance.random() < losses
        answer = await self.line.ask(request, lose_the_answer=lost)
        if self.line.is_refused:
            return
        said = answer and (self._seen(answer.body) if answer.status == 200 else answer.status)
        self.keys.record.add(invoked, [call], None if answer is None else [said])

    async def _batch(self, calls: list[model.HouseholdCall]) -> None:
        if not calls:
            return
        parts = [part for call in calls if (part := self.keys.batched(call))]
        invoked, request = time.monotonic(), batch_request(*parts)
        answer = await self.line.ask(request)
        answers: list[object] | None = None
        if self.line.is_refused:
            return
        if answer is not None and answer.status == 200:
            results = unpack_results(answer.body, len(calls))
            answers = [
                self._seen(one.content) if one.status == 200 else one.status for one in results
            ]
        elif answer is not None:
            answers = [answer.status] * len(calls)
        self.keys.record.add(invoked, calls, answers)

    def _seen(self, body: bytes) -> model.Answer:
        found = self.keys.page(body)
        assert isinstance(found, tuple)
        positions = [item[0] for item in found if isinstance(item, tuple)]
        self.newest = max([self.newest, *positions])
        return found


@dataclass
class DrawerKeys:
    """Two locators, and tickets that may put an invitation under either."""

    tickets: list[Ticket]
    locators: list[Locator] = field(default_factory=lambda: [Locator(draw(32)) for _ in range(2)])
    record: Record[model.DrawerCall] = field(default_factory=Record)
    tokens: dict[str, ClaimToken] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.boxes = [OwnedMailbox.generate(draw) for _ in self.tickets]
        self.bundles = [envelope(f"bundle {number}") for number in range(len(self.tickets))]

    def beginning(self) -> model.Drawer:
        return model.Drawer((None,) * len(self.locators), (None,) * len(self.tickets))

    def stuck(self) -> list[Operation[model.DrawerCall]] | None:
        return stuck(self.record.operations, self.beginning(), model.drawer)

    def request(self, call: model.DrawerCall) -> Request:
        match call:
            case model.Put():
                key = shown(api.TICKET, self.tickets[call.ticket])
                path = named("invitations", self.locators[call.locator], "?days=3")
                return Request("PUT", path, key, self.bundles[call.ticket], api.BINARY)
            case model.Claim():
                path = named("invitations", self.locators[call.locator], "/claim")
                return Request("POST", path, shown(api.CLAIM, self._token(call.token)))
            case model.Forget():
                path = named("invitations", self.locators[call.locator])
                return Request("DELETE", path, shown(api.CLAIM, self._token(call.token)))
            case model.Spend():
                return creation(self.boxes[call.ticket], self.tickets[call.ticket])

    def _token(self, name: str) -> ClaimToken:
        return self.tokens.setdefault(name, ClaimToken(draw(32)))


@dataclass
class Guest:
    """One client of a drawer."""

    name: str
    keys: DrawerKeys
    line: Line
    chance: random.Random

    async def live(self, calls: int) -> None:
        for _ in range(calls):
            call = self._call()
            invoked, request = time.monotonic(), self.keys.request(call)
            lost = self.chance.random() < _TIMES_LOST
            answer = await self.line.ask(request, lose_the_answer=lost)
            if self.line.is_refused:
                return
            said: object = None
            if answer is not None:
                claimed = answer.status == 200
                said = (self.keys.bundles.index(answer.body),) if claimed else answer.status
            self.keys.record.add(invoked, [call], None if answer is None else [said])

    def _call(self) -> model.DrawerCall:
        locator = self.chance.randrange(len(self.keys.locators))
        ticket = self.chance.randrange(len(self.keys.tickets))
        kinds: list[tuple[int, model.DrawerCall]] = [
            (6, model.Put(locator, ticket)),
            (6, model.Claim(locator, self.name)),
            (3, model.Forget(locator, self.name)),
            (1, model.Spend(ticket)),
        ]
        return _weighted(self.chance, kinds)


def _weighted(chance: random.Random, choices: Sequence[tuple[int, C]]) -> C:
    return chance.choices([what for _, what in choices], [weight for weight, _ in choices])[0]
