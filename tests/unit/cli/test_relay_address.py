"""A relay's address as it is typed: a single word is no address, unless it says https."""

from __future__ import annotations

import pytest

from e2etherapy.cli import relay_address
from e2etherapy.errors import InvalidLink


@pytest.mark.parametrize("text", ["foo", " foo ", "foo:8700", "relay", "FOO"])
def test_a_single_word_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(InvalidLink, match=r"really has no dot, write https://"):
        relay_address.typed(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://foo", "https://foo"),
        ("relay.example", "https://relay.example"),
        ("localhost:8700", "http://localhost:8700"),
        ("127.0.0.1:8700", "http://127.0.0.1:8700"),
        ("[::1]:8700", "http://[::1]:8700"),
    ],
)
def test_anything_else_is_taken_as_before(text: str, url: str) -> None:
    assert relay_address.typed(text) == url
