"""Commands that run in this process, with the vaults of two people who have met."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from e2etherapy.cli import main
from e2etherapy.cli.answers import BY_COMMAND
from e2etherapy.primitives.passwords import Argon2Profile
from e2etherapy.vault import keyslots
from e2etherapy.wire.role import Role
from tests.support.devices import two
from tests.support.homes import PASSPHRASE, Home

Run = Callable[..., tuple[int, Any]]
"""Runs one command; returns its exit code and its JSON, or that of its failure.

With `told`, what a person is told instead.
"""


async def _met(folder: Path) -> tuple[Home, Home]:
    async with two(folder, turns=2) as pair:
        await pair.client.journal_write("marzipan for nobody")
        return pair.therapist_home, pair.client_home


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Home, Home]:
    monkeypatch.setattr(keyslots, "PASSPHRASE", Argon2Profile(1, 8, 1))
    monkeypatch.chdir(tmp_path)
    therapist, client = asyncio.run(_met(tmp_path / "people"))
    for name, secret in (
        ("passphrase", PASSPHRASE),
        ("one", "umbrellas in may"),
        ("two", "a moon ladder"),
    ):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(f"{secret}\n")
    monkeypatch.setenv("E2ETHERAPY_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return therapist, client


@pytest.fixture
def run(
    homes: tuple[Home, Home],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Run:
    def as_whom(role: Role, *arguments: str, told: bool = False) -> tuple[int, Any]:
        at = homes[0] if role is Role.THERAPIST else homes[1]
        monkeypatch.setenv("E2ETHERAPY_HOME", str(at.place.folder))
        shutil.copytree(
            at.place.state_folder, tmp_path / "state" / "e2etherapy", dirs_exist_ok=True
        )
        code = main.run(arguments if told else [*arguments, "--json"])
        shown = capsys.readouterr()
        if told:
            return code, shown.out + shown.err
        if code:
            return code, json.loads(shown.err.splitlines()[-1])["error"]["message"]
        command = max(
            (name for name in BY_COMMAND if " ".join(arguments).startswith(name)), key=len
        )
        msgspec.json.decode(shown.out, type=BY_COMMAND[command])
        return code, json.loads(shown.out)

    return as_whom
