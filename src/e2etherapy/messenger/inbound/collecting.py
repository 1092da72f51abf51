"""Collecting from one relay's mailboxes: store what has arrived, then acknowledge it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from e2etherapy.errors import RelayError, RelayProtocolError, RelayRefused
from e2etherapy.journal.record import EventName
from e2etherapy.mailbox.batch import MAX_OPERATIONS
from e2etherapy.mailbox.capabilities import OwnerKey
from e2etherapy.mailbox.operations import MAILBOX_CAPACITY, MAX_PAGE, MAX_WAITED_MAILBOXES
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.inbound import storing
from e2etherapy.messenger.inbound.storing import Arrived, Outcome
from e2etherapy.messenger.line.batches import Page, acknowledge_many, collect_many, share
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.occurrences import Notice
from e2etherapy.vault.records import ConversationRecord

MAILBOXES_AT_ONCE: Final = 16
"""Each then gives up to four envelopes at once, which is more than most people write in a day; and
at most 64 are stored in one transaction, as many as a page has."""

FIRST: Final = 0
"""A mailbox is asked for everything that it holds: what was collected is acknowledged, and so not
there any more. A relay that once named a position far too high, lost an acknowledgement, or was
restored and counts anew, then hides nothing."""

SLOW: Final = timedelta(seconds=5)
"""A line on which one page takes about as long: 1.6 Mb/s."""

Group = Sequence[ConversationRecord]
_Fetched = TypeVar("_Fetched")


async def collect_from(device: Device, url: str, records: Group, outcome: Outcome) -> None:
    """Collect from each mailbox that holds something.

    Raises:
        RelayError: something failed; what was collected is stored, and what could be done was done.
        VaultError: one conversation cannot be stored; the others are.
    """
    relay = await device.relay(url)
    due: list[ConversationRecord] = []
    for some in _groups(records, MAX_WAITED_MAILBOXES):
        waited = [(record.mailbox.owner_key, FIRST) for record in some]
        due += [some[index] for index in await relay.wait(waited, 0)]
    collection = _Collection(device, relay, outcome)
    # Each once, whatever the relay says.
    await collection.run(list({record.id: record for record in due}.values()))
    for failure in (outcome.failure, collection.failure):
        if failure is not None:
            raise failure
    # Not before everything was collected that this relay still holds.
    await storing.give_up_stalled(device, records, outcome)


@dataclass(slots=True)
class _Collection:
    """One relay's part of a sync.

    Attributes:
        stored: what the vault holds and the relay need not any more, by conversation; only of this
            run, so that nothing is acknowledged that was never shown.
        failure: what one mailbox met while the others went on.
    """

    device: Device
    relay: RelayConnection
    outcome: Outcome
    stored: dict[int, ConversationRecord] = field(default_factory=dict)
    failure: RelayError | None = None
    acknowledged: datetime = field(init=False)
    """When this was done the last time, or the run began."""

    def __post_init__(self) -> None:
        """Begin now."""
        self.acknowledged = self.device.clock()

    async def run(self, due: Group) -> None:
        """Store every page of every mailbox, then let the relay delete what is stored here."""
        async with contextlib.aclosing(_first_pages(self.relay, due)) as groups:
            async for some, pages in groups:
                await self._take(some, pages)
        for some in _groups(list(self.stored.values()), MAX_OPERATIONS):
            await self._acknowledge(some)

    async def _take(self, some: Group, pages: Sequence[Page | RelayError]) -> None:
        """Store the first pages of some mailboxes, and then the rest of those that hold more."""
        arrived: list[tuple[ConversationRecord, Page]] = []
        for record, page in zip(some, pages, strict=True):
            if isinstance(page, RelayError):
                self._meet(record, page)
            elif page:
                arrived.append((record, page))
        await self._store([(record.id, page) for record, page in arrived])
        for record, page in arrived:
            if len(page) >= share(len(some)):
                await self._take_rest(record, page)

    async def _take_rest(self, record: ConversationRecord, first: Page) -> None:
        await self._acknowledge_on_a_slow_line(record)
        try:
            async with contextlib.aclosing(
                _pages(self.relay, record.mailbox.owner_key, first)
            ) as pages:
                async for page in pages:
                    await self._store([(record.id, page)])
                    await self._acknowledge_on_a_slow_line(record)
        except (RelayRefused, RelayProtocolError) as error:
            self._meet(record, error)

    async def _store(self, pages: Sequence[Arrived]) -> None:
        for record in await storing.store(self.device, pages, self.outcome):
            self.stored[record.id] = record

    async def _acknowledge_on_a_slow_line(self, record: ConversationRecord) -> None:
        """Let the relay delete what is stored, so that a line that is cut then costs one page.

        Otherwise it would begin again with everything, and a line that is cut often enough would
        never come to the end. Where pages come fast, one acknowledgement for all is cheaper.
        """
        now = self.device.clock()
        stored = self.stored.get(record.id)
        if stored is not None and now - self.acknowledged >= SLOW:
            await self._acknowledge([stored])
            self.acknowledged = now

    async def _acknowledge(self, some: Group) -> None:
        """Let the relay delete, and remember that it has: to forget that costs one repetition."""
        through = [(record.mailbox.owner_key, record.collected) for record in some]
        answers = await acknowledge_many(self.relay, through)
        change = await self.device.begin_private()
        for record, problem in zip(some, answers, strict=True):
            if problem is None:
                change.acknowledged(record.id, record.collected)
            else:
                self._meet(record, problem)
        await self.device.vault.commit(change)

    def _meet(self, record: ConversationRecord, problem: RelayError) -> None:
        """Tell of a mailbox that is gone; remember anything else until the others are done."""
        if isinstance(problem, RelayRefused):
            self.stored.pop(record.id, None)
            sentence = f"The relay does not know {record.name}'s mailbox any more."
            self.outcome.notices.append(Notice(record.name, EventName.DELIVERY_REFUSED, sentence))
        else:
            self.failure = problem


async def _first_pages(
    relay: RelayConnection, due: Group
) -> AsyncGenerator[tuple[Group, list[Page | RelayError]], None]:
    """Yield groups of mailboxes and a page of each; meanwhile the next group's are on their way."""

    def ask(some: Group) -> asyncio.Task[list[Page | RelayError]]:
        wanted = [(record.mailbox.owner_key, FIRST) for record in some]
        return asyncio.ensure_future(collect_many(relay, wanted))

    groups = _groups(due, MAILBOXES_AT_ONCE)
    coming = [ask(some) for some in groups[:1]]
    try:
        for number, some in enumerate(groups, 1):
            pages = await coming[-1]
            coming += [ask(following) for following in groups[number : number + 1]]
            yield some, pages
    finally:
        await _dismiss(coming[-1:])


async def _pages(
    relay: RelayConnection, owner_key: OwnerKey, first: Page
) -> AsyncGenerator[Page, None]:
    """Yield a mailbox's pages behind the first; while one is worked on, the next is on its way.

    It ends when a mailbox can hold no more that was not acknowledged: a relay that goes on without
    end must not keep this device from everything else.
    """
    left = MAILBOX_CAPACITY - len(first)
    if left <= 0:
        return
    coming = asyncio.ensure_future(relay.collect(owner_key, first[-1].position))
    try:
        while page := await coming:
            left -= len(page)
            goes_on = left > 0 and len(page) == MAX_PAGE
            if goes_on:
                coming = asyncio.ensure_future(relay.collect(owner_key, page[-1].position))
            yield page
            if not goes_on:
                return
    finally:
        await _dismiss([coming])


async def _dismiss(coming: Sequence[asyncio.Future[_Fetched]]) -> None:
    """Let nothing go on that nobody waits for."""
    for one in coming:
        one.cancel()
    await asyncio.gather(*coming, return_exceptions=True)


def _groups(records: Group, size: int) -> list[Group]:
    return [records[start : start + size] for start in range(0, len(records), size)]
