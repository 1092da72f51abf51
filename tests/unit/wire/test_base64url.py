from __future__ import annotations

import pytest

from e2etherapy.errors import MalformedData
from e2etherapy.wire import base64url


@pytest.mark.parametrize(
    ("text", "value"),
    [("", b""), ("Zg", b"f"), ("Zm8", b"fo"), ("Zm9v", b"foo"), ("-_-_", b"\xfb\xff\xbf")],
)
def test_the_examples_of_rfc_4648_without_their_padding(text: str, value: bytes) -> None:
    assert base64url.encode(value) == text
    assert base64url.decode(text, len(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "Zg==",
        "Zg=",
        "Zh",
        "Zm9",
        "Z",
        "+/+/",
        "Zm8 ",
        " Zm8",
        "Zm\n8",
        "Zm8\x00",
        "Zmé",
        "Zm8\ud800",
    ],
)
def test_every_other_form_is_refused(text: str) -> None:
    for size in range(4):
        with pytest.raises(MalformedData):
            base64url.decode(text, size)


def test_another_length_than_the_expected_one_is_refused() -> None:
    with pytest.raises(MalformedData, match="31 bytes"):
        base64url.decode(base64url.encode(bytes(32)), 31)
