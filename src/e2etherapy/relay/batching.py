"""Answering a batch: each operation has a result of its own (docs/protocol.md, section 9.6)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from e2etherapy.mailbox.batch import (
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    BatchedOperation,
    BatchResult,
)
from e2etherapy.relay.incidents import Incidents
from e2etherapy.relay.mailboxes import Mailboxes

_DONE = BatchResult(204)
_NAMES: dict[type[BatchedOperation], str] = {
    BatchedDeposit: "deposit",
    BatchedCollection: "collect",
    BatchedAcknowledgement: "acknowledge",
}
"""As the operations are called that have a request of their own."""


@dataclass(frozen=True, slots=True)
class Batcher:
    """Carries out the operations of a batch at the same time, so that they share commits.

    They begin in their order: deposits into one mailbox get their positions in it.
    """

    mailboxes: Mailboxes
    incidents: Incidents

    async def run(self, operations: Sequence[BatchedOperation]) -> list[BatchResult]:
        """Return the results in the order of the operations."""
        results = await asyncio.gather(*map(self._result, operations))
        for operation, result in zip(operations, results, strict=True):
            self.incidents.counts.batched_operation(_NAMES[type(operation)], result.status)
        return results

    async def _result(self, operation: BatchedOperation) -> BatchResult:
        """Carry out one operation, whatever becomes of the others."""
        try:
            return await self._carry_out(operation)
        except Exception as problem:  # noqa: BLE001 - counted, logged and told; the others go on
            return BatchResult(self.incidents.answer_to(problem).status)

    async def _carry_out(self, operation: BatchedOperation) -> BatchResult:
        boxes = self.mailboxes
        match operation:
            case BatchedDeposit():
                await boxes.deposit(operation.mailbox, operation.key, operation.envelope)
                return _DONE
            case BatchedCollection():
                mailbox = await boxes.owned(operation.key)
                page = await boxes.collect(mailbox, operation.after, operation.limit)
                return BatchResult(200, page)
            case BatchedAcknowledgement():
                mailbox = await boxes.owned(operation.key)
                await boxes.store.acknowledge(mailbox, operation.through)
                return _DONE
