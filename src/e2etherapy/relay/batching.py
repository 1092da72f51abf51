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
    pack_results,
)
from e2etherapy.mailbox.capabilities import MailboxId
from e2etherapy.relay.incidents import Incidents
from e2etherapy.relay.mailboxes import Mailboxes
from e2etherapy.relay.problems import ProblemAnswer
from e2etherapy.relay.reading import Reading

_DONE = BatchResult(204)
_NAMES: dict[type[BatchedOperation], str] = {
    BatchedDeposit: "deposit",
    BatchedCollection: "collect",
    BatchedAcknowledgement: "acknowledge",
}
"""As the operations are called that have a request of their own."""


@dataclass(frozen=True, slots=True)
class _Granted:
    """A collection from a mailbox that was found to be the caller's."""

    mailbox: MailboxId
    asked: BatchedCollection


@dataclass(frozen=True, slots=True)
class Batcher:
    """Carries out the operations of a batch at the same time, so that they share commits.

    They begin in their order: deposits into one mailbox get their positions in it. Pages are read
    when all else is done: few are in memory at the same moment, and they stay until the answer is
    made, so that whatever a page waited for would hold up other readers.
    """

    mailboxes: Mailboxes
    incidents: Incidents
    reading: Reading

    async def answer(self, operations: Sequence[BatchedOperation]) -> bytes:
        """Return the results in the order of the operations, packed."""
        begun = await asyncio.gather(*map(self._begin, operations))
        done = [one for one in begun if isinstance(one, BatchResult)]
        if len(done) == len(begun):
            return self._packed(operations, done)
        try:
            async with self.reading.turn():
                return self._packed(operations, await asyncio.gather(*map(self._end, begun)))
        except ProblemAnswer as late:  # of the turn: what an operation meets is its result
            done = [one if isinstance(one, BatchResult) else self._problem(late) for one in begun]
        return self._packed(operations, done)

    def _packed(
        self, operations: Sequence[BatchedOperation], results: Sequence[BatchResult]
    ) -> bytes:
        for operation, result in zip(operations, results, strict=True):
            self.incidents.counts.batched_operation(_NAMES[type(operation)], result.status)
        return pack_results(results)

    async def _begin(self, operation: BatchedOperation) -> BatchResult | _Granted:
        """Carry out one operation up to where a page would be read."""
        try:
            return await self._carry_out(operation)
        except Exception as problem:  # noqa: BLE001 - counted, logged and told; the others go on
            return self._problem(problem)

    async def _end(self, begun: BatchResult | _Granted) -> BatchResult:
        """Read the page of one operation, if it is to have one."""
        if isinstance(begun, BatchResult):
            return begun
        asked = begun.asked
        try:
            page = await self.mailboxes.collect(begun.mailbox, asked.after, asked.limit)
        except Exception as problem:  # noqa: BLE001 - counted, logged and told; the others go on
            return self._problem(problem)
        return BatchResult(200, page)

    def _problem(self, problem: Exception) -> BatchResult:
        return BatchResult(self.incidents.answer_to(problem).status)

    async def _carry_out(self, operation: BatchedOperation) -> BatchResult | _Granted:
        boxes = self.mailboxes
        match operation:
            case BatchedDeposit():
                await boxes.deposit(operation.mailbox, operation.key, operation.envelope)
                return _DONE
            case BatchedCollection():
                return _Granted(await boxes.owned(operation.key), operation)
            case BatchedAcknowledgement():
                mailbox = await boxes.owned(operation.key)
                await boxes.store.acknowledge(mailbox, operation.through)
                return _DONE
