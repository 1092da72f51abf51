from __future__ import annotations

import msgspec
import pytest

from e2etherapy.errors import EnvelopeRefused, ReplayedEnvelope, TooManySkipped
from e2etherapy.session import skipped_keys
from e2etherapy.session.limits import STANDARD, Limits
from e2etherapy.session.skipped_keys import (
    ChainKey,
    HeaderKey,
    MessageSecret,
    ReceivingChain,
    SkippedKey,
    advance,
)

SMALL = Limits(
    skipped_keys_per_chain=3,
    old_chains=2,
    stored_keys=5,
    skipped_key_days=45,
    chain_length=10,
    opening_grace_days=30,
)
TODAY = 100


def chain(number: int = 0) -> ReceivingChain:
    return ReceivingChain(HeaderKey(bytes([number]) * 32), ChainKey(bytes(32)), 0, {})


def secrets(count: int) -> list[MessageSecret]:
    chain_key, found = ChainKey(bytes(32)), []
    for _ in range(count):
        chain_key, secret = advance(chain_key)
        found.append(secret)
    return found


def holding(*numbers: int, day: int = TODAY, name: int = 0) -> ReceivingChain:
    kept = {number: SkippedKey(MessageSecret(bytes(32)), day) for number in numbers}
    return ReceivingChain(HeaderKey(bytes([name]) * 32), None, 99, kept)


def test_each_number_has_a_secret_of_its_own_and_the_chain_key_moves_on() -> None:
    first = advance(ChainKey(bytes(32)))
    second = advance(first.chain_key)
    assert len({bytes(value) for value in (*first, *second)}) == 4


def test_numbers_in_order_take_one_secret_after_another() -> None:
    current = chain()
    for number, expected in enumerate(secrets(3)):
        current, secret = skipped_keys.take(current, number, TODAY, SMALL)
        assert secret == expected
        assert current.skipped == {}


def test_any_order_gives_the_same_secrets() -> None:
    current, expected = chain(), secrets(4)
    for number in (2, 0, 3, 1):
        current, secret = skipped_keys.take(current, number, TODAY, SMALL)
        assert secret == expected[number]
    assert current.skipped == {}
    assert current.next_number == 4


def test_a_number_is_taken_only_once() -> None:
    current, _ = skipped_keys.take(chain(), 1, TODAY, SMALL)
    current, _ = skipped_keys.take(current, 0, TODAY, SMALL)
    for number in (0, 1):
        with pytest.raises(ReplayedEnvelope):
            skipped_keys.take(current, number, TODAY, SMALL)


def test_of_more_missing_ones_than_the_limit_says_the_newest_are_kept() -> None:
    current, _ = skipped_keys.take(chain(), 3, TODAY, SMALL)
    assert sorted(current.skipped) == [0, 1, 2]
    current, secret = skipped_keys.take(current, 5, TODAY, SMALL)
    assert secret == secrets(6)[5]
    assert sorted(current.skipped) == [1, 2, 4]
    current, secret = skipped_keys.take(current, 9, TODAY, SMALL)
    assert secret == secrets(10)[9]
    assert sorted(current.skipped) == [6, 7, 8]
    with pytest.raises(ReplayedEnvelope):
        skipped_keys.take(current, 4, TODAY, SMALL)
    assert skipped_keys.take(current, 7, TODAY, SMALL)[1] == secrets(8)[7]


@pytest.mark.parametrize("number", [10, 11, 2**32 - 1])
def test_a_number_that_no_author_may_use_is_refused(number: int) -> None:
    with pytest.raises(TooManySkipped):
        skipped_keys.take(chain(), number, TODAY, SMALL)
    assert skipped_keys.take(chain(), 9, TODAY, SMALL)[1] == secrets(10)[9]


def test_nothing_is_changed_in_place() -> None:
    current, _ = skipped_keys.take(chain(), 2, TODAY, SMALL)
    before = msgspec.msgpack.encode(current, enc_hook=bytes)
    skipped_keys.take(current, 0, TODAY, SMALL)
    skipped_keys.skip(current, 4, TODAY, SMALL)
    skipped_keys.close(current, 4, TODAY, SMALL)
    skipped_keys.prune((current,), TODAY + 100, SMALL)
    assert msgspec.msgpack.encode(current, enc_hook=bytes) == before


def test_a_closed_chain_keeps_what_is_missing_and_no_chain_key() -> None:
    current, _ = skipped_keys.take(chain(), 1, TODAY, SMALL)
    closed = skipped_keys.close(current, 4, TODAY, SMALL)
    assert closed.chain_key is None
    assert sorted(closed.skipped) == [0, 2, 3]
    assert skipped_keys.take(closed, 3, TODAY, SMALL)[1] == secrets(4)[3]
    with pytest.raises(EnvelopeRefused):
        skipped_keys.take(closed, 4, TODAY, SMALL)
    assert skipped_keys.close(closed, 9, TODAY, SMALL) is closed


def test_a_chain_cannot_end_before_what_arrived_nor_longer_than_a_turn() -> None:
    current, _ = skipped_keys.take(chain(), 1, TODAY, SMALL)
    with pytest.raises(EnvelopeRefused):
        skipped_keys.close(current, 1, TODAY, SMALL)
    with pytest.raises(TooManySkipped):
        skipped_keys.close(current, 11, TODAY, SMALL)


def test_a_chain_that_ends_far_ahead_keeps_its_newest_secrets() -> None:
    current, _ = skipped_keys.take(chain(), 1, TODAY, SMALL)
    closed = skipped_keys.close(current, 10, TODAY, SMALL)
    assert sorted(closed.skipped) == [7, 8, 9]
    assert skipped_keys.take(closed, 9, TODAY, SMALL)[1] == secrets(10)[9]


def test_secrets_live_as_many_days_as_the_limit_says() -> None:
    chains = (holding(0, day=TODAY), holding(0, day=TODAY))
    assert skipped_keys.prune(chains, TODAY + 45, SMALL) == chains
    (newest,) = skipped_keys.prune(chains, TODAY + 46, SMALL)
    assert newest.skipped == {}


def test_a_clock_that_goes_back_forgets_nothing() -> None:
    chains = (holding(0, day=TODAY), holding(0, day=TODAY))
    assert skipped_keys.prune(chains, TODAY - 1_000, SMALL) == chains


def test_old_chains_are_dropped_beyond_the_limit_and_when_they_are_empty() -> None:
    chains = tuple(holding(0, name=name) for name in range(5))
    kept = skipped_keys.prune(chains, TODAY, SMALL)
    assert kept == chains[:3]
    empty = (holding(0), holding(name=1), holding(0, name=2))
    assert skipped_keys.prune(empty, TODAY, SMALL) == (empty[0], empty[2])


def test_the_newest_chain_stays_even_when_it_is_empty() -> None:
    chains = (holding(), holding(1, name=1))
    assert skipped_keys.prune(chains, TODAY, SMALL) == chains
    assert skipped_keys.prune((holding(),), TODAY, SMALL) == (holding(),)


def test_surplus_is_taken_from_the_oldest_chain_and_there_from_the_lowest_numbers() -> None:
    chains = (holding(0, 1, 2), holding(4, 5, 6, name=1), holding(7, name=2))
    newest, older = skipped_keys.prune(chains, TODAY, SMALL)
    assert sorted(newest.skipped) == [0, 1, 2]
    assert sorted(older.skipped) == [5, 6]


def test_the_standard_limits_are_those_of_the_specification() -> None:
    assert Limits(2_048, 4, 4_096, 45, 8_192, 30) == STANDARD
    assert STANDARD.skipped_keys_per_chain < STANDARD.chain_length < 2**32
