"""A client who holds all keys of a conversation and puts into it what no program would."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from e2etherapy.messenger.messenger import Messenger
from e2etherapy.primitives.randomness import Entropy
from e2etherapy.session import conversation as session
from e2etherapy.session import opening, phases, ratchet, states
from e2etherapy.session.states import Established
from e2etherapy.wire.body import pad_body
from tests.support.devices import record_of
from tests.support.notation import in_order, written
from tests.support.people import seeded

Json = dict[str, object]
WRITTEN = "2026-01-05T09:00:00Z"


def base64_of(data: bytes) -> str:
    """Return bytes as they stand in JSON."""
    return base64.b64encode(data).decode()


def packed(
    item: Json | bytes, blob: bytes = b"", extra: Mapping[str, object] | None = None
) -> bytes:
    """Return a body; `item` may be JSON that has been written by hand."""
    if isinstance(item, bytes):
        size = b',"blob":%d' % len(blob) if blob else b""
        encoded = b'{"item":%b%b}' % (item, size)
    else:
        size_of = {"blob": len(blob)} if blob else {}
        encoded = written({"item": in_order(item), **size_of, **(extra or {})})
    return struct.pack(">I", len(encoded)) + encoded + blob


@dataclass
class HostileAuthor:
    """Writes into one conversation of a messenger that has met its peer."""

    messenger: Messenger
    name: str
    draw: Entropy = field(default_factory=lambda: seeded("hostile author"))
    sequence: int = 1_000

    def item(self, kind: str, /, **members: object) -> Json:
        """Return an item that breaks no rule, except by the members given."""
        self.sequence += 1
        common: Json = {
            "kind": kind,
            "id": base64_of(self.draw(16)),
            "sequence": self.sequence,
            "written": WRITTEN,
        }
        return {key: value for key, value in (common | members).items() if value is not None}

    def parts(self, whole: bytes, pieces: list[bytes], **members: object) -> list[bytes]:
        """Return the bodies of a long item's pieces."""
        first = self.sequence + 1
        return [
            packed(
                self.item(
                    "part",
                    **{
                        "whole": base64_of(whole),
                        "index": index,
                        "count": len(pieces),
                        "sequence": first + index,
                        **members,
                    },
                ),
                piece,
            )
            for index, piece in enumerate(pieces)
        ]

    async def say(self, *bodies: bytes) -> None:
        """Seal bodies, keep the state, and deposit the envelopes."""
        record = await record_of(self.messenger, self.name)
        address = record.peer
        assert address is not None
        relay = await self.messenger.device.relay(record.relay)
        for body in bodies:
            state, envelope = self.seal(record.state, body)
            record = replace(record, state=state)
            await relay.deposit(address, envelope)
        change = await self.messenger.device.begin(record)
        change.save(record)
        await self.messenger.device.vault.commit(change)

    def seal(self, state: states.Conversation, body: bytes) -> tuple[Established, bytes]:
        """Seal a body without looking at it."""
        assert isinstance(state, Established)
        room = session.body_room(state)
        phase = phases.after(state.phase, phases.Event.SEAL)
        salt = self.draw(32)
        is_opening = phase is phases.Phase.OPENING
        prefix = salt + opening.wrap(state.wrapping, salt) if is_opening else salt
        after, sealed = ratchet.seal(state.ratchet, prefix, pad_body(body, room), self.draw)
        moved = msgspec.structs.replace(state, phase=phase, ratchet=after)
        return moved, prefix + b"".join(sealed)
