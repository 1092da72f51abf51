"""`sync --wait` goes on until somebody ends it, whatever is away for a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2etherapy.cli import syncing
from e2etherapy.cli.invocation import Invocation
from e2etherapy.errors import RelayUnreachable, VaultBusy
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault.records import Role
from tests.support.devices import HandClock, home


class Ended(BaseException):
    """Somebody pressed Ctrl-C."""


@pytest.mark.parametrize("away", [VaultBusy, RelayUnreachable])
async def test_it_tries_again_when_the_vault_or_the_relay_is_away(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    away: type[Exception],
) -> None:
    outcomes = [away("It is away."), away("It is away."), Ended()]

    async def once(_: Messenger) -> None:
        raise outcomes.pop(0)

    monkeypatch.setattr(syncing, "once", once)
    monkeypatch.setattr(syncing, "_FIRST_PAUSE_SECONDS", 0)
    at = await home(tmp_path, Role.CLIENT, HandClock())
    async with await at.open() as messenger:
        with pytest.raises(Ended):
            await syncing.keep_in_sync(Invocation(), messenger)
        assert await messenger.conversations() == []
    assert capsys.readouterr().err.count("It is away. Trying again in 0 seconds.") == 2
