"""During a wait the vault belongs to whoever opens it, and afterwards to this messenger again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from e2etherapy.errors import VaultBusy, VaultDamaged
from e2etherapy.messenger import waiting
from e2etherapy.vault import database, vault
from e2etherapy.vault.lock import VaultLock
from tests.support.devices import Two, texts, two

OKAFOR = "Dr. Okafor"


@pytest.fixture
async def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    monkeypatch.setattr(vault, "LOCK_PATIENCE_SECONDS", 0.1)
    async with two(tmp_path, turns=1) as made:
        yield made


def meanwhile(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """Do something while the relay is waited for."""

    async def waited(*_: object) -> bool:
        deed()
        return False

    monkeypatch.setattr(waiting, "_first_news", waited)


@pytest.fixture
async def taken(pair: Two, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[VaultLock]:
    """A lock that another process takes during a wait and does not let go of."""
    other = VaultLock(pair.client_home.place.folder)
    with monkeypatch.context() as patch:

        async def waited(*_: object) -> bool:
            await other.acquire(1)
            return False

        patch.setattr(waiting, "_first_news", waited)
        with pytest.raises(VaultBusy, match="Another e2etherapy process"):
            await pair.client.wait(0)
    yield other
    other.release()


async def test_after_a_wait_that_lost_the_vault_every_method_says_so(
    pair: Two, taken: VaultLock
) -> None:
    for attempt in (
        pair.client.thread(OKAFOR),
        pair.client.send(OKAFOR, "while it is taken"),
        pair.client.sync(),
        pair.client.wait(0),
        pair.client.conversations(),
        pair.client.journal_write("while it is taken"),
        pair.client.journal_verify(),
        pair.client.set_read_marks(enabled=True),
    ):
        with pytest.raises(VaultBusy):
            await attempt
    taken.release()
    assert await texts(pair.client, OKAFOR) == ["turn 1"]


@pytest.mark.parametrize("step", ["sync", "send", "read", "write"])
async def test_the_first_step_after_the_vault_is_free_goes_on(
    pair: Two, taken: VaultLock, step: str
) -> None:
    taken.release()
    await pair.therapist.send("Sam", "meanwhile")
    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "sync": pair.client.sync,
        "send": lambda: pair.client.send(OKAFOR, "afterwards"),
        "read": lambda: pair.client.thread(OKAFOR),
        "write": lambda: pair.client.journal_write("afterwards"),
    }
    assert await steps[step]()
    await pair.client.sync()
    assert "meanwhile" in await texts(pair.client, OKAFOR)
    await pair.client.journal_verify()


async def test_a_vault_that_is_gone_after_a_wait_works_again_when_it_is_back(
    pair: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pair.client_home.place.folder / database.FILE_NAME
    aside = path.with_suffix(".aside")
    with monkeypatch.context() as patch:
        meanwhile(patch, lambda: path.rename(aside))
        with pytest.raises(VaultDamaged, match="missing"):
            await pair.client.wait(0)
    with pytest.raises(VaultDamaged, match="missing"):
        await pair.client.sync()
    aside.rename(path)
    assert await texts(pair.client, OKAFOR) == ["turn 1"]


async def test_a_closed_messenger_does_not_open_its_vault_again(pair: Two) -> None:
    await pair.client.__aexit__()
    with pytest.raises(RuntimeError, match="closed"):
        await pair.client.thread(OKAFOR)
    async with await pair.client_home.open() as other:
        assert await texts(other, OKAFOR) == ["turn 1"]


async def test_a_pause_that_nobody_ended_is_said_and_is_no_crash(pair: Two) -> None:
    """For whoever works with the vault below the messenger."""
    device = pair.client.device
    await device.vault.pause()
    with pytest.raises(VaultBusy, match="not open again"):
        await device.begin_private()
    await device.vault.resume()
    await device.begin_private()
