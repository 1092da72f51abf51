"""Whatever the core writes, it reads as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from e2etherapy.mailbox import operations
from e2etherapy.mailbox.capabilities import DepositKey
from e2etherapy.mailbox.operations import StoredEnvelope
from e2etherapy.session import invitation
from e2etherapy.wire import base64url, content
from e2etherapy.wire.body import pack_body, pad_body, unpack_body
from e2etherapy.wire.content import KINDS, AnyItem, KnownItem, UnknownItem
from e2etherapy.wire.invitation import Bundle, BundleDetails, InvitationLink, LinkSecret
from tests.support import care_items
from tests.support.people import REPLY_TO, meet, seeded

ids = st.binary(min_size=16, max_size=16)
times = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - the zone is added below
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda when: when.replace(microsecond=0))
names = st.text(max_size=200)


def items() -> st.SearchStrategy[KnownItem]:
    common: dict[str, Any] = {
        "id": ids,
        "sequence": st.integers(1, 2**53 - 1),
        "written": times,
        "answers": st.none() | ids,
    }
    many = st.lists(ids, min_size=1, max_size=256)
    digests = st.binary(min_size=32, max_size=32)
    places = st.integers(2, 2_400).flatmap(
        lambda count: st.tuples(st.integers(0, count - 1), st.just(count))
    )
    # Its whole has the sequence of its first piece, and takes as many as it has pieces.
    parts = places.flatmap(
        lambda place: st.builds(
            content.Part,
            **common | {"sequence": st.integers(1 + place[0], 2**53 - place[1] + place[0])},
            whole=ids,
            index=st.just(place[0]),
            count=st.just(place[1]),
        )
    )
    return st.one_of(
        st.builds(content.Text, **common, text=st.text()),
        st.builds(
            content.Attachment,
            **common,
            name=names,
            media_type=names,
            size=st.integers(0, 25_000_000),
            sha256=digests,
        ),
        parts,
        st.builds(content.Receipt, **common, items=many),
        st.builds(content.ReadMark, **common, items=many),
        st.builds(content.Profile, **common, name=names),
        st.builds(content.JournalShare, **common, text=st.text(), entry_written=times),
        care_items.of_any_form(common, times),
    )


@given(item=items())
def test_an_item_comes_back_as_it_was(item: KnownItem) -> None:
    assert content.decode_item(content.encode_item(item)) == item


@given(
    item=items(),
    blob=st.binary(max_size=2_000),
    reply=st.booleans(),
    padding=st.integers(0, 5_000),
)
def test_a_body_comes_back_as_it_was(
    item: KnownItem, blob: bytes, reply: bool, padding: int
) -> None:
    reply_to = REPLY_TO if reply else None
    packed = pack_body(item, blob, reply_to)
    for data in (packed, pad_body(packed, len(packed) + padding)):
        body = unpack_body(data)
        assert (body.item, body.blob, body.reply_to) == (item, blob, reply_to)


@given(
    kind=st.text(max_size=30).filter(lambda kind: kind not in KINDS),
    item_id=ids,
    sequence=st.integers(1, 2**53 - 1),
    written=times,
    more=st.dictionaries(st.text(max_size=10).map(lambda name: "x" + name), st.text(max_size=20)),
)
def test_an_item_of_an_unknown_kind_is_kept_byte_for_byte(
    kind: str, item_id: bytes, sequence: int, written: datetime, more: dict[str, str]
) -> None:
    common = {"kind": kind, "id": item_id, "sequence": sequence, "written": written}
    data = msgspec.json.encode({**more, **common})
    item: AnyItem = content.decode_item(data)
    assert isinstance(item, UnknownItem)
    assert (item.named_kind, item.id, item.sequence, item.written) == (
        kind,
        item_id,
        sequence,
        written,
    )
    assert content.encode_item(item) == data


@given(
    name=names,
    keys=st.tuples(*[st.binary(min_size=32, max_size=32)] * 3),
    expires=st.dates(),
    notes=st.tuples(*[st.none() | st.text(max_size=500)] * 2),
)
def test_a_bundle_comes_back_as_it_was_and_keeps_its_link(
    name: str, keys: tuple[bytes, bytes, bytes], expires: date, notes: tuple[str | None, str | None]
) -> None:
    details = BundleDetails(
        name=name,
        mailbox=keys[0],
        deposit_key=keys[1],
        ticket=keys[2],
        expires=expires,
        credential=notes[0],
        log_proof=notes[1],
    )
    one = meet("roundtrips").bundle
    bundle = Bundle(
        one.identity, one.one_time, one.ratchet_x25519, one.kem, one.ratchet_kem, details
    )
    again = Bundle.unpack(bundle.pack())
    assert again == bundle
    assert again.secret() == bundle.secret()
    sealed = invitation.seal_bundle(bundle, seeded("again"))
    assert len(sealed) == 16_384
    assert invitation.open_bundle(bundle.secret(), sealed) == bundle


hosts = st.sampled_from(
    ["localhost", "127.0.0.1:8700", "relay.example", "a.b-c.example:443", "[::1]:8700", "x"]
)


@given(
    host=hosts, secret=st.binary(min_size=32, max_size=32), around=st.sampled_from(["", " ", "\n"])
)
def test_a_link_comes_back_as_it_was(host: str, secret: bytes, around: str) -> None:
    link = InvitationLink(host, LinkSecret(secret))
    assert InvitationLink.parse(around + link.text() + around) == link


@given(value=st.binary(max_size=100))
def test_base64url_comes_back_as_it_was_and_has_one_form(value: bytes) -> None:
    encoded = base64url.encode(value)
    assert base64url.decode(encoded, len(value)) == value
    assert "=" not in encoded


@given(
    positions=st.sets(st.integers(1, 2**63 - 1), max_size=4).map(sorted),
    filling=st.binary(min_size=1, max_size=1),
)
def test_a_page_comes_back_as_it_was(positions: list[int], filling: bytes) -> None:
    page = [StoredEnvelope(position, filling * 16_384) for position in positions]
    assert operations.unpack_page(operations.pack_page(page)) == page


@given(keys=st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=128))
def test_an_authorization_comes_back_as_it_was(keys: list[bytes]) -> None:
    value = operations.authorization("Deposit", *(DepositKey(key) for key in keys))
    assert operations.parse_authorization(value, "Deposit") == keys
