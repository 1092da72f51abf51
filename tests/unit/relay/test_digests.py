"""What does not wait in a mailbox is known without looking, however much was forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.relay.sqlite.digests import PREFIX_SIZE, KnownDigests

BOXES = [bytes([number]) * 32 for number in range(4)]
DIGESTS = [bytes([number]) * 32 for number in range(6)]


@given(st.lists(st.tuples(st.sampled_from(BOXES), st.sampled_from(DIGESTS))))
def test_what_waits_is_never_taken_for_new(deposits: list[tuple[bytes, bytes]]) -> None:
    known = KnownDigests(most=8)
    waiting: dict[bytes, set[bytes]] = {box: set() for box in BOXES}
    for box, digest in deposits:
        if not known.knows(box):
            known.learn(box, b"".join(one[:PREFIX_SIZE] for one in waiting[box]))
        assert known.may_wait(box, digest) or digest not in waiting[box]
        known.add(box, digest)
        waiting[box].add(digest)
        known.tidy()


def test_a_few_mailboxes_are_remembered_and_those_asked_for_lately_first() -> None:
    known = KnownDigests(most=8)
    for box in BOXES[:3]:
        known.learn(box, DIGESTS[0][:PREFIX_SIZE])
    known.may_wait(BOXES[0], DIGESTS[1])
    known.learn(BOXES[3], b"".join(digest[:PREFIX_SIZE] for digest in DIGESTS[:2]))
    known.tidy()
    assert [known.knows(box) for box in BOXES] == [True, False, True, True]


def test_deleted_ones_are_dropped_in_the_end() -> None:
    known = KnownDigests()
    known.learn(BOXES[0], b"")
    known.learn(BOXES[1], b"")
    for number in range(8_193):
        known.add(BOXES[0], number.to_bytes(8, "big") + bytes(24))
    known.tidy()
    assert [known.knows(box) for box in BOXES[:2]] == [False, True]
