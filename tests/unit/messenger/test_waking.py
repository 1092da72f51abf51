"""Whatever is asked of a messenger, a vault that was let go of is opened first."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import pytest

from e2etherapy.errors import VaultBusy
from e2etherapy.messenger.messenger import Messenger

PUBLIC = {name: getattr(Messenger, name) for name in dir(Messenger) if not name.startswith("_")}
METHODS = sorted(
    name
    for name, member in PUBLIC.items()
    if inspect.iscoroutinefunction(member) and not inspect.ismethod(member)
)


class HeldByAnother:
    async def resume(self) -> None:
        raise VaultBusy("Another process has this vault open.")


@pytest.mark.parametrize("name", METHODS)
async def test_nothing_is_done_before_the_vault_is_open_again(name: str) -> None:
    device: Any = SimpleNamespace(vault=HeldByAnother())
    with pytest.raises(VaultBusy):
        await getattr(Messenger(device), name)()


def test_these_are_all_that_take_time() -> None:
    assert {"invite", "send", "sync", "wait", "journal", "export", "set_allowance"} <= {*METHODS}
    others = [member for name, member in PUBLIC.items() if name not in METHODS]
    assert not [member for member in others if inspect.isasyncgenfunction(member)]
    classmethods = {"create", "open", "open_with_recovery_words"}
    assert {name for name, member in PUBLIC.items() if inspect.ismethod(member)} == classmethods


async def test_a_method_of_any_further_class_wakes_the_vault() -> None:
    class Further(Messenger):
        async def something_new(self) -> None:
            pass

    device: Any = SimpleNamespace(vault=HeldByAnother())
    with pytest.raises(VaultBusy):
        await Further(device).something_new()
