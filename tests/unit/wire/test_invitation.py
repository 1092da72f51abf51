from __future__ import annotations

import json
import struct

import pytest

from e2etherapy.errors import InvalidLink, MalformedData
from e2etherapy.primitives.digest import sha256
from e2etherapy.wire.invitation import Bundle, InvitationLink, LinkSecret
from tests.support.notation import written
from tests.support.people import meet

KEYS = 32 * 3 + 1568 + 1184
SECRET = "A" * 43
PACKED = meet().bundle.pack()
DETAILS = json.loads(PACKED[KEYS + 4 :])


def bundle_with(details: object) -> bytes:
    encoded = details if isinstance(details, bytes) else written(details)
    return PACKED[:KEYS] + struct.pack(">I", len(encoded)) + encoded


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "127.0.0.1:8700", "relay.example", "a-b.c:1", "[::1]", "[::1]:8700"],
)
def test_a_link_names_a_relay_and_a_secret(host: str) -> None:
    link = InvitationLink.parse(f"e2etherapy://{host}/#{SECRET}")
    assert link == InvitationLink(host, LinkSecret(bytes(32)))
    assert link.text() == f"e2etherapy://{host}/#{SECRET}"


@pytest.mark.parametrize("around", [" ", "\n", "\t\r\n  "])
def test_white_space_around_a_link_is_forgiven(around: str) -> None:
    link = f"e2etherapy://relay/#{SECRET}"
    assert InvitationLink.parse(around + link + around).text() == link


@pytest.mark.parametrize(
    "text",
    [
        "",
        "e2etherapy://",
        f"https://relay.example/#{SECRET}",
        f"http://relay.example/#{SECRET}",
        f"E2ETHERAPY://relay.example/#{SECRET}",
        f"e2etherapy://relay.example#{SECRET}",
        f"e2etherapy://relay.example/path#{SECRET}",
        f"e2etherapy://relay.example/?{SECRET}",
        f"e2etherapy:///#{SECRET}",
        f"e2etherapy://user@relay.example/#{SECRET}",
        f"e2etherapy://user:word@relay.example/#{SECRET}",
        f"e2etherapy://relay.example:123456/#{SECRET}",
        f"e2etherapy://relay.example:/#{SECRET}",
        f"e2etherapy://relay example/#{SECRET}",
        f"e2etherapy://rel\u0430y.example/#{SECRET}",
        f"e2etherapy://-relay/#{SECRET}",
        f"e2etherapy://relay.example/#{SECRET[:-1]}",
        f"e2etherapy://relay.example/#{SECRET}A",
        f"e2etherapy://relay.example/#{SECRET[:-1]}=",
        f"e2etherapy://relay.example/#{SECRET[:-1]}B",
        f"e2etherapy://relay.example/#{SECRET[:-1]}\n",
        f"e2etherapy://relay.example/#{SECRET} and more",
        f"e2etherapy://relay.example/# {SECRET}",
    ],
)
def test_what_is_not_a_whole_link_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(InvalidLink, match=r"[Cc]opy all of it"):
        InvitationLink.parse(text)


def test_a_refused_link_is_not_repeated_in_the_error() -> None:
    with pytest.raises(InvalidLink) as caught:
        InvitationLink.parse("e2etherapy://relay.example/#" + "S" * 42)
    assert "SSSS" not in str(caught.value)


def test_a_bundle_has_the_layout_of_the_specification() -> None:
    bundle = meet().bundle
    assert PACKED[:32] == bundle.identity
    assert PACKED[32:64] == bundle.one_time
    assert PACKED[64:96] == bundle.ratchet_x25519
    assert PACKED[96:1664] == bundle.kem
    assert PACKED[1664:2848] == bundle.ratchet_kem
    assert struct.unpack(">I", PACKED[2848:2852]) == (len(PACKED) - 2852,)
    assert bundle.secret() == sha256(PACKED)


@pytest.mark.parametrize(
    "details",
    [
        written(dict(reversed(DETAILS.items()))),
        written(DETAILS) + b" ",
        written(DETAILS).replace(b":", b": ", 1),
        written(DETAILS)[:-1] + b"," + written(DETAILS)[1:],
        written({**DETAILS, "ticket": DETAILS["ticket"][:-2] + "B="}),
        written({**DETAILS, "log_proof": None}),
    ],
    ids=["order", "space behind", "space within", "twice", "spare bits", "null"],
)
def test_details_that_are_written_in_another_way_are_refused(details: bytes) -> None:
    """What the link names is a hash over bytes: there is one way to come to them."""
    with pytest.raises(MalformedData):
        Bundle.unpack(bundle_with(details))
    assert Bundle.unpack(bundle_with(written(DETAILS))).pack() == PACKED


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PACKED[:31],
        PACKED[:KEYS],
        PACKED[: KEYS + 4],
        PACKED[:-1],
        PACKED + b" ",
        PACKED[:KEYS] + bytes(4) + PACKED[KEYS + 4 :],
        bundle_with(b"{}"),
        bundle_with(b"[]"),
        bundle_with(b"\xff"),
        bundle_with({**DETAILS, "surprise": 1}),
        bundle_with({**DETAILS, "name": "n" * 201}),
        bundle_with({**DETAILS, "mailbox": "AAAA"}),
        bundle_with({**DETAILS, "expires": "tomorrow"}),
        bundle_with({**DETAILS, "expires": "2026-02-30"}),
        bundle_with({**DETAILS, "credential": "c" * 8_001}),
        bundle_with({**DETAILS, "ticket": None}),
    ],
)
def test_a_bundle_that_breaks_its_form_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        Bundle.unpack(data)
