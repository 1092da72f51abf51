"""Thirty-two connections that do everything at once, and the account of what they were promised.

The account holds what was asked for and what was answered. Whatever the relay or its database goes
through meanwhile, `settle` finds every promise kept: an answered deposit is there exactly once or
was acknowledged, an unanswered one at most once, positions have no gap, a ticket paid for one
mailbox, an invitation was won by one token. In the end everything unanswered is asked for again,
so that every count is exact.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from e2etherapy.mailbox import operations as api
from e2etherapy.mailbox.batch import (
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    unpack_results,
)
from e2etherapy.mailbox.capabilities import ClaimToken, OwnedMailbox, Ticket
from e2etherapy.relay.database_place import DatabasePlace
from e2etherapy.wire.locator import Locator
from tests.support.lines import BUSY, Line, certainly, created_mailboxes, issued_tickets
from tests.support.relays import (
    Answer,
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

CONNECTIONS = 32
_MAILBOXES = 4


@dataclass
class MailboxAccount:
    """What one mailbox was asked to keep, and what it said."""

    owned: OwnedMailbox
    asked: set[bytes] = field(default_factory=set)
    answered: set[bytes] = field(default_factory=set)
    seen: dict[bytes, int] = field(default_factory=dict)
    """Every envelope that was ever collected, with its position."""
    to_acknowledge: int = 0
    """The highest position that an acknowledgement named, answered or not."""
    acknowledged: int = 0

    def see(self, body: bytes) -> int:
        """Note a page; return its last position."""
        page = api.unpack_page(body)
        for item in page:
            assert item.envelope in self.asked, "something was never deposited"
            assert self.seen.setdefault(item.envelope, item.position) == item.position
        return page[-1].position if page else 0

    async def settle(self, line: Line) -> None:
        """Hold what is there against what was promised, then deposit again what was unanswered."""
        kept = await self._everything(line)
        positions = sorted(kept.values())
        first = positions[0] if positions else self.to_acknowledge + 1
        assert positions == list(range(first, first + len(positions))), "a gap"
        assert self.acknowledged < first <= self.to_acknowledge + 1
        gone = {content for content, position in self.seen.items() if position < first}
        assert self.answered <= kept.keys() | gone, "an answered deposit is lost"
        for content in self.asked - self.answered - self.seen.keys():
            assert (await certainly(line, deposit(self.owned, content))).status == 204
        self.answered = set(self.asked)
        await self._everything(line)
        # Every envelope has one position, and every position had one envelope.
        assert sorted(self.seen.values()) == list(range(1, len(self.asked) + 1))

    async def _everything(self, line: Line) -> dict[bytes, int]:
        kept: dict[bytes, int] = {}
        after = 0
        while page := api.unpack_page(await self._page(line, after)):
            after = self.see(api.pack_page(page))
            new = {item.envelope: item.position for item in page}
            assert not new.keys() & kept.keys(), "an envelope is there twice"
            kept |= new
        return kept

    async def _page(self, line: Line, after: int) -> bytes:
        answer = await certainly(line, collection(self.owned, after))
        assert answer.status == 200, "a mailbox is lost"
        return answer.body


@dataclass
class Contest:
    """Two mailboxes that one ticket can pay for, or two tokens for one invitation."""

    sides: list[Request]
    checks: list[Request]
    """Succeeds for the side that won, and changes nothing for the other."""
    answered: list[int] = field(default_factory=list)

    async def settle(self, line: Line) -> None:
        won = [(await certainly(line, check)).status for check in self.checks]
        assert won.count(200) <= 1, "two won"
        assert all(won[side] == 200 for side in self.answered), "who won has lost again"
        statuses = [(await certainly(line, side)).status for side in self.sides]
        success = [status for status in statuses if status in {200, 204}]
        assert len(success) == 1, "the right is used up, and nobody has it"
        if 200 in won:
            assert statuses[won.index(200)] in {200, 204}


@dataclass
class Load:
    """Everything that is going on, and the account of it."""

    chance: random.Random
    mailboxes: list[MailboxAccount] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)
    answers: int = 0
    unanswered: int = 0
    stopped: bool = False

    async def prepare(self, place: DatabasePlace, line: Line, contests: int) -> None:
        """Make mailboxes, and rights that can be used once."""
        made = await created_mailboxes(place, line, _MAILBOXES)
        self.mailboxes = [MailboxAccount(owned) for owned in made]
        tickets = await issued_tickets(place, line, 2 * contests)
        self.contests += [_creations(ticket) for ticket in tickets[:contests]]
        for ticket in tickets[contests:]:
            self.contests.append(await _claims(ticket, line))

    async def run(self, ports: Sequence[int]) -> None:
        """Keep all connections busy until told to stop or nobody is there any more."""
        lines = [Line(ports[number % len(ports)]) for number in range(CONNECTIONS)]
        ends = await asyncio.gather(*map(self._work, lines), return_exceptions=True)
        for problem in filter(None, ends):
            raise problem

    async def settle(self, line: Line) -> None:
        """See that every promise was kept."""
        for account in self.mailboxes:
            await account.settle(line)
        for contest in self.contests:
            await contest.settle(line)
        self.contests.clear()

    async def _work(self, line: Line) -> None:
        chance = random.Random(self.chance.random())
        works = [self._deposit, self._batch, self._acknowledge, self._contest]
        try:
            while not (self.stopped or line.is_refused):
                if await chance.choices(works, [70, 10, 10, 10])[0](line, chance):
                    self.answers += 1
                elif not line.is_refused:
                    self.unanswered += 1
        except AssertionError:
            self.stopped = True
            raise
        finally:
            line.close()

    async def _deposit(self, line: Line, chance: random.Random) -> bool:
        account, content = chance.choice(self.mailboxes), envelope(f"{chance.random()}")
        account.asked.add(content)
        answer = await line.ask(deposit(account.owned, content))
        if said(answer, 204):
            account.answered.add(content)
        return said(answer, 204)

    async def _batch(self, line: Line, chance: random.Random) -> bool:
        """Deposit some into two mailboxes, and collect and acknowledge in one of them."""
        first, second = chance.sample(self.mailboxes, 2)
        into = [chance.choice([first, second]) for _ in range(chance.randint(2, 8))]
        contents = [envelope(f"{chance.random()}") for _ in into]
        for account, content in zip(into, contents, strict=True):
            account.asked.add(content)
        through = first.acknowledged
        answer = await line.ask(
            batch_request(
                *(
                    BatchedDeposit(
                        account.owned.deposit_key, account.owned.owner_key.mailbox(), content
                    )
                    for account, content in zip(into, contents, strict=True)
                ),
                BatchedCollection(first.owned.owner_key, through, 8),
                BatchedAcknowledgement(first.owned.owner_key, through),
            )
        )
        if answer is None or not said(answer, 200):
            return False
        results = unpack_results(answer.body, len(into) + 2)
        for account, content, result in zip(into, contents, results, strict=False):
            assert result.status in {204, BUSY}
            if result.status == 204:
                account.answered.add(content)
        if results[-2].status == 200:
            first.see(results[-2].content)
        return True

    async def _acknowledge(self, line: Line, chance: random.Random) -> bool:
        """Acknowledge what was collected, up to where all of it was seen."""
        account = chance.choice(self.mailboxes)
        acknowledged = account.acknowledged
        page = await line.ask(collection(account.owned, limit=32))
        if page is None or not said(page, 200):
            return False
        positions = [item.position for item in api.unpack_page(page.body)]
        assert acknowledged < min(positions, default=acknowledged + 1), "what was deleted is back"
        known = set(account.seen.values()) if account.see(page.body) else set()
        through, spared = account.acknowledged, chance.choice([0, 0, 3])
        while through + 1 + spared in known:
            through += 1
        if not set(range(account.acknowledged + 1, through + 1)) <= known:
            return True
        account.to_acknowledge = max(account.to_acknowledge, through)
        answer = await line.ask(acknowledgement(account.owned, through))
        if said(answer, 204):
            account.acknowledged = max(account.acknowledged, through)
        return said(answer, 204)

    async def _contest(self, line: Line, chance: random.Random) -> bool:
        if not self.contests:
            return await self._deposit(line, chance)
        contest, side = chance.choice(self.contests), chance.randrange(2)
        answer = await line.ask(contest.sides[side])
        if said(answer, 200, 204):
            contest.answered.append(side)
            return True
        return said(answer, 404)


def said(answer: Answer | None, *statuses: int) -> bool:
    """Say whether there is one of these answers; besides them only "not now" is right."""
    assert answer is None or answer.status in {*statuses, 200, 204, 404, BUSY}, answer
    return answer is not None and answer.status in statuses


def _creations(ticket: Ticket) -> Contest:
    owned = [OwnedMailbox.generate(draw) for _ in range(2)]
    return Contest([creation(one, ticket) for one in owned], [collection(one) for one in owned])


async def _claims(ticket: Ticket, line: Line) -> Contest:
    locator = Locator(draw(32))
    key, path = shown(api.TICKET, ticket), named("invitations", locator, "?days=9")
    put = Request("PUT", path, key, envelope("bundle"), api.BINARY)
    assert (await certainly(line, put)).status == 204
    path = named("invitations", locator, "/claim")
    claims = [Request("POST", path, shown(api.CLAIM, ClaimToken(draw(32)))) for _ in range(2)]
    return Contest(claims, claims)
