"""More conversations than anyone would begin by inviting, in one vault."""

from __future__ import annotations

from dataclasses import replace

from e2etherapy.journal.chain import BookId
from e2etherapy.mailbox.capabilities import OwnedMailbox, Ticket
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.settings import parse_allowance
from tests.support.devices import Two, record_of
from tests.support.people import seeded


async def many(messenger: Messenger, name: str, count: int) -> list[OwnedMailbox]:
    """Add conversations that differ from an existing one in name, book and mailbox only."""
    record = await record_of(messenger, name)
    draw = seeded("many conversations")
    mailboxes = []
    for number in range(2, count + 1):
        mailboxes.append(OwnedMailbox.generate(draw))
        change = await messenger.device.begin(record)
        change.save(
            replace(
                record,
                id=number,
                name=f"client {number}",
                book=BookId(draw(16)),
                mailbox=mailboxes[-1],
                collected=0,
                acknowledged=0,
            )
        )
        if number == 2:
            await messenger.device.vault.commit(change)
        else:
            await messenger.device.vault.db.write(change.statements())
    return mailboxes


async def create_mailboxes(pair: Two, mailboxes: list[OwnedMailbox]) -> None:
    """Create some of these mailboxes at the relay."""
    relay = await pair.client.device.relay(pair.relay.url)
    draw = seeded("tickets")
    tickets = [Ticket(draw(32)) for _ in mailboxes]
    allowance = parse_allowance(await pair.relay.allowance(len(tickets)))
    await relay.issue_tickets(allowance, [ticket.hash() for ticket in tickets])
    for mailbox, ticket in zip(mailboxes, tickets, strict=True):
        await relay.create_mailbox(mailbox, ticket)
