"""A file on a slow line: a text passes it from another terminal, and a kill costs nothing."""

from __future__ import annotations

import asyncio
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.command_line import PROGRAM, Person, acquainted, environment, running_relay
from tests.support.slow_link import SlowLink

OKAFOR, ROBIN = "Dr. Okafor", "Robin"
PATIENCE_SECONDS = 60


@contextmanager
def slow_link(url: str) -> Iterator[SlowLink]:
    """Have a link to a relay run in a thread of its own."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    link = SlowLink(url, 1e9, [])

    async def run() -> None:
        async with link.running():
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert ready.wait(PATIENCE_SECONDS)
        yield link
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(PATIENCE_SECONDS)
        loop.close()


def begun(person: Person, *command: str) -> subprocess.Popen[bytes]:
    """Begin a command in another terminal."""
    variables = {
        "E2ETHERAPY_HOME": str(person.home),
        "E2ETHERAPY_PASSPHRASE_FILE": str(person.passphrase_file),
    }
    return subprocess.Popen(
        [*PROGRAM, *command],
        cwd=person.folder,
        env=environment(person.folder) | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_text_passes_a_file_and_a_kill_in_the_middle_costs_nothing(tmp_path: Path) -> None:
    data = random.Random(3).randbytes(2_500_000)
    (tmp_path / "long.mov").write_bytes(data)
    with running_relay(tmp_path) as relay, slow_link(relay.url) as link:
        two = acquainted(tmp_path, replace(relay, url=link.url))
        link.slow_down(2_000_000)
        start = link.carried
        upload = begun(two.client, "send", OKAFOR, "--attach", str(tmp_path / "long.mov"))
        for _ in range(PATIENCE_SECONDS * 10):
            if link.carried - start > 700_000:
                break
            time.sleep(0.1)
        assert two.client.ask("send", OKAFOR, "It passes.")["state"] == "stored"
        assert upload.poll() is None
        upload.kill()
        upload.wait()
        link.slow_down(1e9)
        two.therapist.ask("sync")
        assert [view["text"] for view in two.therapist.ask("read", ROBIN)] == ["It passes."]
        (shown,) = two.therapist.ask("conversations")
        assert (shown["messages"], shown["missing"]) == (1, 0)
        assert two.client.ask("sync")["delivered"] == 1
        assert two.therapist.ask("sync")["arrived"] == [{"name": ROBIN, "messages": 1}]
        saved = two.therapist.ask("attachments", "save", ROBIN, "1", "got")
        assert Path(tmp_path, saved["file"]).read_bytes() == data
        assert two.client.ask("sync")["unsent"] == 0
