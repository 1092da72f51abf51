"""Wherever a device ends while it makes or uses an invitation, each mailbox is paid for once."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from e2etherapy.messenger.messenger import Messenger
from tests.support.hostile_relay import Trouble
from tests.support.two_people import (
    CALM,
    CLIENT,
    THERAPIST,
    Adversity,
    Template,
    TwoPeople,
    make_template,
)

SAM = "Sam"
MOST_MOMENTS = 200
TROUBLES = (Trouble.NEVER_ARRIVED, Trouble.ANSWER_LOST, Trouble.FULL, Trouble.NONSENSE)


async def invite(messenger: Messenger) -> str:
    return (await messenger.invite(SAM)).link


def joining(link: str) -> Callable[[Messenger], Awaitable[object]]:
    async def join(messenger: Messenger) -> None:
        if not await messenger.conversations():
            await messenger.join(link)
        await messenger.sync()

    return join


async def meet(template: Template, folder: Path, adversities: dict[str, Adversity]) -> bool:
    """Let both meet with one adversity each; check the books, and say whether a device ended."""
    world = await TwoPeople.begin(template, folder)
    links: list[str] = []

    async def inviting(messenger: Messenger) -> None:
        links.append(await invite(messenger))

    await world.attempt(THERAPIST, inviting, adversities.get(THERAPIST, CALM))
    assert await world.attempt(THERAPIST, inviting, CALM) is None
    join = joining(links[-1])
    await world.attempt(CLIENT, join, adversities.get(CLIENT, CALM))
    assert await world.attempt(CLIENT, join, CALM) is None
    relay = world.relay
    assert (len(relay.payments), len(relay.mailboxes), relay.tickets) == (2, 2, set())
    ended = any(owner.lives > 1 for owner in world.owners.values())
    await world.end()
    shutil.rmtree(folder)
    return ended


@pytest.mark.parametrize("person", [THERAPIST, CLIENT])
async def test_a_device_that_ends_at_any_moment_pays_no_mailbox_twice(
    tmp_path: Path, person: str
) -> None:
    template = await make_template(tmp_path / "template")
    moment = 0
    while await meet(template, tmp_path / "example", {person: Adversity(crash=moment)}):
        moment += 1
        assert moment < MOST_MOMENTS
    assert moment > 15, "an invitation's way has more moments than these"


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_with_any_request_pays_no_mailbox_twice(
    tmp_path: Path, trouble: Trouble
) -> None:
    template = await make_template(tmp_path / "template")
    for request in range(4):
        for person in (THERAPIST, CLIENT):
            adversity = Adversity(trouble=(request, trouble))
            await meet(template, tmp_path / "example", {person: adversity})
