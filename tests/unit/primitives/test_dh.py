from __future__ import annotations

import pytest

from e2etherapy.primitives.dh import X25519Public, X25519Secret, agree
from tests.support.people import Recorder, seeded


def test_both_sides_agree_and_a_third_does_not() -> None:
    one, two, three = (X25519Secret.generate(seeded(name)) for name in "abc")
    assert agree(one, two.public()) == agree(two, one.public())
    assert agree(one, two.public()) != agree(three, two.public())


def test_a_key_is_drawn_from_the_entropy_that_is_handed_in() -> None:
    draw = Recorder(seeded("scalar"))
    secret = X25519Secret.generate(draw)
    assert draw.drawn == [bytes(secret)]


def test_the_top_bit_of_a_public_key_does_not_matter() -> None:
    """RFC 7748 section 5: it is masked, so that both encodings give one agreement."""
    secret, public = X25519Secret.generate(seeded("a")), X25519Secret.generate(seeded("b")).public()
    flipped = X25519Public(public[:31] + bytes([public[31] ^ 0x80]))
    assert agree(secret, public) == agree(secret, flipped)


@pytest.mark.parametrize("value", [2, 9, 2**255 - 19 + 2, 2**255 - 1])
def test_unusual_but_safe_points_are_taken(value: int) -> None:
    public = X25519Public(value.to_bytes(32, "little"))
    assert any(agree(X25519Secret.generate(seeded("a")), public))
