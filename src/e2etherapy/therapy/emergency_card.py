"""Whom a therapist may call about a client, and where the client usually is.

The client writes it, and confirms it anew each quarter: an address that is wrong sends help to the
wrong door.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

import msgspec

from e2etherapy.errors.therapy import InvalidEmergencyCard
from e2etherapy.therapy import canonical
from e2etherapy.therapy.plain_text import TIE, require_words, wrapped
from e2etherapy.wire import notation

QUARTER = timedelta(days=92)
"""For how long a confirmation holds: the longest three months."""
MAX_NAME = 200
MAX_LOCATION = 1_000
MAX_CONSENT = 2_000
"""Characters."""
_CLOCKS_APART = timedelta(days=1)
_PHONE = re.compile(r"\+?[0-9(][0-9 ()./-]{1,38}[0-9](?: ?(?:ext\.?|x) ?[0-9]{1,8})?", re.ASCII)
_FEWEST_DIGITS = 3


class EmergencyCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person to call, one place to send help to.

    Attributes:
        contact: the name of the person to call.
        phone: their number, as it is dialled where the client is.
        relation: what they are to the client.
        location: where the client usually is, as one tells it to an ambulance.
        consent: in the client's words, when the therapist may call them, and what may be said.
        confirmed: the day on which the client last said that all of this is right.

    Raises:
        InvalidEmergencyCard: the number is none.
        InvalidWords: a text is empty or too long, or holds a character that is not seen.
    """

    contact: str
    phone: str
    relation: str
    location: str
    consent: str
    confirmed: date

    def __post_init__(self) -> None:
        """Refuse what would be of no use in an emergency."""
        require_words(self.contact, "The name of the contact", MAX_NAME, lines=False)
        require_words(self.relation, "The relation to the contact", MAX_NAME, lines=False)
        require_words(self.location, "The place", MAX_LOCATION)
        require_words(self.consent, "The note on consent", MAX_CONSENT)
        digits = sum(character.isdigit() for character in self.phone)
        if not _PHONE.fullmatch(self.phone) or digits < _FEWEST_DIGITS:
            raise InvalidEmergencyCard(
                "This is no telephone number. Write digits, with a + before the country's, like "
                "+353 1 496 0000."
            )

    def is_stale(self, today: date) -> bool:
        """Say whether the client has to confirm the card anew.

        It is after 92 days; and if it was confirmed later than tomorrow, by a clock that was wrong.
        """
        return not -_CLOCKS_APART <= today - self.confirmed <= QUARTER

    def __repr__(self) -> str:
        """Name the type, never the people."""
        return "<EmergencyCard>"


_decoder = msgspec.json.Decoder(EmergencyCard)


def encode(card: EmergencyCard) -> bytes:
    """Return a card's JSON in the one notation."""
    return notation.write(card)


def decode(data: bytes) -> EmergencyCard:
    """Read a card's JSON.

    Raises:
        MalformedData: it breaks its form, or is written in another way than `encode` would.
    """
    return canonical.read(_decoder, data, "An emergency card breaks its form")


def render(card: EmergencyCard, today: date, width: int) -> str:
    """Return a card as plain text; that it is stale comes first."""
    stale = (
        f"!! NOT CONFIRMED SINCE {card.confirmed}: ask whether it is still right."
        if card.is_stale(today)
        else f"Confirmed on {card.confirmed}."
    )
    rows = (
        stale,
        f"Call: {card.contact} ({card.relation}), {TIE.join(card.phone.split())}",
        f"Usually here: {card.location}",
        f"Agreed: {card.consent}",
    )
    return "\n".join(line for row in rows for line in wrapped(row, width, "", "  ")) + "\n"
