"""What the operator of a relay can do to the envelopes in one mailbox."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import Enum

from e2etherapy.wire.envelope import ENVELOPE_SIZE
from tests.support.hostile_mailbox import Entry, Mailbox
from tests.support.hostile_relay import HostileRelay


class Meddling(Enum):
    """One deed; most are about the envelope that `number` points at."""

    DESTROY = "destroy"
    DAMAGE = "damage"
    DAMAGE_A_COPY = "damage a copy"
    REPEAT = "repeat"
    MOVE = "move"
    REVERSE = "reverse"
    WITHHOLD = "withhold"
    RELEASE = "release"
    INJECT = "inject"
    SWAP = "swap"
    REPLAY = "replay"
    SKIP_POSITIONS = "skip positions"
    IGNORE_ACKNOWLEDGEMENT = "ignore acknowledgement"


def meddle(relay: HostileRelay, deed: Meddling, where: int, number: int) -> list[bytes]:
    """Do it; return the digests of envelopes that the relay holds no more.

    Args:
        relay: whose mailboxes are meddled with.
        deed: what to do.
        where: points at a mailbox, one that holds something if any does, whatever its value.
        number: points at an envelope or a place, whatever its value.
    """
    busy = [mailbox for mailbox in relay.mailboxes.values() if mailbox.entries]
    mailboxes = busy or list(relay.mailboxes.values())
    if not mailboxes:
        return []
    mailbox = mailboxes[where % len(mailboxes)]
    if deed in _TO_THE_MAILBOX:
        _TO_THE_MAILBOX[deed](mailbox, number)
    elif deed is Meddling.SWAP:
        _bring_from(relay, mailbox, number)
    elif mailbox.entries:
        entry = mailbox.entries[number % len(mailbox.entries)]
        return _TO_AN_ENTRY[deed](mailbox, entry, number)
    return []


def _destroy(mailbox: Mailbox, entry: Entry, _number: int) -> list[bytes]:
    mailbox.entries.remove(entry)
    return [entry.name()]


def _damage(mailbox: Mailbox, entry: Entry, number: int) -> list[bytes]:
    lost = entry.name()
    mailbox.entries[mailbox.entries.index(entry)] = Entry(_damaged(entry.envelope, number))
    return [lost]


def _damage_a_copy(mailbox: Mailbox, entry: Entry, number: int) -> list[bytes]:
    place = mailbox.entries.index(entry)
    mailbox.entries.insert(place, Entry(_damaged(entry.envelope, number)))
    return []


def _repeat(mailbox: Mailbox, entry: Entry, number: int) -> list[bytes]:
    mailbox.entries.insert(number % (len(mailbox.entries) + 1), Entry(entry.envelope))
    return []


def _move(mailbox: Mailbox, entry: Entry, number: int) -> list[bytes]:
    mailbox.entries.remove(entry)
    mailbox.entries.insert(number // 7 % (len(mailbox.entries) + 1), entry)
    return []


def _withhold(mailbox: Mailbox, entry: Entry, _number: int) -> list[bytes]:
    entry.withheld = entry.envelope in mailbox.history
    return []


def _release(mailbox: Mailbox, _number: int) -> None:
    for entry in mailbox.entries:
        entry.withheld = False


def _reverse(mailbox: Mailbox, _number: int) -> None:
    mailbox.entries.reverse()


def _inject(mailbox: Mailbox, number: int) -> None:
    noise = hashlib.shake_256(number.to_bytes(8, "big")).digest(ENVELOPE_SIZE)
    mailbox.entries.insert(number % (len(mailbox.entries) + 1), Entry(noise))


def _replay(mailbox: Mailbox, number: int) -> None:
    if mailbox.history:
        again = mailbox.history[number % len(mailbox.history)]
        mailbox.entries.insert(number // 7 % (len(mailbox.entries) + 1), Entry(again))


def _skip_positions(mailbox: Mailbox, number: int) -> None:
    mailbox.skipped_positions += 1 + number % 5


def _ignore_acknowledgement(mailbox: Mailbox, _number: int) -> None:
    mailbox.ignored_acknowledgements = 1


def _bring_from(relay: HostileRelay, mailbox: Mailbox, number: int) -> None:
    """Put an envelope of another mailbox here: of the other direction, or another conversation."""
    foreign = [
        envelope
        for other in relay.mailboxes.values()
        if other is not mailbox
        for envelope in other.history
    ]
    if foreign:
        entry = Entry(foreign[number % len(foreign)])
        mailbox.entries.insert(number // 7 % (len(mailbox.entries) + 1), entry)


def _damaged(envelope: bytes, number: int) -> bytes:
    place = number % ENVELOPE_SIZE
    flipped = envelope[place] ^ (1 << number % 8)
    return envelope[:place] + bytes([flipped]) + envelope[place + 1 :]


_TO_THE_MAILBOX: dict[Meddling, Callable[[Mailbox, int], None]] = {
    Meddling.RELEASE: _release,
    Meddling.REVERSE: _reverse,
    Meddling.INJECT: _inject,
    Meddling.REPLAY: _replay,
    Meddling.SKIP_POSITIONS: _skip_positions,
    Meddling.IGNORE_ACKNOWLEDGEMENT: _ignore_acknowledgement,
}
_TO_AN_ENTRY: dict[Meddling, Callable[[Mailbox, Entry, int], list[bytes]]] = {
    Meddling.DESTROY: _destroy,
    Meddling.DAMAGE: _damage,
    Meddling.DAMAGE_A_COPY: _damage_a_copy,
    Meddling.REPEAT: _repeat,
    Meddling.MOVE: _move,
    Meddling.WITHHOLD: _withhold,
}
