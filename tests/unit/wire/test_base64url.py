from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(data=st.binary(max_size=80))
def test_it_is_the_standard_library_s_form_without_padding(data: bytes) -> None:
    text = base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert base64url.encode(data) == text
    assert base64url.decode(text, len(data)) == data


@given(text=st.text("AEQgwz05-_+/=\n ", max_size=9))
def test_what_is_read_is_what_would_be_written(text: str) -> None:
    for size in range(7):
        with contextlib.suppress(MalformedData):
            assert base64url.encode(base64url.decode(text, size)) == text
