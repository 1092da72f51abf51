"""What a whole sync asks for: few requests, and no two conversations in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from e2etherapy.errors import RelayUnreachable
from e2etherapy.mailbox.batch import (
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    BatchedOperation,
    BatchResult,
)
from e2etherapy.mailbox.capabilities import OwnedMailbox
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.line.exchange import Asked
from tests.support.caseload import create_mailboxes, many
from tests.support.devices import Two, record_of, texts, two
from tests.support.people import seeded

SAM, OKAFOR = "Sam", "Dr. Okafor"
DRAW = seeded("mailboxes of batches")
ENVELOPES = [DRAW(16_384) for _ in range(3)]


@dataclass
class Requests:
    """Every request of one device, by method and kind."""

    requests: list[str] = field(default_factory=list)
    batches: list[list[BatchedOperation]] = field(default_factory=list)
    knows_batches: bool = True

    def connect(self, url: str) -> RelayConnection:
        return _Watched(self, url)

    def kinds(self) -> list[str]:
        """Return what was asked since the last time."""
        kinds = [request.partition("?")[0] for request in self.requests]
        self.requests.clear()
        return kinds


class _Watched(RelayConnection):
    def __init__(self, asked: Requests, url: str) -> None:
        super().__init__(url, clock=lambda: 0.0)
        self._asked = asked

    async def features(self) -> frozenset[str]:
        return await super().features() if self._asked.knows_batches else frozenset()

    async def batch(self, batched: Sequence[BatchedOperation]) -> list[BatchResult]:
        self._asked.batches.append(list(batched))
        return await super().batch(batched)

    async def _call(self, method: str, path: str, *given: object, **named: object) -> bytes:
        what = path.split("/")
        self._asked.requests.append(f"{method} {what[1]}{'/envelopes' * (len(what) > 3)}")
        return await super()._call(method, path, *given, **named)  # type: ignore[arg-type]


async def test_what_waits_in_an_outbox_goes_out_in_order_and_in_few_requests(
    tmp_path: Path,
) -> None:
    asked = Requests()
    async with two(tmp_path, turns=2, client_connect=asked.connect) as pair:
        words = await written_offline(pair, 40)
        asked.kinds()
        await pair.client.sync()
        deposits = [
            operation.envelope
            for batched in asked.batches
            for operation in batched
            if isinstance(operation, BatchedDeposit)
        ]
        assert len(deposits) == len(set(deposits)) == 41
        assert [kind for kind in asked.kinds() if kind == "POST batch"] == ["POST batch"] * 4
        assert (await pair.therapist.sync()).arrived == {SAM: 40}
        assert (await texts(pair.therapist, SAM))[-40:] == words


async def test_a_line_that_carries_one_envelope_in_time_carries_an_outbox(tmp_path: Path) -> None:
    """It takes 20 seconds for an envelope, and the relay waits for 30."""

    class Slow(RelayConnection):
        slow = False
        now = 0.0

        def __init__(self, url: str) -> None:
            super().__init__(url, clock=lambda: Slow.now)

        async def _call(self, method: str, path: str, asked: Asked, **named: float) -> bytes:
            seconds = len(asked.binary or b"") / 16_384 * 20 if Slow.slow else 0.0
            Slow.now += min(seconds, 30)
            if seconds > 30:
                raise RelayUnreachable("cut off")
            return await super()._call(method, path, asked, **named)  # type: ignore[arg-type]

    async with two(tmp_path, turns=2, client_connect=Slow) as pair:
        Slow.slow = True
        assert (await pair.client.send(OKAFOR, "x" * 60_000)).state == "stored"
        assert Slow.now == 30 + 30 + 6 * 20, "four, two, and then one by one"
        await pair.therapist.sync()
        assert (await texts(pair.therapist, SAM))[-1] == "x" * 60_000


async def written_offline(pair: Two, count: int) -> list[str]:
    """Let the client write while the relay is away; return the words."""
    relay = await pair.client.device.relay(pair.relay.url)
    call = relay._call

    async def down(*_given: object, **_named: object) -> bytes:
        raise RelayUnreachable("away")

    relay._call = down  # type: ignore[method-assign]
    words = [f"note {number}" for number in range(count)]
    for text in words:
        assert (await pair.client.send(OKAFOR, text)).state == "on_device"
    relay._call = call  # type: ignore[method-assign]
    return words


async def test_deposits_of_two_conversations_never_share_a_request(tmp_path: Path) -> None:
    """It would tell the relay that both come from one sender at that moment."""
    asked = Requests()
    async with two(tmp_path, turns=2, therapist_connect=asked.connect) as pair:
        await pair.client.join((await pair.therapist.invite("Other")).link, "Dr. O again")
        await pair.therapist.sync()
        pair.clock.forward(hours=7)
        await pair.client.send(OKAFOR, "one")
        await pair.client.send("Dr. O again", "two")
        await pair.therapist.sync()
        pair.clock.forward(hours=7)
        for number in range(3):
            for name in (SAM, "Other"):
                await pair.therapist.send(name, f"{number}")
        for batched in asked.batches:
            kinds = {type(operation) for operation in batched}
            assert len(kinds) == 1
            if kinds == {BatchedDeposit}:
                assert len({operation.key for operation in batched}) == 1


@pytest.mark.parametrize("fail", [0, 1, 2])
async def test_what_was_delivered_is_settled_when_another_one_failed(
    tmp_path: Path, fail: int
) -> None:
    class Failing(RelayConnection):
        armed = False

        async def batch(self, batched: Sequence[BatchedOperation]) -> list[BatchResult]:
            if not Failing.armed:
                return await super().batch(batched)
            kept = [one for number, one in enumerate(batched) if number != fail]
            results = await super().batch(kept)
            return [*results[:fail], BatchResult(500), *results[fail:]]

    async with two(tmp_path, turns=2, client_connect=Failing) as pair:
        Failing.armed = True
        report = await pair.client.send(OKAFOR, "x" * 30_000)
        # The first envelope is that of a receipt.
        assert report.state == ("on_device" if fail else "stored")
        assert (await pair.client.conversations())[0].waiting == 1
        Failing.armed = False
        await pair.client.sync()
        assert (await pair.client.thread(OKAFOR))[-1].state == "stored"
        await pair.therapist.sync()
        assert (await texts(pair.therapist, SAM))[-1] == "x" * 30_000


@pytest.mark.parametrize(("knows_batches", "most"), [(True, 8), (False, 210)])
async def test_a_caseload_is_collected_in_a_handful_of_requests_and_transactions(
    tmp_path: Path, knows_batches: bool, most: int
) -> None:
    """Its envelopes are noise here: a refusal is stored in the record as a message is."""
    asked = Requests(knows_batches=knows_batches)
    async with two(tmp_path, therapist_connect=asked.connect) as pair:
        mailboxes = await many(pair.therapist, SAM, 50)
        await create_mailboxes(pair, mailboxes)
        relay = await pair.client.device.relay(pair.relay.url)
        for number, mailbox in enumerate(mailboxes):
            for envelope in ENVELOPES[: 1 + number % 3]:
                await relay.deposit(mailbox.address(), envelope)
        await pair.client.send(OKAFOR, "hello")
        asked.kinds()
        written = counted_transactions(pair)
        report = await pair.therapist.sync()
        assert report.arrived == {SAM: 1}
        refused = sum(notice.count for notice in report.notices)
        assert refused == sum(1 + number % 3 for number in range(49))
        assert len(asked.kinds()) <= most
        assert written() <= 6
        await pair.therapist.journal_verify()
        assert await waiting_at(pair, mailboxes) == 0
        asked.kinds()
        await pair.therapist.sync()
        assert asked.kinds() == ["POST wait"]


def counted_transactions(pair: Two) -> Callable[[], int]:
    db = pair.therapist.device.vault.db
    write = db.write
    count = 0

    async def counting(statements: object) -> None:
        nonlocal count
        count += 1
        await write(statements)  # type: ignore[arg-type]

    db.write = counting  # type: ignore[method-assign]
    return lambda: count


async def waiting_at(pair: Two, mailboxes: Sequence[OwnedMailbox]) -> int:
    relay = await pair.client.device.relay(pair.relay.url)
    return sum([len(await relay.collect(mailbox.owner_key, 0)) for mailbox in mailboxes])


async def test_a_full_mailbox_among_others_is_fetched_page_by_page(tmp_path: Path) -> None:
    asked = Requests()
    async with two(tmp_path, turns=2, therapist_connect=asked.connect) as pair:
        await pair.client.join((await pair.therapist.invite("Other")).link, "Dr. O again")
        await pair.therapist.sync()
        for number in range(200):
            await pair.client.send(OKAFOR, f"{number}")
        await pair.client.send("Dr. O again", "briefly")
        asked.kinds()
        assert (await pair.therapist.sync()).arrived == {SAM: 200, "Other": 1}
        assert (await texts(pair.therapist, SAM))[-200:] == [str(n) for n in range(200)]
        kinds = asked.kinds()
        assert kinds.count("GET mailboxes/envelopes") == 3, "64 each, after 32 of the batch"
        assert kinds.count("POST batch") == 2
        limits = [
            operation.limit
            for batched in asked.batches
            for operation in batched
            if isinstance(operation, BatchedCollection)
        ]
        assert limits[-2:] == [32, 32]
        acknowledged = asked.batches[-1]
        assert {type(operation) for operation in acknowledged} == {BatchedAcknowledgement}
        record = await record_of(pair.therapist, SAM)
        assert record.acknowledged == record.collected
