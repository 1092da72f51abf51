"""What the operator of a relay can do to a batch: to one of its operations, and to its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from e2etherapy.mailbox.batch import (
    BatchedCollection,
    BatchedDeposit,
    BatchedOperation,
    BatchResult,
    pack_results,
)

Carry = Callable[[BatchedOperation], BatchResult]
_FAULT = BatchResult(500)
_NO_ROOM = BatchResult(507)


class Lie(Enum):
    """One deed."""

    FAIL_THE_FIRST = "the first operation is not carried out, and that is said"
    FAIL_AND_REVERSE = "the first operation is not carried out, and the last is said not to be"
    NO_ROOM_IN_THE_MIDDLE = "an operation in the middle is refused room"
    DROP = "a result is left out"
    REPEAT = "a result is there twice"
    REVERSE = "the results are in another order"
    SWAP_PAGES = "each mailbox is given another one's page"
    REPEAT_PAGES = "each mailbox is given the first one's page"
    CUT_A_PAGE = "a page ends within an envelope"
    CUT_THE_ANSWER = "the answer ends too early"
    WRONG_SIZE = "a result says that it is longer than it is"
    PAGE_AFTER_A_REFUSAL = "a page comes with a status that has none"


@dataclass(frozen=True)
class Told:
    """What the device is told.

    Attributes:
        answer: the bytes of the answer.
        claimed: envelopes that are said to be stored.
        lost: envelopes that are said to be stored and are not, or were shown to the wrong mailbox.
    """

    answer: bytes
    claimed: list[bytes]
    lost: list[bytes]


def answer(operations: Sequence[BatchedOperation], carry: Carry, lie: Lie | None) -> Told:
    """Carry the operations out, or not, and say something of each."""
    withheld: dict[Lie | None, tuple[int | None, BatchResult]] = {
        Lie.FAIL_THE_FIRST: (0, _FAULT),
        Lie.FAIL_AND_REVERSE: (0, _NO_ROOM),
        Lie.NO_ROOM_IN_THE_MIDDLE: (len(operations) // 2, _NO_ROOM),
    }
    index, failed = withheld.get(lie, (None, _FAULT))
    true = [
        failed if number == index else carry(operation)
        for number, operation in enumerate(operations)
    ]
    told = _BENT[lie](true) if lie in _BENT else true
    claimed, lost = [], []
    for operation, real, said in zip(operations, true, told, strict=False):
        if isinstance(operation, BatchedDeposit) and said.status == 204:
            claimed.append(operation.envelope)
            lost += [operation.envelope] * (real.status != 204)
        elif isinstance(operation, BatchedCollection) and said != real:
            lost += _envelopes(real.content)
    packed = pack_results(told)
    return Told(_SPOILT[lie](packed) if lie in _SPOILT else packed, claimed, lost)


def _envelopes(page: bytes) -> list[bytes]:
    size = 8 + 16_384
    return [page[start + 8 : start + size] for start in range(0, len(page), size)]


def _swapped(results: list[BatchResult]) -> list[BatchResult]:
    pages = [result.content for result in results]
    given = pages[1:] + pages[:1]
    return [replace(result, content=page) for result, page in zip(results, given, strict=True)]


def _cut(results: list[BatchResult]) -> list[BatchResult]:
    first, *others = results
    return [replace(first, content=first.content[:-1]), *others]


_BENT: dict[Lie | None, Callable[[list[BatchResult]], list[BatchResult]]] = {
    Lie.FAIL_AND_REVERSE: lambda results: results[::-1],
    Lie.DROP: lambda results: results[1:],
    Lie.REPEAT: lambda results: [*results, results[-1]],
    Lie.REVERSE: lambda results: results[::-1],
    Lie.SWAP_PAGES: _swapped,
    Lie.REPEAT_PAGES: lambda results: [replace(r, content=results[0].content) for r in results],
    Lie.CUT_A_PAGE: _cut,
    Lie.PAGE_AFTER_A_REFUSAL: lambda results: [
        replace(result, status=404, content=result.content or b"x") for result in results
    ],
}
_SPOILT: dict[Lie | None, Callable[[bytes], bytes]] = {
    Lie.CUT_THE_ANSWER: lambda packed: packed[:-1],
    Lie.WRONG_SIZE: lambda packed: packed[:2] + b"\x00\x00\xff\xff" + packed[6:],
}
