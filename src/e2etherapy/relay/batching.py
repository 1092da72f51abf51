"""Answering a batch: each operation has a result of its own (docs/protocol.md, section 9.5)."""

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
from e2etherapy.mailbox.capabilities import MailboxId, OwnerKey
from e2etherapy.mailbox.operations import pack_page
from e2etherapy.primitives.digest import sha256
from e2etherapy.relay import problems
from e2etherapy.relay.decisions import REFUSAL
from e2etherapy.relay.gate import Gate
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.problems import ProblemAnswer
from e2etherapy.relay.store import Deposit, Refused, Store, StoreError

_DONE = BatchResult(204)


@dataclass(frozen=True, slots=True)
class Batcher:
    """Carries out the operations of a batch at the same time, so that they share commits.

    They begin in their order: deposits into one mailbox get their positions in it.
    """

    store: Store
    gate: Gate
    log: RelayLog
    today: int

    async def run(self, operations: Sequence[BatchedOperation]) -> list[BatchResult]:
        """Return the results in the order of the operations."""
        return await asyncio.gather(*map(self._result, operations))

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
        except ProblemAnswer as problem:
            return BatchResult(problem.status)
        except StoreError as error:
            return BatchResult(problems.of(error).status)
        except Exception as fault:  # noqa: BLE001 - logged without its words; the others go on
            self.log.fault(fault)
            return BatchResult(problems.internal().status)

    async def _deposit(self, operation: BatchedDeposit) -> BatchResult:
        envelope = operation.envelope
        mailbox, key_hash = operation.mailbox, operation.key.hash()
        async with self.gate.deposit(mailbox, key_hash):
            deposit = Deposit(mailbox, key_hash, sha256(envelope), envelope, self.today)
            await self.store.deposit(deposit)
        return _DONE

    async def _collect(self, operation: BatchedCollection) -> BatchResult:
        mailbox = await self._owned(operation.key)
        page = await self.store.collect(mailbox, operation.after, operation.limit)
        return BatchResult(200, pack_page(page))

    async def _owned(self, key: OwnerKey) -> MailboxId:
        mailbox = key.mailbox()
        self.gate.owned(mailbox)
        if not await self.store.has_mailbox(mailbox):
            raise Refused(REFUSAL)
        return mailbox
