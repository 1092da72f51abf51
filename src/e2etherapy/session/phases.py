"""The conversation's state machine as one table, and its diagram.

The diagram in docs/protocol.md, section 8, is this module's output.
"""

from __future__ import annotations

from enum import StrEnum

from e2etherapy.errors import WrongPhase


class Phase(StrEnum):
    """Where a conversation stands on one side."""

    INVITED = "invited"
    """Therapist: the invitation is out; the one-time secrets wait for an opening."""
    JOINED = "joined"
    """Client: the handshake is computed; nothing has been sealed."""
    OPENING = "opening"
    """Client: every envelope is an opening until the therapist's first answer."""
    READY = "ready"
    """The peer's turn is the latest: no private ratchet key exists; sealing begins a turn."""
    WAITING = "waiting"
    """One's own turn is the latest: its private keys wait for the peer's turn."""
    CLOSED = "closed"
    """The conversation has ended and holds no key."""


class Event(StrEnum):
    """What moves a conversation."""

    SEAL = "seal"
    OPEN_OPENING = "open an opening"
    OPEN_TURN = "open the peer's next turn"
    OPEN_KNOWN = "open more of a known turn"
    CLOSE = "close"


TRANSITIONS: dict[tuple[Phase, Event], Phase] = {
    (Phase.INVITED, Event.OPEN_OPENING): Phase.READY,
    (Phase.INVITED, Event.CLOSE): Phase.CLOSED,
    (Phase.JOINED, Event.SEAL): Phase.OPENING,
    (Phase.JOINED, Event.CLOSE): Phase.CLOSED,
    (Phase.OPENING, Event.SEAL): Phase.OPENING,
    (Phase.OPENING, Event.OPEN_TURN): Phase.READY,
    (Phase.OPENING, Event.CLOSE): Phase.CLOSED,
    (Phase.READY, Event.SEAL): Phase.WAITING,
    (Phase.READY, Event.OPEN_OPENING): Phase.READY,
    (Phase.READY, Event.OPEN_KNOWN): Phase.READY,
    (Phase.READY, Event.CLOSE): Phase.CLOSED,
    (Phase.WAITING, Event.SEAL): Phase.WAITING,
    (Phase.WAITING, Event.OPEN_OPENING): Phase.WAITING,
    (Phase.WAITING, Event.OPEN_TURN): Phase.READY,
    (Phase.WAITING, Event.OPEN_KNOWN): Phase.WAITING,
    (Phase.WAITING, Event.CLOSE): Phase.CLOSED,
}
"""Every step that exists. What is not here is `WrongPhase` and changes nothing."""

_SENTENCES: dict[Phase, str] = {
    Phase.INVITED: "The invitation has not been used yet; you can write once it has.",
    Phase.CLOSED: "This conversation has ended.",
}


def after(phase: Phase, event: Event) -> Phase:
    """Return the phase that follows.

    Raises:
        WrongPhase: the table has no such step.
    """
    try:
        return TRANSITIONS[phase, event]
    except KeyError:
        sentence = _SENTENCES.get(phase, f"A conversation that is {phase} cannot {event}.")
        raise WrongPhase(sentence) from None


def diagram() -> str:
    """Return the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> invited : invite", "    [*] --> joined : join"]
    lines += [f"    {start} --> {end} : {event}" for (start, event), end in TRANSITIONS.items()]
    return "\n".join([*lines, "    closed --> [*]"])
