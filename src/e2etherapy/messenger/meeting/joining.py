"""Using an invitation: claiming it, and what is kept until the relay has heard of its use.

Nothing that a relay says once destroys an invitation: the token, this device's mailbox and the
sealed bundle stay until the claim is confirmed, and the same link can be tried again.
"""

from __future__ import annotations

from dataclasses import replace

from e2etherapy.errors import (
    InvitationUnavailable,
    MessengerError,
    NameTaken,
    RelayError,
    RelayRefused,
    WrongRole,
)
from e2etherapy.journal.record import EventName
from e2etherapy.mailbox.capabilities import (
    ClaimToken,
    DepositAddress,
    DepositKey,
    MailboxId,
    OwnedMailbox,
)
from e2etherapy.mailbox.operations import CLAIM_DAYS, MAX_INVITATION_DAYS
from e2etherapy.messenger.clock import day_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.line.address import relay_url
from e2etherapy.messenger.meeting.inviting import DEFAULT_THERAPIST, fresh_record, record_event
from e2etherapy.messenger.outbound.composing import Composer
from e2etherapy.messenger.settings import Setting, checked_name, text_setting
from e2etherapy.messenger.views import JoinedView
from e2etherapy.session import conversation as session
from e2etherapy.session.invitation import LinkKeys, open_bundle
from e2etherapy.vault import claims, conversations, outbox
from e2etherapy.vault.records import Claim, ConfirmClaim, ConversationRecord, CreateMailbox
from e2etherapy.wire.invitation import Bundle, InvitationLink
from e2etherapy.wire.locator import Locator
from e2etherapy.wire.role import Role

CLAIM_LIFE_DAYS = MAX_INVITATION_DAYS + CLAIM_DAYS + 1
"""An invitation lies at a relay for 30 days at most, its claim for one more; a day is for clocks
that differ."""


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
        NameTaken: there is a conversation under that name, or with this invitation.
    """
    vault = device.vault
    if vault.role is not Role.CLIENT:
        raise WrongRole("A therapist invites; only a client joins. Use 'e2etherapy invite'.")
    if name is not None:
        checked_name(name)
        await _require_free(device, name)
    link = InvitationLink.parse(link_text)
    url = relay_url(link.relay_host)
    claim, mailbox = await _begin_claim(device, link)
    sealed = claim.sealed or await _fetch(device, url, claim)
    bundle = open_bundle(link.secret, sealed)
    claim = await _hold(device, replace(claim, sealed=sealed), claim)
    today = day_of(device.clock())
    state = session.join(bundle, today, day_of(bundle.details.expires), device.entropy)
    called = name or _name_in(bundle)
    await _require_free(device, called)
    peer = DepositAddress(MailboxId(bundle.details.mailbox), DepositKey(bundle.details.deposit_key))
    fresh = replace(await fresh_record(device, called, url, state), mailbox=mailbox, peer=peer)
    joined = await _store(device, fresh, claim, bundle)
    return joined, JoinedView(called, bundle.details.credential)


async def _store(
    device: Device, fresh: ConversationRecord, claim: Claim, bundle: Bundle
) -> ConversationRecord:
    """Write the conversation, its opening and its errands in one transaction."""
    change = await device.begin(fresh)
    change.save(fresh)
    change.queue(fresh.id, CreateMailbox(bundle.details.ticket))
    own_name = await text_setting(device.vault, Setting.NAME)
    composer = Composer(fresh, change, device.clock(), device.entropy)
    composer.profile(own_name or "")
    change.queue(fresh.id, ConfirmClaim(claim.locator, claim.token))
    record_event(device, change, EventName.CONVERSATION_ESTABLISHED)
    await device.vault.commit(change)
    return composer.conversation


async def take_back(device: Device, conversation: ConversationRecord) -> InvitationUnavailable:
    """Return why a refusal ended a join; without a mailbox, there is no conversation.

    The claim stays, with the mailbox that the relay may have made although it says otherwise.
    What else was refused waits in the outbox.
    """
    waiting = await outbox.waiting(device.vault.db, conversation.id, 1)
    if not any(isinstance(row.errand, CreateMailbox) for row in waiting):
        return InvitationUnavailable(
            "The relay does not take your first message to the therapist: the invitation may have "
            f"been withdrawn. The conversation with {conversation.name} is on this device, and "
            "every sync tries again. If that does not help, ask for a new invitation."
        )
    change = await device.begin_private()
    change.remove_conversation(conversation)
    await device.vault.commit(change)
    return InvitationUnavailable(
        "The relay did not accept this invitation's ticket. Try the same link once more; if that "
        "does not help, ask for a new invitation."
    )


async def forget_old_claims(device: Device) -> None:
    """Forget the claims of invitations that are certainly over."""
    first = day_of(device.clock()) - CLAIM_LIFE_DAYS
    over = await claims.begun_before(device.vault.db, first)
    if not over:
        return
    change = await device.begin_private()
    for locator in over:
        change.forget_claim(locator)
    await device.vault.commit(change)


async def _begin_claim(device: Device, link: InvitationLink) -> tuple[Claim, OwnedMailbox]:
    """Return what is held for this link, stored before the relay hears of it."""
    locator = bytes(LinkKeys.from_secret(link.secret).locator)
    held = await claims.find(device.vault.db, locator)
    if held is not None and held.mailbox is not None:
        await _require_unused(device, held.mailbox)
        return held, held.mailbox
    token = device.entropy(ClaimToken.SIZE) if held is None else held.token
    mailbox = OwnedMailbox.generate(device.entropy)
    claim = Claim(locator, token, mailbox, None, day_of(device.clock()))
    return await _hold(device, claim, held), mailbox


async def _hold(device: Device, claim: Claim, held: Claim | None) -> Claim:
    """Keep what is known of a claim, whatever comes after it; return it."""
    if claim != held:
        change = await device.begin_private()
        change.hold_claim(claim)
        await device.vault.commit(change)
    return claim


async def _fetch(device: Device, url: str, claim: Claim) -> bytes:
    relay = await device.relay(url)
    try:
        return await relay.claim(Locator(claim.locator), ClaimToken(claim.token))
    except RelayRefused:
        raise InvitationUnavailable(
            "This invitation is not at the relay: it was used already, has expired, or the link "
            "is not complete. Nothing was changed. If you have used it yourself, you are in the "
            "conversation already ('e2etherapy conversations' lists it). If not, ask your "
            "therapist for a new one and say so, because somebody else may have used it."
        ) from None
    except RelayError as error:
        raise type(error)(
            f"{error} The invitation is not used up; join with the same link again later, on this "
            "device."
        ) from None


def _name_in(bundle: Bundle) -> str:
    """Return what the invitation calls the therapist, if that can be shown as a name."""
    try:
        return checked_name(bundle.details.name)
    except MessengerError:
        return DEFAULT_THERAPIST


async def _require_free(device: Device, name: str) -> None:
    if await conversations.find(device.vault.db, name) is not None:
        raise NameTaken(
            f"There is already a conversation with {name}. Nothing was changed. "
            "Give this one another name with --as."
        )


async def _require_unused(device: Device, mailbox: OwnedMailbox) -> None:
    """Refuse to begin a second conversation with one mailbox."""
    existing = await conversations.owning(device.vault.db, mailbox.owner_key)
    if existing is not None:
        raise NameTaken(
            f"This invitation was used on this device already, for the conversation with "
            f"{existing.name}. Nothing was changed."
        )
