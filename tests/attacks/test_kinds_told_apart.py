"""Threat R21: a relay learns from envelopes what kind of thing was said.

Classifiers see all that a relay sees of a deposit, except when it came and how many there were: the
request as it arrived, byte for byte. They must do no better than chance, for a call for help
against a greeting as for any other pair.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.line.exchange import Asked
from e2etherapy.messenger.outbound import sending
from e2etherapy.wire import care
from e2etherapy.wire.content import Text
from tests.support.classifiers import forest, linear
from tests.support.devices import Two, two
from tests.support.homes import HandClock

SAM, OKAFOR = "Sam", "Dr. Okafor"
OF_EACH = 800
LOWEST, HIGHEST = 0.45, 0.55


@dataclass
class Seen:
    """What arrived at the relay, in order: path, header and body of each deposit."""

    requests: list[bytes] = field(default_factory=list)

    def connect(self, url: str) -> RelayConnection:
        return _Watched(self, url)


class _Watched(RelayConnection):
    def __init__(self, seen: Seen, url: str) -> None:
        super().__init__(url, clock=lambda: 0.0)
        self._seen = seen

    async def features(self) -> frozenset[str]:
        return frozenset()  # one by one, so that each deposit is a request of its own

    async def _call(self, method: str, path: str, asked: Asked, **named: Any) -> bytes:  # noqa: ANN401
        if method == "POST" and path.endswith("/envelopes"):
            head = "\n".join(f"{name}: {value}" for name, value in asked.headers().items())
            self._seen.requests.append(
                f"{method} {path}\n{head}\n\n".encode() + (asked.body() or b"")
            )
        return await super()._call(method, path, asked, **named)


KINDS: dict[str, Callable[[HandClock], tuple[type[Any], dict[str, Any]]]] = {
    "greeting": lambda _: (Text, {"text": "Good morning, it is raining again."}),
    "urgent": lambda _: (care.Priority, {"text": "I need you. I do not feel safe."}),
    "check-in": lambda clock: (
        care.CheckIn,
        {"instrument": "phq-9", "version": "1", "given": [3] * 9 + [None], "taken": clock()},
    ),
    "homework log": lambda clock: (
        care.HomeworkLog,
        {"answers": bytes(16), "day": f"{clock():%Y-%m-%d}", "done": True, "note": "x" * 900},
    ),
}


@pytest.fixture
async def observed(tmp_path: Path) -> AsyncIterator[dict[str, list[bytes]]]:
    """Return what a relay sees of each kind; all are said in turn, in one conversation."""
    seen, by_kind = Seen(), {name: list[bytes]() for name in KINDS}
    async with two(tmp_path, turns=2, client_connect=seen.connect) as pair:
        for _ in range(OF_EACH // 50):
            order = [name for _ in range(50) for name in KINDS]
            for name, request in zip(order, await say(pair, seen, order), strict=True):
                by_kind[name].append(request)
            await pair.therapist.sync()
            await pair.therapist.send(SAM, "a turn of the ratchet")
            await pair.client.sync()
        yield by_kind


async def say(pair: Two, seen: Seen, kinds: list[str]) -> list[bytes]:
    """Say one thing of each kind; return what a relay sees of them, in that order."""
    seen.requests.clear()
    async with sending.composer(pair.client.device, OKAFOR) as composer:
        for name in kinds:
            kind, members = KINDS[name](pair.clock)
            composer.say(composer.item(kind, **members))
    await sending.flush(pair.client.device, [])
    return seen.requests[-len(kinds) :]  # a receipt that was owed goes before them


@pytest.mark.nightly
async def test_no_classifier_tells_kinds_apart(observed: dict[str, list[bytes]]) -> None:
    assert {len(requests) for requests in observed.values()} == {OF_EACH}
    greetings = observed.pop("greeting")
    for name, requests in observed.items():
        for classifier in (linear, forest):
            assert LOWEST < classifier(greetings, requests) < HIGHEST, (name, classifier)


@pytest.mark.nightly
async def test_the_classifiers_find_what_does_differ(observed: dict[str, list[bytes]]) -> None:
    """So that the test above can fail: one byte more is enough."""
    longer = [request + b" " for request in observed["urgent"]]
    assert linear(observed["greeting"], longer) > 0.9
    assert forest(observed["greeting"], longer) > 0.9


async def test_each_kind_is_as_many_requests_of_the_same_length(tmp_path: Path) -> None:
    """One thing said is one envelope, whatever it is, and every stored row looks alike."""
    seen = Seen()
    async with two(tmp_path, turns=2, client_connect=seen.connect) as pair:
        await pair.client.send(OKAFOR, "with what is owed")
        requests = [request for name in KINDS for request in await say(pair, seen, [name])]
        assert len({len(request) for request in requests}) == 1
        with contextlib.closing(sqlite3.connect(pair.relay.file)) as database:
            rows = database.execute(
                "SELECT place >> 48 > 0, length(digest), length(bytes), day FROM envelope"
            ).fetchall()
        assert len(set(rows)) == 1
