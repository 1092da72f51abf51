"""Inviting, joining, and comparing the six words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from e2etherapy.errors import (
    InvitationUnavailable,
    MessengerError,
    NameTaken,
    NotReady,
    RelayRefused,
    WrongRole,
)
from e2etherapy.journal import record
from e2etherapy.journal.chain import BookId
from e2etherapy.journal.record import EventName
from e2etherapy.mailbox.capabilities import (
    Allowance,
    ClaimToken,
    DepositAddress,
    DepositKey,
    MailboxId,
    OwnedMailbox,
    Ticket,
)
from e2etherapy.mailbox.operations import MAX_INVITATION_DAYS
from e2etherapy.messenger.clock import day_of
from e2etherapy.messenger.composing import Composer
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.relay_connection import relay_host, relay_url
from e2etherapy.messenger.settings import Setting, checked_name, text_setting
from e2etherapy.messenger.views import InvitationView, JoinedView
from e2etherapy.primitives.dh import X25519Secret
from e2etherapy.session import conversation as session
from e2etherapy.session.invitation import LinkKeys, open_bundle, seal_bundle
from e2etherapy.session.states import Established, Invited
from e2etherapy.vault import conversations
from e2etherapy.vault.change import Change
from e2etherapy.vault.records import (
    ConfirmClaim,
    ConversationRecord,
    CreateMailbox,
    IssueTickets,
    PutInvitation,
    Role,
    Verification,
)
from e2etherapy.wire.invitation import Bundle, BundleDetails, InvitationLink

_DEFAULT_THERAPIST = "Therapist"


async def prepare(
    device: Device, name: str, days: int
) -> tuple[ConversationRecord, InvitationView]:
    """Draw an invitation and its errands in one transaction; show an unused one again.

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
    if existing is not None:
        if not isinstance(existing.state, Invited):
            raise NameTaken(f"There is already a conversation with {existing.name}.")
        if day_of(device.clock()) <= existing.state.last_day:
            return existing, _view(existing, Bundle.unpack(existing.state.bundle))
        await withdraw(device, existing)
    if not 1 <= days <= MAX_INVITATION_DAYS:
        raise MessengerError(f"An invitation can be valid for 1 to {MAX_INVITATION_DAYS} days.")
    allowance = await vault.setting(Setting.ALLOWANCE)
    if allowance is None:
        raise MessengerError(
            "No allowance is set. Ask the operator of the relay for one ('e2etherapy relay "
            "allow') and set it with 'e2etherapy settings allowance'."
        )
    fresh, bundle = await _draw(device, name, days)
    change = await device.begin(fresh)
    change.save(fresh)
    _queue_invitation(device, change, fresh, (bundle, Allowance(allowance), days))
    _record_event(device, change, EventName.INVITATION_MADE)
    await vault.commit(change)
    return fresh, _view(fresh, bundle)


async def is_over(device: Device, name: str) -> bool:
    """Say whether the last day of an unused invitation under this name is over."""
    found = await conversations.find(device.vault.db, name)
    if found is None or not isinstance(found.state, Invited):
        return False
    return day_of(device.clock()) > found.state.last_day


async def withdraw(device: Device, conversation: ConversationRecord) -> None:
    """Remove an invitation that the relay did not take, or that nobody used in time."""
    change = await device.begin_private()
    change.remove_conversation(conversation.id)
    await device.vault.commit(change)


async def join(
    device: Device, link_text: str, name: str | None
) -> tuple[ConversationRecord, JoinedView]:
    """Claim an invitation and store the conversation with its opening.

    Raises:
        WrongRole: this is a therapist's vault.
        InvalidLink: it is not a whole link.
        InvitationUnavailable: unknown, used or expired.
        InvitationMismatch, InvitationExpired: what the relay delivered cannot be used.
        RelayUnreachable: nothing was used up.
        NameTaken: there is a conversation under that name.
    """
    vault = device.vault
    if vault.role is not Role.CLIENT:
        raise WrongRole("A therapist invites; only a client joins. Use 'e2etherapy invite'.")
    if name is not None:
        checked_name(name)
        await _require_free(device, name)
    link = InvitationLink.parse(link_text)
    url = relay_url(link.relay_host)
    token = await _claim_token(device, link)
    sealed = await _claim(device, url, link, token)
    bundle = open_bundle(link.secret, sealed)
    today = day_of(device.clock())
    state = session.join(bundle, today, day_of(bundle.details.expires), device.entropy)
    called = name or _name_in(bundle)
    await _require_free(device, called)
    fresh = replace(
        await _fresh_record(device, called, url, state),
        peer=DepositAddress(
            MailboxId(bundle.details.mailbox), DepositKey(bundle.details.deposit_key)
        ),
    )
    change = await device.begin(fresh)
    change.save(fresh)
    change.queue(fresh.id, CreateMailbox(bundle.details.ticket))
    own_name = await text_setting(vault, Setting.NAME)
    composer = Composer(fresh, change, device.clock(), device.entropy)
    composer.profile(own_name or "")
    locator = LinkKeys.from_secret(link.secret).locator
    change.queue(fresh.id, ConfirmClaim(bytes(locator), bytes(token)))
    change.forget_claim(bytes(locator))
    _record_event(device, change, EventName.CONVERSATION_ESTABLISHED)
    await vault.commit(change)
    return composer.conversation, JoinedView(called, bundle.details.credential)


async def record_verification(device: Device, name: str, *, matched: bool) -> None:
    """Write down what came of comparing the six words.

    Raises:
        UnknownConversation: there is no such conversation.
        NotReady: the invitation has not been used yet.
    """
    found = await conversations.named(device.vault.db, name)
    if not isinstance(found.state, Established):
        raise NotReady(f"{found.name} has not used the invitation yet.")
    outcome = Verification.MATCHED if matched else Verification.DIFFERED
    change = await device.begin(found)
    change.save(replace(found, verification=outcome))
    event = EventName.SAFETY_PHRASE_MATCHED if matched else EventName.SAFETY_PHRASE_DIFFERED
    _record_event(device, change, event)
    await device.vault.commit(change)


async def _draw(device: Device, name: str, days: int) -> tuple[ConversationRecord, Bundle]:
    vault = device.vault
    mailbox = OwnedMailbox.generate(device.entropy)
    expires = (device.clock() + timedelta(days=days)).date()
    address = mailbox.address()
    details = BundleDetails(
        name=await text_setting(vault, Setting.NAME) or _DEFAULT_THERAPIST,
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
    return replace(await _fresh_record(device, name, url, state), mailbox=mailbox), bundle


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


async def _fresh_record(
    device: Device, name: str, url: str, state: Invited | Established
) -> ConversationRecord:
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


async def _claim_token(device: Device, link: InvitationLink) -> ClaimToken:
    """Return the token for this link, stored before the relay hears of it."""
    locator = bytes(LinkKeys.from_secret(link.secret).locator)
    held = await conversations.claim_token(device.vault.db, locator)
    if held is not None:
        return ClaimToken(held)
    token = ClaimToken(device.entropy(ClaimToken.SIZE))
    change = await device.begin_private()
    change.hold_claim(locator, bytes(token))
    await device.vault.commit(change)
    return token


async def _claim(device: Device, url: str, link: InvitationLink, token: ClaimToken) -> bytes:
    relay = await device.relay(url)
    try:
        return await relay.claim(LinkKeys.from_secret(link.secret).locator, token)
    except RelayRefused:
        raise InvitationUnavailable(
            "This invitation is not at the relay: it was used already, has expired, or the link "
            "is not complete. Nothing was changed. Ask your therapist for a new one; if you have "
            "not used it yourself, say that too, because somebody else may have."
        ) from None


def _name_in(bundle: Bundle) -> str:
    """Return what the invitation calls the therapist, if that can be shown as a name."""
    try:
        return checked_name(bundle.details.name)
    except MessengerError:
        return _DEFAULT_THERAPIST


async def _require_free(device: Device, name: str) -> None:
    if await conversations.find(device.vault.db, name) is not None:
        raise NameTaken(
            f"There is already a conversation with {name}. Nothing was changed. "
            "Give this one another name with --as."
        )


def _view(conversation: ConversationRecord, bundle: Bundle) -> InvitationView:
    link = InvitationLink(relay_host(conversation.relay), bundle.secret())
    return InvitationView(conversation.name, link.text(), bundle.details.expires.isoformat())


def _record_event(device: Device, change: Change, event: EventName) -> None:
    entry = record.Event(recorded=device.clock(), event=event, details={})
    change.record(record.encode(entry))
