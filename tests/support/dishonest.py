"""A device that says about the therapy what an honest one would refuse to send."""

from __future__ import annotations

from typing import Any

from e2etherapy.journal.record import EventName
from e2etherapy.messenger.caring import care_of
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.messenger.outbound import sending
from e2etherapy.messenger.views import SyncReport
from e2etherapy.therapy.care.state import Care
from e2etherapy.wire import care
from tests.support.devices import Two, record_of

OKAFOR = "Dr. Okafor"


async def say(messenger: Messenger, name: str, kind: type[care.CareItem], **members: Any) -> bytes:  # noqa: ANN401
    """Send what an honest device would refuse to."""
    async with sending.composer(messenger.device, name) as composer:
        return composer.say(composer.item(kind, **members))


async def holds(messenger: Messenger, name: str) -> Care:
    return await care_of(messenger.device.vault.db, await record_of(messenger, name))


def refused(report: SyncReport, why: str) -> bool:
    return any(
        notice.event is EventName.CONTENT_REFUSED and why in notice.sentence
        for notice in report.notices
    )


async def from_client(pair: Two, kind: type[care.CareItem], **members: Any) -> SyncReport:  # noqa: ANN401
    await say(pair.client, OKAFOR, kind, **members)
    await pair.client.sync()
    return await pair.therapist.sync()
