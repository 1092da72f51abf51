"""Ctrl-C while a command turns to the person at the terminal ends it, whenever it is pressed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from e2etherapy.cli import event_loop, typed_text


@pytest.fixture(autouse=True)
def _heeding_ctrl_c() -> Iterator[None]:
    """Whoever runs the tests may have had Ctrl-C ignored."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


class _Vault:
    """A vault that is paused without any waiting, and beside which somebody presses Ctrl-C."""

    async def pause(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    async def resume(self) -> None:
        return


def test_ctrl_c_just_before_a_question_is_not_lost() -> None:
    asked = False

    async def ask() -> None:
        nonlocal asked
        messenger = SimpleNamespace(device=SimpleNamespace(vault=_Vault()))
        async with typed_text.asking(cast("Any", messenger)):
            asked = True

    with pytest.raises(KeyboardInterrupt):
        event_loop.run(ask())
    assert not asked
