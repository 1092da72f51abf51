"""JSON that is sealed or recorded is written in one way, and read in no other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import e2etherapy
from e2etherapy.errors import MalformedData
from e2etherapy.journal import record
from e2etherapy.session import conversation
from e2etherapy.therapy import consent
from e2etherapy.wire import content, notation
from e2etherapy.wire.body import pack_body, unpack_body
from tests.support.books import private
from tests.support.notation import in_order, written
from tests.support.people import REPLY_TO, connected, text

SOURCES = Path(e2etherapy.__file__).parent
ITEM = content.encode_item(text("words/ä"))
NEWER = ITEM.replace(b'"text"', b'"kind of 2030"', 1).replace(b'"text"', b'"mood"')
ENTRY = private("words/ä", 5)


def spare_bits(found: re.Match[bytes]) -> bytes:
    return bytes([found[1][0] + 1]) + b"=="


SLOPPY: dict[str, Callable[[bytes], bytes]] = {
    "white space before it": lambda data: b" " + data,
    "white space behind it": lambda data: data + b"\n",
    "white space within": lambda data: data.replace(b":", b": ", 1),
    "a byte-order mark": lambda data: b"\xef\xbb\xbf" + data,
    "an escape of a letter": lambda data: data.replace(b"words", b"\\u0077ords"),
    "an escape beyond ASCII": lambda data: data.replace("ä".encode(), b"\\u00e4"),
    "an escaped slash": lambda data: data.replace(b"words/", b"words\\/"),
    "half a surrogate pair": lambda data: data.replace(b"words", b"\\ud83d"),
    "half a surrogate pair in UTF-8": lambda data: data.replace(b"words", b"\xed\xa0\xbd"),
    "an offset of nothing": lambda data: data.replace(b'Z"', b'+00:00"'),
    "a small z": lambda data: data.replace(b'Z"', b'z"'),
    "a small t": lambda data: data.replace(b"T", b"t", 1),
    "a space for the T": lambda data: data.replace(b"T", b" ", 1),
    "a fraction of nothing": lambda data: data.replace(b'Z"', b'.000Z"'),
    "spare bits in base64": lambda data: re.sub(rb"(.)==", spare_bits, data, count=1),
    "a member twice": lambda data: data[:-1] + b',"id"' + data.partition(b'"id"')[2],
    "members backwards": lambda data: written(dict(reversed(json.loads(data).items()))),
}


def slopped(how: str, data: bytes) -> bytes:
    """Return the JSON written in another way."""
    changed = SLOPPY[how](data)
    assert changed != data
    return changed


@pytest.mark.parametrize("how", SLOPPY)
def test_an_item_is_read_in_its_one_notation_only(how: str) -> None:
    for whole in (ITEM, NEWER):
        assert content.encode_item(content.decode_item(whole)) == whole
    with pytest.raises(MalformedData):
        content.decode_item(slopped(how, ITEM))


@pytest.mark.parametrize("how", [how for how in SLOPPY if how != "members backwards"])
def test_so_is_an_item_of_a_kind_from_the_future_save_for_the_order(how: str) -> None:
    with pytest.raises(MalformedData):
        content.decode_item(slopped(how, NEWER))
    content.decode_item(slopped("members backwards", NEWER))


@pytest.mark.parametrize("how", SLOPPY)
def test_so_is_a_body(how: str) -> None:
    packed = pack_body(text("words/ä"), reply_to=REPLY_TO)
    unpack_body(packed)
    changed = slopped(how, packed[4:])
    with pytest.raises(MalformedData):
        unpack_body(len(changed).to_bytes(4, "big") + changed)


@pytest.mark.parametrize("how", SLOPPY)
def test_so_is_an_entry_of_the_record(how: str) -> None:
    with pytest.raises(MalformedData):
        record.decode(slopped(how, ENTRY))


@pytest.mark.parametrize("number", ["1.5", "1.0", "1e0", "-0", "9007199254740992", "NaN"])
def test_numbers_of_the_future_are_whole_and_below_2_to_the_53(number: str) -> None:
    for least in ("0", "-9007199254740991", "9007199254740991"):
        assert notation.read_any(f'{{"a":[{least}]}}'.encode())
    with pytest.raises(MalformedData):
        notation.read_any(f'{{"a":[{number}]}}'.encode())


def test_an_entry_s_details_have_the_same_numbers() -> None:
    data = record.encode(record.Event(recorded=text("x").written, event="e", details={"a": 1}))
    record.decode(data.replace(b'"a":1', b'"a":9007199254740991'))
    with pytest.raises(MalformedData):
        record.decode(data.replace(b'"a":1', b'"a":9007199254740992'))
    with pytest.raises(MalformedData):
        record.decode(data.replace(b'"a":1', b'"a":1,"a":1'))


@pytest.mark.parametrize("words", ["\ud83d", "\udc80 words"])
def test_what_is_no_unicode_is_refused_before_it_is_sealed(words: str) -> None:
    pair, item = connected(), msgspec.structs.replace(text("x"), text=words)
    for attempt in (
        lambda: content.encode_item(item),
        lambda: pack_body(item),
        lambda: conversation.seal(pair.client.state, item, pair.client.draw),
    ):
        with pytest.raises(MalformedData, match="not valid Unicode"):
            attempt()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_the_standard_library_writes_the_same_notation(value: dict[str, object]) -> None:
    assert notation.write(value) == written(value)
    assert notation.read_any(written(value)) == value


@given(st.text(), st.sampled_from(["text", "mood"]))
def test_whatever_is_accepted_is_written_as_it_came(words: str, kind: str) -> None:
    item = in_order({**json.loads(ITEM), "kind": kind, "text": words})
    data = written(item)
    assert content.encode_item(content.decode_item(data)) == data


BROKEN = (b"marzipan", b"[1]", b"\xff", b"[" * 5_000, b'{"kind":"marzipan"}')


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_broken_is_told_without_what_it_says_or_a_librarys_words(broken: bytes) -> None:
    told = []
    for read in (content.decode_item, record.decode, notation.read_any, consent.decode):
        try:
            read(broken)
        except MalformedData as refused:
            told.append(str(refused))
    assert len(told) > 1
    assert not re.search("marzipan|Error|`|Expected", " ".join(told))


def test_what_is_broken_has_one_reason_wherever_in_a_list_it_stands() -> None:
    decoder = msgspec.json.Decoder(dict[str, list[int]])
    told = set()
    for place in range(20):
        with pytest.raises(msgspec.ValidationError) as broken:
            decoder.decode(json.dumps({"marzipan": [*range(place), "x"]}))
        told.add(notation.problem(broken.value))
    assert told == {"“[...][]” is not what belongs there"}


def test_no_librarys_name_for_an_error_is_told_to_a_person() -> None:
    """`exit_codes` names one where this program itself is wrong."""
    named = re.compile(r"\{type\(\w*(?:error|broken|wrong)\w*\)\.__name__")
    found = [path.name for path in SOURCES.rglob("*.py") if named.search(path.read_text())]
    assert found == ["exit_codes.py"]
