"""Many operations in one request: deposits, collections and acknowledgements in any mix.

    request  operations one after another; the key of each stands in the Authorization header,
             in the same order
             deposit      01 | mailbox id 32 | envelope 16,384
             collect      02 | u64 after | u8 limit
             acknowledge  03 | u64 through
    answer   a result for each operation, in order: u16 status | u32 n | n bytes
             (a page of records after 200, otherwise nothing)

(docs/protocol.md, section 9.6)
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from e2etherapy.errors import MalformedData
from e2etherapy.mailbox.capabilities import DepositKey, MailboxId, OwnerKey
from e2etherapy.mailbox.operations import MAX_PAGE, MAX_POSITION, RECORD_SIZE
from e2etherapy.primitives.octets import SecretOctets
from e2etherapy.wire.envelope import ENVELOPE_SIZE

MAX_OPERATIONS = 32
"""Of one batch: 512 KiB of envelopes."""
MAX_BATCHED_ENVELOPES = MAX_PAGE
"""What all collections of a batch may ask for together, so that an answer is no larger than a
page."""

_DEPOSIT, _COLLECT, _ACKNOWLEDGE = 1, 2, 3
_NAMED = struct.Struct(f">{MailboxId.SIZE}s{ENVELOPE_SIZE}s")
_AFTER = struct.Struct(">QB")
_THROUGH = struct.Struct(">Q")
_RESULT = struct.Struct(">HI")

RESULT_SIZE: Final = _RESULT.size
"""Of a result that nothing follows."""
MAX_REQUEST_SIZE: Final = MAX_OPERATIONS * (1 + _NAMED.size)
MAX_ANSWER_SIZE: Final = MAX_OPERATIONS * _RESULT.size + MAX_BATCHED_ENVELOPES * RECORD_SIZE


@dataclass(frozen=True, slots=True)
class BatchedDeposit:
    """Deposit an envelope of 16,384 bytes."""

    key: DepositKey
    mailbox: MailboxId
    envelope: bytes


@dataclass(frozen=True, slots=True)
class BatchedCollection:
    """Fetch at most `limit` (1 to 64) envelopes with a position above `after`."""

    key: OwnerKey
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class BatchedAcknowledgement:
    """Delete every envelope with a position of at most `through`."""

    key: OwnerKey
    through: int


BatchedOperation = BatchedDeposit | BatchedCollection | BatchedAcknowledgement


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one operation.

    Attributes:
        status: 200 or 204, or the HTTP status that the operation alone would have been answered.
        content: the page after 200; otherwise empty.
    """

    status: int
    content: bytes = b""


def pack_operations(operations: Iterable[BatchedOperation]) -> bytes:
    """Return the body of a request; the keys travel in its Authorization header."""
    return b"".join(map(_pack, operations))


def keys_of(operations: Sequence[BatchedOperation]) -> list[SecretOctets]:
    """Return the keys in the order of the operations."""
    return [operation.key for operation in operations]


def unpack_operations(data: bytes, keys: Sequence[bytes]) -> list[BatchedOperation]:
    """Read the body of a request.

    Args:
        data: the body.
        keys: 32 bytes each, as many as there are operations.

    Raises:
        MalformedData: no operation or more than 32, one that is cut off or unknown, another
            number of keys, a position or limit out of range, or collections that ask for more
            than 64 envelopes together.
    """
    operations: list[BatchedOperation] = []
    offset = wanted = 0
    while offset < len(data):
        if len(operations) == min(len(keys), MAX_OPERATIONS):
            raise MalformedData("A batch has a key for each operation, and at most 32 of them.")
        read = _READERS.get(data[offset])
        if read is None:
            raise MalformedData("A batch has an operation of no known kind.")
        try:
            operation, size = read(data, offset + 1, keys[len(operations)])
        except struct.error:
            raise MalformedData("A batch ends within an operation.") from None
        operations.append(operation)
        offset += 1 + size
        wanted += operation.limit if isinstance(operation, BatchedCollection) else 0
    if not operations or len(operations) != len(keys):
        raise MalformedData("A batch has a key for each operation, and at least one of them.")
    if wanted > MAX_BATCHED_ENVELOPES:
        raise MalformedData("The collections of a batch ask for at most 64 envelopes together.")
    return operations


def pack_results(results: Iterable[BatchResult]) -> bytes:
    """Return the body of an answer."""
    return b"".join(
        part
        for result in results
        for part in (_RESULT.pack(result.status, len(result.content)), result.content)
    )


def unpack_results(data: bytes, count: int) -> list[BatchResult]:
    """Read the body of an answer to `count` operations.

    Raises:
        MalformedData: another number of results, or one that is cut off.
    """
    results = []
    offset = 0
    try:
        for _ in range(count):
            status, size = _RESULT.unpack_from(data, offset)
            offset += _RESULT.size
            content = data[offset : offset + size]
            offset += size
            results.append(BatchResult(status, content))
    except struct.error:
        raise MalformedData("An answer to a batch ends too early.") from None
    if offset != len(data):
        raise MalformedData("An answer to a batch has not one result for each operation.")
    return results


def _pack(operation: BatchedOperation) -> bytes:
    match operation:
        case BatchedDeposit():
            return bytes((_DEPOSIT,)) + _NAMED.pack(operation.mailbox, operation.envelope)
        case BatchedCollection():
            return bytes((_COLLECT,)) + _AFTER.pack(operation.after, operation.limit)
        case BatchedAcknowledgement():
            return bytes((_ACKNOWLEDGE,)) + _THROUGH.pack(operation.through)


_Read = Callable[[bytes, int, bytes], tuple[BatchedOperation, int]]


def _deposit(data: bytes, offset: int, key: bytes) -> tuple[BatchedOperation, int]:
    mailbox, envelope = _NAMED.unpack_from(data, offset)
    return BatchedDeposit(DepositKey(key), MailboxId(mailbox), envelope), _NAMED.size


def _collection(data: bytes, offset: int, key: bytes) -> tuple[BatchedOperation, int]:
    after, limit = _AFTER.unpack_from(data, offset)
    if after > MAX_POSITION or not 1 <= limit <= MAX_PAGE:
        raise MalformedData("A collection of a batch is out of range.")
    return BatchedCollection(OwnerKey(key), after, limit), _AFTER.size


def _acknowledgement(data: bytes, offset: int, key: bytes) -> tuple[BatchedOperation, int]:
    (through,) = _THROUGH.unpack_from(data, offset)
    if through > MAX_POSITION:
        raise MalformedData("An acknowledgement of a batch is out of range.")
    return BatchedAcknowledgement(OwnerKey(key), through), _THROUGH.size


_READERS: dict[int, _Read] = {
    _DEPOSIT: _deposit,
    _COLLECT: _collection,
    _ACKNOWLEDGE: _acknowledgement,
}
