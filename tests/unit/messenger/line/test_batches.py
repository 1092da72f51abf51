"""Operations that share requests: what becomes of each part, whatever a relay answers."""

from __future__ import annotations

import pytest

from e2etherapy.errors import (
    RelayBusy,
    RelayFull,
    RelayProtocolError,
    RelayRefused,
    RelayUnreachable,
)
from e2etherapy.mailbox.batch import BatchResult, pack_results
from e2etherapy.mailbox.capabilities import DepositAddress, OwnedMailbox, OwnerKey
from e2etherapy.mailbox.operations import MAX_PAGE, StoredEnvelope, pack_page
from e2etherapy.messenger.line.batches import acknowledge_many, collect_many, deposit_many
from e2etherapy.messenger.line.connection import RelayConnection
from e2etherapy.messenger.line.pace import Pace
from tests.support.people import seeded

DRAW = seeded("mailboxes of batches")
OWNED = [OwnedMailbox.generate(DRAW) for _ in range(3)]
ENVELOPES = [DRAW(16_384) for _ in range(3)]


class Saying(RelayConnection):
    """A relay of which every answer to a batch is given."""

    def __init__(self, *answers: bytes, features: object = ("batch",)) -> None:
        super().__init__("http://127.0.0.1:1", clock=lambda: 0.0)
        self._answers = list(answers)
        self._offered = features
        self.asked: list[str] = []

    async def health(self) -> dict[str, object]:
        self.asked.append("health")
        offered = self._offered
        return {"features": list(offered) if isinstance(offered, tuple) else offered}

    async def _call(self, method: str, path: str, *given: object, **named: object) -> bytes:
        self.asked.append(path.rpartition("/")[2])
        return self._answers.pop(0)


def said(*results: tuple[int, bytes]) -> bytes:
    return pack_results(BatchResult(status, content) for status, content in results)


def page(*positions: int) -> bytes:
    return pack_page(StoredEnvelope(position, ENVELOPES[0]) for position in positions)


WANTED = [(owned.owner_key, 7) for owned in OWNED]


async def test_each_deposit_has_its_own_outcome() -> None:
    relay = Saying(said((204, b""), (507, b""), (200, b"")))
    outcomes = await deposit_many(relay, OWNED[0].address(), ENVELOPES)
    assert outcomes[0] is None
    assert [type(outcome) for outcome in outcomes[1:]] == [RelayFull, RelayProtocolError]


async def test_a_deposit_whose_key_has_asked_too_often_waits_for_the_next_time() -> None:
    relay = Saying(said((204, b""), (429, b""), (503, b"")))
    outcomes = await deposit_many(relay, OWNED[0].address(), ENVELOPES)
    assert [type(outcome) for outcome in outcomes[1:]] == [RelayBusy, RelayBusy]


async def test_a_page_that_makes_no_sense_spoils_no_other_one() -> None:
    for bad in (page(7), page(3), page(9, 8), page(8)[:-1]):
        relay = Saying(said((200, page(8, 11)), (200, bad), (404, b"")))
        first, second, third = await collect_many(relay, WANTED)
        assert isinstance(first, list)
        assert [stored.position for stored in first] == [8, 11]
        assert type(second) is RelayProtocolError
        assert type(third) is RelayRefused


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        said((200, b""), (200, b"")),
        said(*[(200, b"")] * 4),
        said(*[(200, b"")] * 3)[:-1],
        said(*[(200, b"")] * 3) + b"\x00",
        said((200, page(*range(8, 8 + 22))), (200, b""), (200, b"")),
        said((404, page(8)), (200, b""), (200, b"")),
        said((204, b"x"), (200, b""), (200, b"")),
    ],
    ids=["nothing", "two", "four", "short", "long", "too much", "404 with page", "204 with body"],
)
async def test_an_answer_of_another_form_is_refused_as_a_whole(answer: bytes) -> None:
    with pytest.raises(RelayProtocolError):
        await collect_many(Saying(answer), WANTED)


async def test_a_deposit_or_an_acknowledgement_is_answered_with_no_page() -> None:
    answer = said((200, page(8)), (204, b""), (204, b""))
    with pytest.raises(RelayProtocolError):
        await acknowledge_many(Saying(answer), WANTED)
    with pytest.raises(RelayProtocolError):
        await deposit_many(Saying(answer), OWNED[0].address(), ENVELOPES)


async def test_what_a_relay_offers_is_asked_once() -> None:
    relay = Saying(said((204, b""), (204, b"")), said((204, b""), (204, b"")))
    for _ in range(2):
        assert await acknowledge_many(relay, WANTED[:2]) == [None, None]
    assert relay.asked == ["health", "batch", "batch"]


async def test_one_operation_is_no_batch() -> None:
    relay = Saying(b"")
    assert await deposit_many(relay, OWNED[0].address(), ENVELOPES[:1]) == [None]
    assert relay.asked == ["envelopes"]


@pytest.mark.parametrize("features", [None, 5, "batch", ("batch", 1), {"batch": 1}])
async def test_features_that_are_no_list_of_names_make_no_sense(features: object) -> None:
    with pytest.raises(RelayProtocolError):
        await Saying(features=features).features()


async def test_a_relay_that_forgot_batches_is_asked_one_by_one_from_then_on() -> None:
    class Forgetful(Saying):
        async def _call(self, method: str, path: str, *given: object, **named: object) -> bytes:
            await super()._call(method, path)
            if path == "/batch":
                raise RelayRefused("nothing here")
            return b""

    relay = Forgetful(*[b""] * 5)
    for _ in range(2):
        assert await acknowledge_many(relay, WANTED[:2]) == [None, None]
    assert relay.asked[:2] == ["health", "batch"]
    assert "batch" not in relay.asked[2:]


async def test_one_by_one_nothing_overtakes_a_deposit_that_failed() -> None:
    class Full(Saying):
        async def deposit(self, address: DepositAddress, envelope: bytes) -> None:
            self.asked.append("deposit")
            if len(self.asked) == 3:
                raise RelayFull("full")

    relay = Full(features=())
    outcomes = await deposit_many(relay, OWNED[0].address(), ENVELOPES)
    assert relay.asked == ["health", "deposit", "deposit"]
    assert [outcome is None for outcome in outcomes] == [True, False, False]


async def test_one_by_one_a_mailbox_that_is_gone_stops_no_other_one() -> None:
    class Gone(Saying):
        async def collect(
            self, owner_key: OwnerKey, after: int, limit: int = MAX_PAGE
        ) -> list[StoredEnvelope]:
            if owner_key == OWNED[0].owner_key:
                raise RelayRefused("gone")
            return [StoredEnvelope(after + 1, ENVELOPES[0])]

    pages = await collect_many(Gone(features=()), WANTED)
    assert [type(found) for found in pages] == [RelayRefused, list, list]


async def test_a_request_that_takes_long_or_fails_late_makes_the_following_ones_shorter() -> None:
    ticks = iter([0.0, 20.0, 100.0, 101.0, 200.0, 230.0, 300.0, 300.1, 400.0, 400.1])
    relay = Saying(said(*[(204, b"")] * 3), said((204, b""), (204, b"")))
    relay.clock = lambda: next(ticks)
    relay.pace = Pace(8)
    await deposit_many(relay, OWNED[0].address(), ENVELOPES)
    assert relay.pace == Pace(4)
    await deposit_many(relay, OWNED[0].address(), ENVELOPES[:2])
    assert relay.pace == Pace(4)
    call = relay._call

    async def down(*_given: object, **_named: object) -> bytes:
        raise RelayUnreachable("away")

    relay._call = down  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(RelayUnreachable):
            await deposit_many(relay, OWNED[0].address(), ENVELOPES)
        assert relay.pace == Pace(2)
    relay._call, relay.pace = call, Pace(1)  # type: ignore[method-assign]
    relay._answers.append(b"")
    assert await deposit_many(relay, OWNED[0].address(), ENVELOPES[:1]) == [None]
    assert relay.pace == Pace(2), "also a single deposit tells how quick the line is"
