"""Answering a batch: each operation has a result of its own (docs/protocol.md, section 9.6)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from e2etherapy.mailbox.batch import (
    BatchedAcknowledgement,
    BatchedCollection,
    BatchedDeposit,
    BatchedOperation,
    BatchResult,
)
from e2etherapy.mailbox.capabilities import MailboxId, OwnerKey
from e2etherapy.mailbox.operations import pack_page
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay import problems
from e2etherapy.relay.counts import Counts
from e2etherapy.relay.decisions import REFUSAL
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.readiness import Readiness
from e2etherapy.relay.store import Deposit, DiskFull, Refused, Store, StoreError

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

    store: Store
    log: RelayLog
    today: int
    counts: Counts = field(default_factory=Counts)
    readiness: Readiness = field(default_factory=Readiness)

    async def run(self, operations: Sequence[BatchedOperation]) -> list[BatchResult]:
        """Return the results in the order of the operations."""
        results = await asyncio.gather(*map(self._result, operations))
        for operation, result in zip(operations, results, strict=True):
            self.counts.batched_operation(_NAMES[type(operation)], result.status)
        return results

    async def _result(self, operation: BatchedOperation) -> BatchResult:
        """Carry out one operation, whatever becomes of the others."""
        try:
            match operation:
                case BatchedDeposit():
                    return await self._deposit(operation)
                case BatchedCollection():
                    return await self._collect(operation)
                case BatchedAcknowledgement():
                    await self.store.acknowledge(
                        await self._owned(operation.key), operation.through
                    )
                    return _DONE
        except StoreError as error:
            if isinstance(error, DiskFull):
                self.readiness.found_no_room()
            return BatchResult(problems.of(error, self.log).status)
        except Exception as fault:  # noqa: BLE001 - logged without its words; the others go on
            self.counts.faults += 1
            self.log.fault(fault)
            return BatchResult(problems.internal().status)

    async def _deposit(self, operation: BatchedDeposit) -> BatchResult:
        envelope = operation.envelope
        deposit = Deposit(
            operation.mailbox, operation.key.hash(), sha256(envelope), envelope, self.today
        )
        await self.store.deposit(deposit)
        return _DONE

    async def _collect(self, operation: BatchedCollection) -> BatchResult:
        mailbox = await self._owned(operation.key)
        page = await self.store.collect(mailbox, operation.after, operation.limit)
        return BatchResult(200, pack_page(page))

    async def _owned(self, key: OwnerKey) -> MailboxId:
        mailbox = key.mailbox()
        if not await self.store.has_mailbox(mailbox):
            raise Refused(REFUSAL)
        return mailbox
