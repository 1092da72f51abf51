"""Pitfall: header that tells chains apart."""

from __future__ import annotations

import itertools
import zlib

from e2etherapy.wire.envelope import ENVELOPE_SIZE
from tests.support.people import Pair, connected, meet

RUN = 8
"""Two random envelopes share 8 bytes in a row with a probability of about 2^-36."""


def conversation_of(seed: str) -> list[bytes]:
    """Return the envelopes of five turns with three envelopes each."""
    pair = meet(seed)
    envelopes = []
    for turn in range(5):
        author, reader = (
            (pair.client, pair.therapist) if turn % 2 == 0 else (pair.therapist, pair.client)
        )
        for _ in range(3):
            envelope = author.seal("the same words every time")
            reader.open(envelope)
            envelopes.append(envelope)
    return envelopes


def runs(envelope: bytes) -> set[bytes]:
    return {envelope[start : start + RUN] for start in range(ENVELOPE_SIZE - RUN + 1)}


def test_no_two_envelopes_share_any_run_of_bytes() -> None:
    """Within a chain the header repeats keys of 2,304 bytes; none of them may show."""
    seen = [runs(envelope) for envelope in (*conversation_of("one"), *conversation_of("two"))]
    for first, second in itertools.combinations(seen, 2):
        assert first.isdisjoint(second)


def test_no_public_key_shows_in_an_envelope() -> None:
    pair = meet()
    opening = pair.client.seal("first")
    pair.therapist.open(opening)
    answer = pair.therapist.seal("answer")
    public = _public_values(pair)
    assert len(public) == 10
    for value, envelope in itertools.product(public, (opening, answer)):
        for start in range(0, len(value) - RUN, RUN):
            assert value[start : start + RUN] not in envelope


def test_an_opening_has_the_form_of_any_other_envelope() -> None:
    envelopes = conversation_of("form")
    assert {len(envelope) for envelope in envelopes} == {ENVELOPE_SIZE}
    for envelope in envelopes:
        assert len(zlib.compress(envelope, 9)) > ENVELOPE_SIZE


def test_bytes_at_each_place_differ_from_envelope_to_envelope() -> None:
    """No field, version or flag stays the same: over 60 envelopes each place varies."""
    envelopes = [e for seed in "abcd" for e in conversation_of(seed)]
    assert all(len(set(column)) > 1 for column in zip(*envelopes, strict=True))


def test_bytes_are_spread_evenly() -> None:
    """Chi-square over all bytes; the bound has a false alarm of less than 10^-9."""
    data = b"".join(conversation_of("chi-square"))
    expected = len(data) / 256
    counts = [0] * 256
    for byte in data:
        counts[byte] += 1
    chi_square = sum((count - expected) ** 2 / expected for count in counts)
    assert chi_square < 255 + 6.5 * (2 * 255) ** 0.5


def test_sealing_twice_in_a_row_gives_unrelated_headers() -> None:
    pair = connected(turns=3)
    one, two = pair.client.seal("same"), pair.client.seal("same")
    assert runs(one).isdisjoint(runs(two))


def _public_values(pair: Pair) -> list[bytes]:
    own = pair.therapist.established.ratchet.own
    sending = pair.therapist.established.ratchet.sending
    client = pair.client.established
    assert own is not None
    assert sending is not None
    assert client.ratchet.own is not None
    return [
        pair.bundle.identity,
        pair.bundle.one_time,
        pair.bundle.kem,
        pair.bundle.ratchet_kem,
        client.client,
        client.transcript,
        client.ratchet.own.keys.kem,
        own.keys.x25519,
        own.keys.kem,
        sending.ciphertext,
    ]
