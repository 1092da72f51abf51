"""Inviting, and comparing the six words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from e2etherapy.errors import (
    MessengerError,
    NameTaken,
    NotReady,
    RelayError,
    RelayRefused,
    WrongRole,
)
from e2etherapy.journal import record
from e2etherapy.journal.chain import BookId
from e2etherapy.journal.record import EventName
from e2etherapy.mailbox.capabilities import (
    Allowance,
    OwnedMailbox,
    Ticket,
)
from e2etherapy.mailbox.operations import MAX_INVITATION_DAYS
from e2etherapy.messenger.clock import day_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.line.address import relay_host
from e2etherapy.messenger.settings import Setting, checked_name, text_setting
from e2etherapy.messenger.views import InvitationView
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.session import conversation as session
from e2etherapy.session.invitation import LinkKeys, seal_bundle
from e2etherapy.session.states import Closed, Established, Invited, was_joined
from e2etherapy.vault import conversations, endings, keeping, notes, outbox
from e2etherapy.vault.change import Change
from e2etherapy.vault.records import (
    CloseMailbox,
    ConversationRecord,
    CreateMailbox,
    IssueTickets,
    PutInvitation,
    Verification,
)
from e2etherapy.wire.invitation import Bundle, BundleDetails, InvitationLink
from e2etherapy.wire.role import Role

DEFAULT_THERAPIST = "Therapist"
"""What a therapist is called who has given no name."""


async def prepare(
    device: Device, name: str, days: int
) -> tuple[ConversationRecord, InvitationView]:
    """Draw an invitation and its errands in one transaction; show an unused one again.

    A conversation that was kept when its last invitation was withdrawn goes on with the new one.

    Raises:
        WrongRole: this is a client's vault.
        NameTaken: the conversation exists and its invitation was used.
        MessengerError: no allowance is set, or a value is out of range.
    """
    vault = device.vault
    if vault.role is not Role.THERAPIST:
        raise WrongRole("Only a therapist invites. With a link from yours, use 'e2etherapy join'.")
    checked_name(name)
    existing = await conversations.find(vault.db, name)
    if existing is not None and was_joined(existing.state):
        raise NameTaken(_taken(existing))
    if existing is not None and isinstance(existing.state, Invited):
        return existing, replace(_view(existing, Bundle.unpack(existing.state.bundle)), again=True)
    if not 1 <= days <= MAX_INVITATION_DAYS:
        raise MessengerError(f"An invitation can be valid for 1 to {MAX_INVITATION_DAYS} days.")
    allowance = await vault.setting(Setting.ALLOWANCE)
    if allowance is None:
        raise MessengerError(
            "No allowance is set. Ask the operator of the relay for one ('e2etherapy relay "
            "allow') and set it with 'e2etherapy settings allowance -'."
        )
    fresh, bundle = await _draw(device, name, days)
    if existing is not None:
        fresh = _in_place_of(existing, fresh)
    change = await device.begin(fresh)
    change.save(fresh)
    if existing is not None:
        change.give_mailbox(fresh)
    _queue_invitation(device, change, fresh, (bundle, Allowance(allowance), days))
    record_event(device, change, EventName.INVITATION_MADE)
    await vault.commit(change)
    return fresh, _view(fresh, bundle)


def _in_place_of(kept: ConversationRecord, fresh: ConversationRecord) -> ConversationRecord:
    """Return a new invitation's conversation with the book, and all else, of the one from before.

    What was written about somebody who has not joined belongs to whoever is invited again.
    """
    return replace(fresh, id=kept.id, name=kept.name, book=kept.book, created=kept.created)


def _taken(existing: ConversationRecord) -> str:
    if isinstance(existing.state, Closed):
        return (
            f"The conversation with {existing.name} has ended, and its record stays under this "
            "name. Choose another one for the new invitation."
        )
    return f"There is already a conversation with {existing.name}."


@dataclass(frozen=True, slots=True)
class Standing:
    """What can be known of an invitation that this device holds to be unused.

    Attributes:
        maybe_used: something may wait for it at the relay, which has to be fetched first.
        gone: the relay does not know it any more, so that its link opens nothing.
    """

    maybe_used: bool = False
    gone: bool = False


async def examine(device: Device, name: str, *, anew: bool) -> Standing:
    """Ask the relay about an invitation before its link is shown again, or it is withdrawn.

    Args:
        device: whose vault it is.
        name: the conversation's; it need not exist.
        anew: it is to be withdrawn in any case.
    """
    found = await conversations.find(device.vault.db, name)
    if found is None or not isinstance(found.state, Invited):
        return Standing()
    if await outbox.count_of(device.vault.db, found.id):
        # The relay has not been told of all of it: nobody can have used it.
        return Standing()
    if anew or day_of(device.clock()) > found.state.last_day:
        return Standing(maybe_used=True)
    try:
        relay = await device.relay(found.relay)
        return Standing(maybe_used=bool(await relay.collect(found.mailbox.owner_key, 0, limit=1)))
    except RelayRefused:
        return Standing(gone=True)
    except RelayError:
        return Standing()  # it is shown as it was, as without any question


async def withdraw_unused(device: Device, name: str, *, even_in_time: bool) -> bool:
    """Remove an invitation if nobody has used it: one whose last day is over, or any.

    Returns:
        whether there was such a one.
    """
    found = await conversations.find(device.vault.db, name)
    if found is None or not isinstance(found.state, Invited):
        return False
    over = day_of(device.clock()) > found.state.last_day
    if even_in_time or over:
        await withdraw(device, found)
    return even_in_time or over


async def withdraw(device: Device, conversation: ConversationRecord) -> bool:
    """Remove an invitation that the relay did not take or has lost, or that nobody used.

    Its mailbox may exist, also where the answer was lost or another; the relay is told to close
    it. The conversation stays, closed and with its book, if there are process notes or a hold on
    it: nothing of these goes by itself.

    Returns:
        whether it stays.
    """
    kept = await _is_written_about(device, conversation)
    if kept:
        change = await device.begin(conversation)
        endings.forget_what_waits(change, conversation.id)
        record_event(device, change, EventName.INVITATION_UNUSED)
        change.save(replace(conversation, state=session.close(conversation.state)))
    else:
        change = await device.begin_private()
        change.remove_conversation(conversation)
    owner_key = bytes(conversation.mailbox.owner_key)
    change.queue(None, CloseMailbox(conversation.relay, owner_key))
    await device.vault.commit(change)
    return kept


async def _is_written_about(device: Device, conversation: ConversationRecord) -> bool:
    db = device.vault.db
    written = any(note.sealed is not None for note in await notes.of(db, conversation.id))
    return written or conversation.id in await keeping.holds(db)


async def record_verification(device: Device, name: str, *, matched: bool) -> None:
    """Write down what came of comparing the six words.

    Raises:
        UnknownConversation: there is no such conversation.
        NotReady: the invitation has not been used yet.
    """
    found = await conversations.named(device.vault.db, name)
    if isinstance(found.state, Closed):
        raise NotReady(f"The conversation with {found.name} has ended. Nothing was changed.")
    if not isinstance(found.state, Established):
        raise NotReady(f"{found.name} has not used the invitation yet.")
    outcome = Verification.MATCHED if matched else Verification.DIFFERED
    change = await device.begin(found)
    change.save(replace(found, verification=outcome))
    event = EventName.SAFETY_PHRASE_MATCHED if matched else EventName.SAFETY_PHRASE_DIFFERED
    record_event(device, change, event)
    await device.vault.commit(change)


async def _draw(device: Device, name: str, days: int) -> tuple[ConversationRecord, Bundle]:
    vault = device.vault
    mailbox = OwnedMailbox.generate(device.entropy)
    expires = (device.clock() + timedelta(days=days)).date()
    address = mailbox.address()
    details = BundleDetails(
        name=await text_setting(vault, Setting.NAME) or DEFAULT_THERAPIST,
        mailbox=bytes(address.mailbox),
        deposit_key=bytes(address.key),
        ticket=device.entropy(Ticket.SIZE),
        expires=expires,
    )
    identity = await vault.setting(Setting.IDENTITY)
    if identity is None:
        raise MessengerError("This vault holds no identity key; it was not made by 'init'.")
    state, bundle = session.invite(X25519Secret(identity), details, day_of(expires), device.entropy)
    url = await text_setting(vault, Setting.RELAY)
    if url is None:
        raise MessengerError("This vault holds no relay's address; it was not made by 'init'.")
    return replace(await fresh_record(device, name, url, state), mailbox=mailbox), bundle


def _queue_invitation(
    device: Device,
    change: Change,
    fresh: ConversationRecord,
    invitation: tuple[Bundle, Allowance, int],
) -> None:
    bundle, allowance, days = invitation
    own = Ticket(device.entropy(Ticket.SIZE))
    client = Ticket(bundle.details.ticket)
    hashes = [bytes(own.hash()), bytes(client.hash())]
    locator = LinkKeys.from_secret(bundle.secret()).locator
    sealed = seal_bundle(bundle, device.entropy)
    change.queue(fresh.id, IssueTickets(bytes(allowance), hashes))
    change.queue(fresh.id, CreateMailbox(bytes(own)))
    change.queue(fresh.id, PutInvitation(bytes(locator), bytes(client), sealed, days))


async def fresh_record(
    device: Device, name: str, url: str, state: Invited | Established
) -> ConversationRecord:
    """Return a conversation that is about to begin, with a mailbox of its own."""
    return ConversationRecord(
        id=await conversations.next_id(device.vault.db),
        name=" ".join(name.split()),
        role=device.vault.role,
        relay=url,
        book=BookId(device.entropy(BookId.SIZE)),
        state=state,
        mailbox=OwnedMailbox.generate(device.entropy),
        peer=None,
        collected=0,
        acknowledged=0,
        sequence=0,
        verification=Verification.UNVERIFIED,
        created=int(device.clock().timestamp()),
    )


def _view(conversation: ConversationRecord, bundle: Bundle) -> InvitationView:
    link = InvitationLink(relay_host(conversation.relay), bundle.secret())
    return InvitationView(conversation.name, link.text(), bundle.details.expires.isoformat())


def record_event(device: Device, change: Change, event: EventName) -> None:
    """Put an event without details into the record."""
    entry = record.Event(recorded=device.clock(), event=event, details={})
    change.record(record.encode(entry))
