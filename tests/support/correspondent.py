"""A program that writes and fetches until its standard input is closed, or it is killed.

    correspondent.py VAULT_FOLDER STATE_FOLDER NAME LIFE < data key in hex

It prints each text once `send` has returned for it. What a relay that is away causes is expected.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from e2etherapy.errors import RelayError
from e2etherapy.messenger.device import Device
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault import keyslots, vault
from e2etherapy.vault.keyslots import DataKey
from e2etherapy.vault.vault import Place


async def opened(place: Place, key: DataKey) -> Messenger:
    """Open a vault with its data key."""
    return Messenger(Device(await vault.unlock(place, keyslots.read(place.folder), key)))


async def correspond(place: Place, key: DataKey, name: str, life: str) -> None:
    """Write and fetch in turn."""
    closed = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    number = 0
    async with await opened(place, key) as messenger:
        while not closed.done():
            text = f"{life} {number}"
            await messenger.send(name, text)
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
            number += 1
            with contextlib.suppress(RelayError):
                await messenger.sync()
            await asyncio.sleep(0)


def main() -> None:
    """Run until there is nothing more to read."""
    folder, state_folder, name, life = sys.argv[1:]
    key = DataKey(bytes.fromhex(sys.stdin.readline()))
    asyncio.run(correspond(Place(Path(folder), Path(state_folder)), key, name, life))


if __name__ == "__main__":
    main()
