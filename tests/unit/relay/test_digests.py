"""What does not wait in a mailbox is known without looking, however much was forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.relay.sqlite.digests import PREFIX_SIZE, RECORD_SIZE, KnownDigests

BOXES = [bytes([number]) * 32 for number in range(4)]
DIGESTS = [bytes([number]) * 32 for number in range(6)]
ONE_WITH_TWO = 512 + 2 * RECORD_SIZE


def record(digest: bytes, count: int) -> bytes:
    return digest[:PREFIX_SIZE] + count.to_bytes(4, "big")


@given(st.lists(st.tuples(st.sampled_from(BOXES), st.sampled_from(DIGESTS))))
def test_where_something_waits_is_always_known(deposits: list[tuple[bytes, bytes]]) -> None:
    known = KnownDigests(most=2 * ONE_WITH_TWO)
    waiting: dict[bytes, dict[bytes, int]] = {box: {} for box in BOXES}
    for box, digest in deposits:
        if not known.knows(box):
            known.learn(box, b"".join(record(*one) for one in waiting[box].items()))
        if digest in waiting[box]:
            assert waiting[box][digest] in known.counts(box, digest)
        else:
            waiting[box][digest] = len(waiting[box]) + 1
            known.add(box, digest, waiting[box][digest])
        known.tidy()


PREFIXES = st.sampled_from([bytes(8), b"\xff" * 8]) | st.binary(min_size=8, max_size=8)
RECORDS = st.lists(st.tuples(PREFIXES, st.integers(0, 2**32 - 1)))


@given(RECORDS, RECORDS, PREFIXES)
def test_only_what_was_told_is_known(
    learned: list[tuple[bytes, int]], added: list[tuple[bytes, int]], other: bytes
) -> None:
    known = KnownDigests()
    known.learn(BOXES[0], b"".join(record(*one) for one in learned))
    for prefix, count in added:
        known.add(BOXES[0], prefix + bytes(24), count)
    told = [*learned, *added]
    for prefix in {other, *(prefix for prefix, _ in told)}:
        expected = sorted(count for one, count in told if one == prefix)
        assert sorted(known.counts(BOXES[0], prefix + bytes(24))) == expected


def test_a_few_mailboxes_are_remembered_and_those_asked_for_lately_first() -> None:
    known = KnownDigests(most=3 * ONE_WITH_TWO)
    for box in BOXES[:3]:
        known.learn(box, record(DIGESTS[0], 1) + record(DIGESTS[1], 2))
    assert list(known.counts(BOXES[0], DIGESTS[2])) == []
    known.learn(BOXES[3], b"")
    known.tidy()
    assert [known.knows(box) for box in BOXES] == [True, False, True, True]


def test_deleted_ones_are_dropped_in_the_end() -> None:
    known = KnownDigests()
    known.learn(BOXES[0], b"")
    known.learn(BOXES[1], b"")
    for number in range(8_193):
        known.add(BOXES[0], number.to_bytes(8, "big") + bytes(24), number)
    known.tidy()
    assert [known.knows(box) for box in BOXES[:2]] == [False, True]
