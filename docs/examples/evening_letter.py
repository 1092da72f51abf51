"""A small front end: deliver a letter, wait for the answer, print the thread.

python docs/examples/evening_letter.py VAULT_FOLDER PASSPHRASE_FILE NAME < letter.txt
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from platformdirs import user_state_path

from e2etherapy.errors import E2ETherapyError
from e2etherapy.messenger.messenger import Messenger
from e2etherapy.vault.vault import Place


async def evening_letter(place: Place, passphrase: str, name: str, letter: str) -> list[str]:
    """Send `letter`, wait at most a minute for something new, and return the thread's lines."""
    async with await Messenger.open(place, passphrase) as messenger:
        sent = await messenger.send(name, letter)
        if sent.problem is not None:
            print(sent.problem, file=sys.stderr)  # it is safe in the outbox all the same
        if await messenger.wait(seconds=55):
            report = await messenger.sync()
            for notice in report.notices:
                print(notice.sentence, file=sys.stderr)
        return [
            f"{message.written:%d %b %H:%M}  {message.author}: {message.text}  [{message.state}]"
            for message in await messenger.thread(name)
        ]


def main() -> int:
    """Run the example from the command line."""
    folder, passphrase_file, name = sys.argv[1:]
    place = Place(Path(folder), user_state_path("e2etherapy"))
    passphrase = Path(passphrase_file).read_text("utf-8").rstrip("\n")
    try:
        lines = asyncio.run(evening_letter(place, passphrase, name, sys.stdin.read()))
    except E2ETherapyError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
