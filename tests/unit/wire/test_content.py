from __future__ import annotations

import json
from typing import Any

import pytest

from e2etherapy.errors import ContentTooLarge, MalformedData
from e2etherapy.wire import content
from e2etherapy.wire.content import Text, UnknownItem
from tests.support.people import REPLY_TO, text

ITEM: dict[str, Any] = json.loads(content.encode_item(text("words")))
ID = ITEM["id"]


def with_changes(**changes: object) -> bytes:
    item = {**ITEM, **changes}
    return json.dumps({key: value for key, value in item.items() if value is not ...}).encode()


def body(value: object, blob: bytes = b"", padding: int = 0) -> bytes:
    encoded = value if isinstance(value, bytes) else json.dumps(value).encode()
    return len(encoded).to_bytes(4, "big") + encoded + blob + bytes(padding)


def test_an_item_is_the_json_that_the_specification_shows() -> None:
    assert ITEM.keys() == {"kind", "id", "sequence", "written", "text"}
    assert (ITEM["kind"], ITEM["sequence"], ITEM["text"]) == ("text", 1, "words")
    assert ITEM["written"] == "2026-01-01T12:00:00Z"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ...},
        {"sequence": ...},
        {"written": ...},
        {"text": ...},
        {"kind": ...},
        {"id": "AAAA"},
        {"id": ID[:-4] + "===="},
        {"id": 5},
        {"sequence": 0},
        {"sequence": -1},
        {"sequence": 2**53},
        {"sequence": 1.5},
        {"sequence": "1"},
        {"sequence": True},
        {"text": None},
        {"text": ["words"]},
        {"kind": 1},
        {"answers": "AAAA"},
        {"surprise": 1},
        {"written": "2026-01-01T12:00:00"},
        {"written": "2026-01-01T12:00:00.5Z"},
        {"written": "2026-01-01T12:00:00+01:00"},
        {"written": "2026-01-01"},
        {"written": "2026-02-30T12:00:00Z"},
        {"written": 1_767_268_800},
        {"text": "x" * 1_000_001},
        {"text": "é" * 500_001},
    ],
    ids=lambda changes: "-".join(f"{name} {value!s:.24}" for name, value in changes.items()),
)
def test_an_item_that_breaks_its_form_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedData):
        content.decode_item(with_changes(**changes))
    with pytest.raises(MalformedData):
        content.unpack_body(body(b'{"item":' + with_changes(**changes) + b"}"))


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "part", "whole": ID, "index": 2, "count": 2},
        {"kind": "part", "whole": ID, "index": 0, "count": 1},
        {"kind": "part", "whole": ID, "index": 0, "count": 2_401},
        {"kind": "part", "whole": ID, "index": -1, "count": 2},
        {"kind": "receipt", "items": []},
        {"kind": "receipt", "items": [ID] * 257},
        {"kind": "read_mark", "items": ["AAAA"]},
        {"kind": "profile", "name": "n" * 201},
        {
            "kind": "attachment",
            "name": "n",
            "media_type": "m",
            "size": 25_000_001,
            "sha256": "A" * 43 + "=",
        },
        {"kind": "attachment", "name": "n", "media_type": "m", "size": 1, "sha256": ID},
    ],
    ids=lambda item: item["kind"],
)
def test_a_number_or_a_list_out_of_range_is_refused(item: dict[str, object]) -> None:
    with pytest.raises(MalformedData):
        content.decode_item(with_changes(**item, text=...))
    with pytest.raises(MalformedData):
        content.unpack_body(body(b'{"item":' + with_changes(**item, text=...) + b"}"))


@pytest.mark.parametrize("kind", ["newer", "", "Text", "text ", "unknown"])
def test_an_item_of_a_kind_from_the_future_is_kept_as_it_came(kind: str) -> None:
    data = with_changes(kind=kind, more={"nested": [1, 2, None]})
    item = content.decode_item(data)
    assert isinstance(item, UnknownItem)
    assert item.named_kind == kind
    assert content.unpack_body(body(b'{"item":' + data + b"}")).item == item
    assert content.encode_item(item) == item.raw == data


@pytest.mark.parametrize("changes", [{"id": ...}, {"sequence": 0}, {"written": "yesterday"}])
def test_even_an_item_from_the_future_has_an_id_a_number_and_a_time(
    changes: dict[str, object],
) -> None:
    with pytest.raises(MalformedData):
        content.decode_item(with_changes(kind="newer", **changes))


def test_a_body_says_what_it_carries() -> None:
    packed = content.pack_body(text("words"), b"blob", REPLY_TO)
    length = int.from_bytes(packed[:4], "big")
    outer = json.loads(packed[4 : 4 + length])
    assert packed[4 + length :] == b"blob"
    assert outer.keys() == {"item", "blob", "reply_to"}
    assert outer["blob"] == 4
    opened = content.unpack_body(packed)
    assert (opened.item, opened.blob, opened.reply_to) == (text("words"), b"blob", REPLY_TO)


def test_members_with_their_default_are_left_out() -> None:
    packed = content.pack_body(text("words"))
    assert json.loads(packed[4:]).keys() == {"item"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x00\x00",
        bytes(4),
        b"\xff\xff\xff\xff",
        body({"item": ITEM})[:-1],
        body({"item": ITEM}) + b"\x01",
        body({"item": ITEM}, padding=10) + b"\x01",
        body({"item": ITEM, "blob": 5}, b"blob"),
        body({"item": ITEM, "blob": 3}, b"blob"),
        body({"item": ITEM, "blob": -1}),
        body({"item": ITEM, "blob": 2**63}),
        body({"item": ITEM, "other": 1}),
        body({"blob": 0}),
        body([ITEM]),
        body(ITEM),
        body(b'{"item":' + content.encode_item(text("x")) + b"} "[:-2] + b",}"),
        body({"item": ITEM, "reply_to": {"mailbox": ID, "deposit_key": ID}}),
        body({"item": ITEM, "reply_to": {"mailbox": "A" * 43 + "="}}),
        body(b"\xff\xfe"),
    ],
)
def test_a_body_that_breaks_its_form_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        content.unpack_body(data)


def test_a_blob_may_end_in_zeros_and_keeps_them() -> None:
    packed = content.pack_body(text("words"), b"blob\x00\x00")
    assert content.unpack_body(content.pad_body(packed, 500)).blob == b"blob\x00\x00"


def test_padding_fills_up_to_the_size_and_no_further() -> None:
    assert content.pad_body(b"abc", 5) == b"abc\x00\x00"
    assert content.pad_body(b"abc", 3) == b"abc"
    with pytest.raises(ContentTooLarge):
        content.pad_body(b"abc", 2)


def test_the_largest_text_is_carried_and_counted_in_bytes() -> None:
    longest = "é" * 500_000
    item = content.decode_item(with_changes(text=longest))
    assert isinstance(item, Text)
    assert item.text == longest


def test_the_longest_text_fits_with_every_character_escaped() -> None:
    longest = text("\x01" * content.MAX_TEXT_BYTES)
    assert content.unpack_body(content.pack_body(longest)).item == longest


def test_json_longer_than_any_text_is_refused_unread() -> None:
    """Of a kind that is not known it could be 33 MB, and fill a gigabyte whenever it is shown."""
    spare = content.MAX_JSON_BYTES - len(b'{"item":' + with_changes(kind="newer", more="") + b"}")
    for length, fits in ((spare, True), (spare + 1, False)):
        data = body(b'{"item":' + with_changes(kind="newer", more="x" * length) + b"}")
        if fits:
            assert content.unpack_body(data, padded=False).item.sequence == ITEM["sequence"]
        else:
            with pytest.raises(MalformedData, match="longer than any"):
                content.unpack_body(data, padded=False)
