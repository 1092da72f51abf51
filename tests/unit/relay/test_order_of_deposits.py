"""Deposits into one mailbox get their positions in the order in which a node takes them in."""

from __future__ import annotations

import asyncio

import pytest

from e2etherapy.mailbox.operations import MAX_PAGE
from tests.support.nodes import two_nodes
from tests.support.postgres import KINDS, Server
from tests.support.relays import envelope

ROUNDS = 8
IN_A_BATCH = 20


@pytest.mark.parametrize("kind", KINDS)
async def test_batches_that_several_groups_write_keep_their_order(
    postgres_server: Server, kind: str
) -> None:
    texts = [f"{number}" for number in range(ROUNDS * IN_A_BATCH)]
    async with two_nodes(postgres_server, kind) as nodes:
        boxes = [await nodes.mailbox() for _ in range(6)]
        for start in range(0, len(texts), IN_A_BATCH):
            some = texts[start : start + IN_A_BATCH]
            await asyncio.gather(
                *(nodes.first.deposit(box.deposit(text)) for box in boxes for text in some)
            )
        for box in boxes:
            found: list[bytes] = []
            while page := await nodes.first.collect(box.id, len(found), MAX_PAGE):
                found += [item.envelope for item in page]
            assert found == [envelope(text) for text in texts]
