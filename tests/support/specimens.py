"""Valid bytes of every form that the core reads, for tests to begin from."""

from __future__ import annotations

from e2etherapy.mailbox import operations
from e2etherapy.mailbox.capabilities import OwnerKey
from e2etherapy.mailbox.operations import StoredEnvelope
from e2etherapy.session import conversation, invitation, states
from e2etherapy.wire import content
from e2etherapy.wire.body import pack_body, pad_body
from e2etherapy.wire.invitation import Bundle, InvitationLink
from tests.support.people import REPLY_TO, connected, meet, seeded, text
from tests.support.situations import SITUATIONS

PAIR = meet("parsers")
BUNDLE = PAIR.bundle.pack()
LINK = InvitationLink("relay.example:8700", PAIR.bundle.secret())
SEALED_BUNDLE = invitation.seal_bundle(PAIR.bundle, seeded("seal"))
BODY = pad_body(pack_body(text("words"), b"blob", REPLY_TO), 1_000)
ITEM = content.encode_item(text("words"))
PAGE = operations.pack_page([StoredEnvelope(n, bytes([n]) * 16_384) for n in (1, 2, 5)])
AUTHORIZATION = operations.authorization("Owner", OwnerKey(b"a" * 32), OwnerKey(b"b" * 32))
STATES = {
    "invited": states.dump(PAIR.invited),
    "joined": states.dump(PAIR.client.state),
    "ready": states.dump(connected(turns=4).client.state),
    "waiting": states.dump(connected(turns=3).client.state),
    "skipped": states.dump(SITUATIONS["from an old turn"]().reader.state),
    "closed": states.dump(conversation.close(PAIR.client.state)),
}
_WRAPPING = PAIR.client.established.wrapping
assert _WRAPPING is not None
OPENING_VALUES = _WRAPPING.values


def load_and_dump(data: bytes) -> bytes:
    return states.dump(states.load(data))


def open_sealed_bundle(data: bytes) -> Bundle:
    return invitation.open_bundle(LINK.secret, data)
