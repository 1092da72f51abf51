"""Pitfall: nonce or salt reuse across processes (fork)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from e2etherapy.primitives.randomness import system_entropy
from e2etherapy.wire.envelope import split_message
from tests.support.people import connected, meet

REPOSITORY = Path(__file__).parents[2]
FORK = """
import os, sys
from e2etherapy.primitives.randomness import system_entropy
from tests.support.people import connected

pair = connected(turns=int(sys.argv[1]))
pair.client.draw = system_entropy
system_entropy(32)
reading, writing = os.pipe()
child = os.fork()
envelope = pair.client.seal("the same words in both processes")
envelope += pair.client.established.ratchet.sending.ciphertext
if child == 0:
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(envelope)
    os._exit(0)
os.close(writing)
with os.fdopen(reading, "rb") as pipe:
    other = pipe.read()
assert os.waitpid(child, 0)[1] == 0
sys.stdout.buffer.write(envelope + other)
"""


SIZE = 16_384 + 1_088


def seal_in_both_halves_of_a_fork(turns: int) -> tuple[bytes, bytes]:
    """Return envelope and KEM ciphertext of a process and its child, from one state in memory."""
    done = subprocess.run(
        [sys.executable, "-c", FORK, str(turns)], cwd=REPOSITORY, capture_output=True, check=True
    )
    assert len(done.stdout) == 2 * SIZE
    return done.stdout[:SIZE], done.stdout[SIZE:]


@pytest.mark.parametrize("turns", [3, 4], ids=["within a turn", "beginning a turn"])
def test_a_fork_repeats_no_salt_and_no_ciphertext(turns: int) -> None:
    parent, child = seal_in_both_halves_of_a_fork(turns)
    fields = zip(split_message(parent[:16_384]), split_message(child[:16_384]), strict=True)
    assert all(one != two for one, two in fields)


def test_a_fork_that_begins_a_turn_encapsulates_two_secrets() -> None:
    """The library that encapsulates draws its own randomness, in each process anew."""
    parent, child = seal_in_both_halves_of_a_fork(turns=4)
    assert parent[16_384:] != child[16_384:]


def test_sealing_the_same_words_twice_from_one_state_gives_nothing_to_compare() -> None:
    """With a repeated keystream the XOR of two bodies would be the XOR of their plaintexts."""
    pair = connected(turns=3)
    one, two = (split_message(pair.client.try_seal("same").envelope) for _ in range(2))
    assert one.salt != two.salt
    assert one.commitment != two.commitment
    mixed = bytes(a ^ b for a, b in zip(one.sealed_body, two.sealed_body, strict=True))
    assert mixed.count(0) < len(mixed) // 64
    headers = bytes(a ^ b for a, b in zip(one.sealed_header, two.sealed_header, strict=True))
    assert headers.count(0) < len(headers) // 32


def test_an_opening_repeats_no_nonce_although_its_values_repeat() -> None:
    pair = meet()
    one, two = pair.client.seal("same"), pair.client.seal("same")
    mixed = bytes(a ^ b for a, b in zip(one[32:1680], two[32:1680], strict=True))
    assert one[:32] != two[:32]
    assert mixed.count(0) < len(mixed) // 32


def test_the_one_door_to_entropy_gives_what_it_is_asked_for_and_never_the_same() -> None:
    drawn = {system_entropy(32) for _ in range(1_000)}
    assert len(drawn) == 1_000
    assert {len(value) for value in drawn} == {32}
