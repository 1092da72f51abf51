"""The one profile of limits, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a conversation accepts from a peer that may be hostile."""

    skipped_keys_per_chain: int
    """An attachment of 25 MB has 1,900 parts, so a whole one may arrive out of order. Where more
    are missing, the newest are kept."""

    old_chains: int
    """A message may be overtaken by four further turns before its chain is forgotten."""

    stored_keys: int
    """Skipped keys of all chains together: about 200 KB in the vault."""

    skipped_key_days: int
    """The relay keeps envelopes for 30 days; half as long again for a device that was away."""

    chain_length: int
    """Envelopes in one turn without an answer: four attachments of the largest size, or two full
    mailboxes. No number that an author may use is too far ahead, so that losing envelopes never
    ends a conversation; and one envelope makes its receiver derive at most twice as many keys,
    some 80 ms of work."""

    opening_grace_days: int
    """The relay keeps an opening that arrived on the invitation's last day for 30 days."""


STANDARD = Limits(
    skipped_keys_per_chain=2_048,
    old_chains=4,
    stored_keys=4_096,
    skipped_key_days=45,
    chain_length=8_192,
    opening_grace_days=30,
)
