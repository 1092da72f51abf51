"""Whole copies for a person: a client's own data, or a therapist's record of one client.

They differ in what they may hold. A client's has everything that is theirs: each conversation, the
private journal, and what they wrote for themselves. A clinical record has one client's
conversation with what was done about it, and nothing of anybody else, nor anything private.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO, Final

from e2etherapy.errors import MalformedData, WrongRole
from e2etherapy.journal.export import Exporter
from e2etherapy.journal.overview import Line, Overview, Part
from e2etherapy.messenger.caring import care_of, resolutions_of
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.record import exporting, journaling
from e2etherapy.messenger.record.journaling import BookName
from e2etherapy.messenger.settings import Setting
from e2etherapy.messenger.views import ExportedBookView
from e2etherapy.therapy import account, emergency_card, safety_plan
from e2etherapy.therapy.account import Section
from e2etherapy.therapy.crisis import OwnLine
from e2etherapy.vault import conversations
from e2etherapy.wire.role import Role

_OWN_DATA: Final = """\
A CLIENT'S OWN DATA

This copy holds everything that is the client's on this device: each conversation with its files,
what was agreed, asked and answered in it (check-ins with their answers and scores, homework,
goals, consent, agreements, what was shared and how it ended), the private journal, and in own/
the safety plan, the emergency card and numbers of one's own to call, if they were written.

It does not hold drafts and texts that wait for their time, and not what a therapist keeps for
themselves: this device never had it.
"""
_CLINICAL_RECORD: Final = """\
CLINICAL RECORD OF ONE CLIENT

This copy holds the conversation with this client and its files, and what was agreed, asked and
answered in it: agreements, consents, check-ins with answers and scores, what had to be seen first
and what was done about it, goals, homework, summaries, extracts and how it ended.

It does not hold the therapist's private process notes or private journal, drafts that were not
sent, or anything of other clients. Nor does it hold what the client keeps for themselves.
"""

_ABOUT: Final = "What this copy holds, and what it does not"


async def own_data(
    device: Device, file: BinaryIO, numbers: Sequence[OwnLine] = ()
) -> list[ExportedBookView]:
    """Write everything that a client has on this device into a zip, with their own numbers.

    Raises:
        WrongRole: this is a therapist's vault.
        JournalBroken: the record does not verify.
    """
    if device.vault.role is not Role.CLIENT:
        raise WrongRole(
            "A therapist's vault holds the data of several people. 'e2etherapy export "
            "clinical-record' writes the record of one client. Nothing was exported."
        )
    exporter = Exporter(file, device.clock())
    books = await journaling.books(device)
    await _write(device, exporter, books)
    await _write_own(device, exporter)
    if numbers:
        words = "".join(f"{line.name}: {line.number}\n" for line in numbers)
        exporter.write_beside("own/help-now.txt", "Own numbers", words.encode())
    exporter.write_beside("ABOUT.txt", _ABOUT, _OWN_DATA.encode())
    return _views(books, exporter)


async def clinical_record(device: Device, name: str, file: BinaryIO) -> list[ExportedBookView]:
    """Write the record of one client into a zip.

    Raises:
        WrongRole: this is a client's vault.
        UnknownConversation: there is no such conversation.
        JournalBroken: the record does not verify.
    """
    if device.vault.role is not Role.THERAPIST:
        raise WrongRole(
            "A clinical record is a therapist's. 'e2etherapy export my-data' writes everything "
            "that is yours. Nothing was exported."
        )
    exporter = Exporter(file, device.clock())
    books = await journaling.books(device, name)
    await _write(device, exporter, books)
    exporter.write_beside("ABOUT.txt", _ABOUT, _CLINICAL_RECORD.encode())
    return _views(books, exporter)


async def _write(device: Device, exporter: Exporter, books: Sequence[BookName]) -> None:
    for name in books:
        book = await exporting.whole_book(device, name)
        if name.conversation is not None:
            book = replace(book, overview=await _overview(device, name.title, name.conversation))
        writer = exporter.begin(book)
        await exporting.attach_files(device, name, writer)
        writer.close()


def _views(books: Sequence[BookName], exporter: Exporter) -> list[ExportedBookView]:
    done = exporter.close()
    return [exporting.view(book, one) for book, one in zip(books, done, strict=True)]


async def _overview(device: Device, title: str, number: int) -> Overview:
    db = device.vault.db
    found = await conversations.by_id(db, number)
    care = await care_of(db, found)
    sections = account.account(care, await resolutions_of(db, found))
    return Overview(title, tuple(_part(section) for section in sections))


def _part(section: Section) -> Part:
    lines = tuple(Line(row.what, row.when, row.words, dict(row.data)) for row in section.rows)
    return Part(section.title, lines)


async def _write_own(device: Device, exporter: Exporter) -> None:
    """Write what a client has written for themselves, to be read and for a program."""
    plan = await device.vault.setting(Setting.SAFETY_PLAN)
    card = await device.vault.setting(Setting.EMERGENCY_CARD)
    today = device.clock().date()
    if plan is not None:
        with contextlib.suppress(MalformedData):  # the file beside it has its bytes all the same
            words = safety_plan.render(safety_plan.decode(plan), account.WIDTH)
            exporter.write_beside("own/safety-plan.txt", "Safety plan", words.encode())
        exporter.write("own/safety-plan.json", plan)
    if card is not None:
        with contextlib.suppress(MalformedData):
            words = emergency_card.render(emergency_card.decode(card), today, account.WIDTH)
            exporter.write_beside("own/emergency-card.txt", "Emergency card", words.encode())
        exporter.write("own/emergency-card.json", card)
