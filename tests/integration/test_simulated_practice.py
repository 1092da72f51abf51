"""A caseload of 50 through a real relay and real vaults: a fortnight, and nightly a year."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.simulated_practice import THERAPIST, SimulatedPractice, simulated_practice

CLIENTS = 50


async def check(practice: SimulatedPractice) -> None:
    """Nothing was lost, nothing came twice, and every record verifies."""
    for client in practice.clients:
        await client.messenger.sync()
    await practice.therapist.sync()
    for client in practice.clients:
        for messenger, name in ((client.messenger, THERAPIST), (practice.therapist, client.name)):
            thread = [view for view in await messenger.thread(name) if view.kind == "text"]
            said = [view.text for view in thread if view.author == "client"]
            heard = [view.text for view in thread if view.author == "therapist"]
            assert (said, heard) == (client.said, client.heard)
        assert (await client.messenger.conversations())[0].missing == 0
        await client.messenger.journal_verify()
    await practice.therapist.journal_verify()
    assert practice.sent > 0
    assert (await practice.therapist.search("slept rain"))[:1]


async def test_a_fortnight_of_fifty_clients_loses_nothing_and_is_in_order(tmp_path: Path) -> None:
    """With a half-day, a day off, and the night in which the clock is set forward."""
    async with simulated_practice(tmp_path, CLIENTS, seed=1) as practice:
        await practice.live(days=15)
        assert practice.sent > 400
        await check(practice)


@pytest.mark.nightly
async def test_a_year_of_fifty_clients_loses_nothing_and_is_in_order(tmp_path: Path) -> None:
    async with simulated_practice(tmp_path, CLIENTS, seed=2) as practice:
        await practice.live(days=365)
        assert practice.sent > 10_000
        await check(practice)
