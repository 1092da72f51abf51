"""A recipient guard that has read what matters to some drafts, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

import msgspec

from e2etherapy.errors import WrongRole
from e2etherapy.errors.therapy import TherapyError
from e2etherapy.messenger.device import Device
from e2etherapy.therapy.caseload import templates as forms
from e2etherapy.therapy.caseload.recipient_guard import Finding, Kind, RecipientGuard
from e2etherapy.therapy.caseload.sieve import Sieve
from e2etherapy.vault import conversations, templates, threads
from e2etherapy.vault.database import Database
from e2etherapy.wire.role import Role

SINCE: Final = timedelta(days=180)
MOST: Final = 500
"""Texts of a conversation that are looked at, the newest ones."""


class _Item(msgspec.Struct, frozen=True):
    text: str = ""


class _Entry(msgspec.Struct, frozen=True):
    """Of an entry what is needed here: strict reading of 40,000 would take too long."""

    item: _Item


_decoder = msgspec.json.Decoder(_Entry)


async def findings(device: Device, name: str, text: str) -> tuple[Finding, ...]:
    """Return what in a text for somebody points to another client.

    Raises:
        WrongRole: this is a client's vault.
        UnknownConversation: there is no such conversation.
    """
    if device.vault.role is not Role.THERAPIST:
        raise WrongRole("Only a therapist has other clients. Nothing was sent.")
    called = (await conversations.named(device.vault.db, name)).name
    return (await guard(device, {called: text})).findings(called, text)


async def guard(device: Device, drafts: Mapping[str, str]) -> RecipientGuard:
    """Return a guard that answers for these drafts as if it had read all recent texts.

    Args:
        device: whose vault it is.
        drafts: texts by the name of the conversation that each is for.
    """
    db = device.vault.db
    everybody = await conversations.names(db)
    made = RecipientGuard()
    for name in everybody:
        made.know(name)
    if len(everybody) < 2 or not drafts:  # noqa: PLR2004 - there is nobody else
        return made
    sieve = Sieve(drafts.values(), _named(made, drafts))
    since = int((device.clock() - SINCE).timestamp())
    for name, number in everybody.items():
        for text in _texts(await threads.recent_texts(db, number, MOST, since)):
            if sieve.holds(text):
                made.read(name, text)
    await _allow_templates(db, made)
    return made


def _named(made: RecipientGuard, drafts: Mapping[str, str]) -> list[str]:
    """Return the names that drafts say; whether they also stand in the thread is to be seen."""
    found = (finding for name, text in drafts.items() for finding in made.findings(name, text))
    return [finding.shown for finding in found if finding.kind is Kind.NAME]


def _texts(entries: Iterable[bytes]) -> Iterable[str]:
    for entry in entries:
        try:
            yield _decoder.decode(entry).item.text
        except msgspec.MsgspecError:
            continue  # it is damaged, and shown as such where it is read


async def _allow_templates(db: Database, made: RecipientGuard) -> None:
    for kept in await templates.every(db):
        try:
            pieces = forms.parse(kept.text).pieces
        except TherapyError:
            continue
        for words, _ in pieces:
            made.allow(words)
