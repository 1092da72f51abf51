"""Generates the vectors of bodies, items and parts (section 7)."""

import hashlib

from e2etherapy.wire import content
from e2etherapy.wire.body import pack_body
from tests.support.notation import in_order, written
from tests.vectors.generation import WRITTEN, File, Seeded, b64, body_of, padded, shortened
from tests.vectors.vector_files import Json

BODY, OPENING_BODY = 13_976, 12_328
ID = b64(bytes(range(16)))
COMMON: Json = {"id": ID, "sequence": 7, "written": "2026-06-20T12:00:00Z"}
TEXT: Json = {"kind": "text", "text": "Guten Morgen \N{SUN BEHIND CLOUD}", **COMMON}
DIGEST = b64(bytes(32))
ATTACHMENT: Json = {
    "kind": "attachment",
    "name": "sleep.pdf",
    "media_type": "application/pdf",
    "size": 0,
    "sha256": DIGEST,
    **COMMON,
}
SHARE: Json = {
    "kind": "journal_share",
    "text": "Slept well.",
    "entry_written": "2026-06-19T21:00:00Z",
    **COMMON,
}
PART: Json = {"kind": "part", "whole": ID, "index": 1, "count": 2, **COMMON}


def accepted() -> dict[str, tuple[Json, bytes]]:
    """Bodies, and what the blob is."""
    reply_to = {"mailbox": DIGEST, "deposit_key": DIGEST}
    items = {
        "text": TEXT,
        "text that answers": {**TEXT, "answers": ID},
        "an empty text": {**TEXT, "text": ""},
        "the highest sequence": {**TEXT, "sequence": 2**53 - 1},
        "receipt": {"kind": "receipt", **COMMON, "items": [ID]},
        "receipt of 256 items": {"kind": "receipt", **COMMON, "items": [ID] * 256},
        "read mark": {"kind": "read_mark", **COMMON, "items": [ID, ID]},
        "profile": {"kind": "profile", **COMMON, "name": "n" * 200},
        "journal share": SHARE,
        "a leap day": {**TEXT, "written": "2028-02-29T23:59:59Z"},
    }
    bodies: dict[str, tuple[Json, bytes]] = {n: ({"item": item}, b"") for n, item in items.items()}
    bodies["a part that begins with the first item"] = (
        {"item": {**PART, "sequence": 2}, "blob": 5},
        b"piece",
    )
    bodies["where to answer"] = ({"item": TEXT, "reply_to": reply_to}, b"")
    bodies["part"] = ({"item": PART, "blob": 5}, b"piece")
    bodies["attachment"] = ({"item": {**ATTACHMENT, "size": 3}, "blob": 3}, b"abc")
    bodies["an unknown kind is kept"] = ({"item": {**COMMON, "kind": "mood", "mood": 7}}, b"")
    nested = {**COMMON, "kind": "later", "members": {"of": ["any", None, -1, True]}}
    bodies["an unknown kind with a blob is kept"] = ({"item": nested, "blob": 2}, b"\1\2")
    bodies["kinds are matched exactly"] = ({"item": {**TEXT, "kind": "Text"}}, b"")
    deep = {**COMMON, "kind": "later", "deep": nested_lists(31)}
    bodies["an unknown kind of 32 levels"] = ({"item": deep}, b"")
    large = {**COMMON, "kind": "later", "large": [2**53 - 1, 1 - 2**53]}
    bodies["an unknown kind with large numbers"] = ({"item": large}, b"")
    return {
        name: ({**value, "item": in_order(value["item"])}, blob)
        for name, (value, blob) in bodies.items()
    }


def nested_lists(levels: int) -> list[object]:
    return [nested_lists(levels - 1)] if levels > 1 else []


def refused_items() -> dict[str, Json]:
    mood = {**COMMON, "kind": "mood"}
    receipt = {"kind": "receipt", **COMMON}
    times = (
        "2026-06-20T12:00:00",
        "2026-06-20T12:00:00+01:00",
        "2026-06-20T12:00:00.5Z",
        "2026-06-20T12:00Z",
        "2026-06-20",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-06-20T24:00:00Z",
        "2026-06-20T12:00:60Z",
        "2026-6-20T12:00:00Z",
        "2026-06-20T12:00:00+00:00",
        "2026-06-20T12:00:00-00:00",
        "2026-06-20T12:00:00.000Z",
        "2026-06-20T12:00:00.0000001Z",
        "2026-06-20t12:00:00Z",
        "2026-06-20T12:00:00z",
        "2026-06-20 12:00:00Z",
        "+2026-06-20T12:00:00Z",
        "",
    )
    return {
        **{f"written {time!r}": {**TEXT, "written": time} for time in times},
        "a time that is a number": {**TEXT, "written": 1_781_956_800},
        "an unknown member": {**TEXT, "colour": 1},
        "a member of another kind": {**TEXT, "items": [ID]},
        "no kind": {name: value for name, value in TEXT.items() if name != "kind"},
        "no text": {"kind": "text", **COMMON},
        "no id": {name: value for name, value in TEXT.items() if name != "id"},
        "an id of 15 bytes": {**TEXT, "id": b64(bytes(15))},
        "an id of 17 bytes": {**TEXT, "id": b64(bytes(17))},
        "an id without padding": {**TEXT, "id": ID.rstrip("=")},
        "an id in base64url": {**TEXT, "id": b64(bytes([255]) * 16).replace("/", "_")},
        "an id with spare bits": {**TEXT, "id": ID[:-3] + "x=="},
        "an unknown kind whose id has spare bits": {**mood, "id": ID[:-3] + "x=="},
        "an unknown kind with an offset of nothing": {**mood, "written": times[11]},
        "an unknown kind with a fraction of nothing": {**mood, "written": times[13]},
        "an unknown kind with a fraction": {**mood, "mood": 1.5},
        "an unknown kind with 2^53": {**mood, "mood": 2**53},
        "an unknown kind of 33 levels": {**mood, "deep": nested_lists(32)},
        "answers nothing": {**TEXT, "answers": None},
        "a hash with spare bits": {**ATTACHMENT, "sha256": DIGEST[:-2] + "B="},
        "a receipt of spare bits": {**receipt, "items": [ID[:-3] + "x=="]},
        "sequence 0": {**TEXT, "sequence": 0},
        "sequence 2^53": {**TEXT, "sequence": 2**53},
        "a sequence below 0": {**TEXT, "sequence": -1},
        "a sequence that is a text": {**TEXT, "sequence": "7"},
        "a sequence that is true": {**TEXT, "sequence": True},
        "answers an id of 8 bytes": {**TEXT, "answers": b64(bytes(8))},
        "a text that is a number": {**TEXT, "text": 1},
        "an unknown kind without an id": {"kind": "mood", "sequence": 7},
        "an unknown kind with sequence 0": {**mood, "sequence": 0},
        "an unknown kind with a bad time": {**mood, "written": "yesterday"},
        "a kind that is a number": {**TEXT, "kind": 5},
        "a receipt of nothing": {**receipt, "items": []},
        "a receipt of 257 items": {**receipt, "items": [ID] * 257},
        "a receipt of a short id": {**receipt, "items": [b64(bytes(15))]},
        "a part behind its end": {**PART, "index": 2},
        "a part before the first item": {**PART, "sequence": 1},
        "a part of a whole that ends at 2^53": {**PART, "sequence": 2**53 - 1, "count": 3},
        "a part below 0": {**PART, "index": -1},
        "a part of one": {**PART, "index": 0, "count": 1},
        "a part of 2,401": {**PART, "count": 2_401},
        "a name of 201 characters": {**ATTACHMENT, "name": "n" * 201},
        "a media type of 201 characters": {**ATTACHMENT, "media_type": "n" * 201},
        "a file of 25,000,001 bytes": {**ATTACHMENT, "size": 25_000_001},
        "a hash of 31 bytes": {**ATTACHMENT, "sha256": b64(bytes(31))},
        "a profile of 201 characters": {"kind": "profile", **COMMON, "name": "n" * 201},
        "an entry shared from local time": {**SHARE, "entry_written": "2026-06-19T21:00:00+01:00"},
        "an entry shared with half a second": {**SHARE, "entry_written": "2026-06-19T21:00:00.5Z"},
        "an entry shared from before the first day": {
            **SHARE,
            "entry_written": "0001-01-01T00:00:00+14:00",
        },
    }


def refused_bodies() -> dict[str, Json]:
    """Bodies as a vector writes them."""
    address = {"mailbox": DIGEST, "deposit_key": DIGEST}
    good = body_of({"item": TEXT})
    text = written({"item": TEXT})
    backwards = {"item": dict(reversed(in_order(TEXT).items()))}
    mood = written({"item": {**COMMON, "kind": "mood", "mood": 7}})
    changed = {
        "white space": text.replace(b'"item":', b'"item": '),
        "white space before it": b" " + text,
        "white space after it": text + b" ",
        "a byte-order mark": b"\xef\xbb\xbf" + text,
        "members in another order": written(backwards),
        "an escape that nobody needs": text.replace(b"Guten", b"\\u0047uten"),
        "an escaped slash": text.replace(b"Guten", b"Guten\\/"),
        "an escape in capitals": text.replace(b"Guten", b"\\u001F"),
        "a long escape for a short one": text.replace(b"Guten", b"\\u000a"),
        "a member twice": text.replace(b'"sequence":7', b'"sequence":7,"sequence":7'),
        "the item twice": text[:-1] + b"," + text[1:],
        "a member of an unknown kind twice": mood.replace(b'"mood":7', b'"mood":7,"mood":7'),
        "an unknown kind with white space": mood.replace(b'"mood":7', b'"mood": 7'),
        "an unknown kind with an exponent": mood.replace(b'"mood":7', b'"mood":7e0'),
        "an unknown kind with a minus and nothing": mood.replace(b'"mood":7', b'"mood":-0'),
        "a fraction of nothing": text.replace(b'"sequence":7', b'"sequence":7.0'),
        "an exponent": text.replace(b'"sequence":7', b'"sequence":7e0'),
        "a leading zero": text.replace(b'"sequence":7', b'"sequence":07'),
        "a plus": text.replace(b'"sequence":7', b'"sequence":+7'),
        "infinity": text.replace(b'"sequence":7', b'"sequence":Infinity'),
        "half a surrogate pair in UTF-8": text.replace(b"Guten", b"\xed\xa0\xbd"),
        "an overlong character": text.replace(b"Guten", b"\xc1\x87"),
        "not UTF-8": text.replace(b"Guten", b"Gut\xffn"),
        "half a surrogate pair": text.replace(b"Guten", b"\\ud83d"),
        "a control character": text.replace(b"Guten", b"Gut\nn"),
        "not a number": text.replace(b'"sequence":7', b'"sequence":NaN'),
        "something after the JSON": text + b"{}",
        "a list": b"[" + text + b"]",
    }
    with_length = {n: len(data).to_bytes(4, "big") + data for n, data in changed.items()}
    bodies: dict[str, Json] = {name: padded(data, BODY) for name, data in with_length.items()}
    for name, value, blob in (
        ("an unknown member beside the item", {"item": TEXT, "colour": 1}, b""),
        ("no item", {"blob": 1}, b"p"),
        ("a blob of 0", {"item": TEXT, "blob": 0}, b""),
        ("no address", {"item": TEXT, "reply_to": None}, b""),
        (
            "an address in another order",
            {"item": TEXT, "reply_to": {"deposit_key": DIGEST, "mailbox": DIGEST}},
            b"",
        ),
        (
            "an address with spare bits",
            {"item": TEXT, "reply_to": {"mailbox": DIGEST[:-2] + "B=", "deposit_key": DIGEST}},
            b"",
        ),
        ("the address before the item", {"reply_to": address, "item": TEXT}, b""),
        ("an item that is a text", {"item": "text"}, b""),
        ("a blob below 0", {"item": PART, "blob": -1}, b""),
        ("a blob behind the end", {"item": PART, "blob": BODY}, b"piece"),
        ("a blob that is not announced", {"item": PART}, b"piece"),
        ("a blob longer than announced", {"item": PART, "blob": 4}, b"piece"),
        (
            "a short mailbox",
            {"item": TEXT, "reply_to": {"mailbox": ID, "deposit_key": DIGEST}},
            b"",
        ),
        ("half an address", {"item": TEXT, "reply_to": {"mailbox": DIGEST}}, b""),
    ):
        bodies[name] = padded(body_of(value, blob), BODY)
    bodies["padding that ends with a one"] = {
        **padded(good, BODY), "xor": {str(BODY - 1): 1},
    }  # fmt: skip
    bodies["padding that begins with a one"] = {
        **padded(good, BODY), "xor": {str(len(good)): 1},
    }  # fmt: skip
    bodies["a length behind the end"] = {"hex": "000036950000", "length": BODY}
    bodies["only zeros"] = {"hex": "", "length": BODY}
    bodies["three bytes"] = {"hex": "000000"}
    bodies["nothing"] = {"hex": ""}
    return bodies


def write_padding(file: File) -> None:
    for size in (OPENING_BODY, BODY):
        short: Json = {"hex": "61", "times": size - 1}
        padded = {**short, "length": size}
        given: Json = {"packed": short, "size": size}
        file.passes("pad_body", f"padding to {size}", given, {"body": padded})
        given = {"packed": {"hex": "61", "times": size + 1}, "size": size}
        file.fails("pad_body", f"a byte more than {size}", given, "too-large")


def write_body() -> int:
    file = File("body", "7", "Bodies and items: what is accepted, kept and refused.")
    for name, (value, blob) in accepted().items():
        given = {"body": padded(body_of(value, blob), BODY)}
        expected = {"item": value["item"]}
        if value["item"]["kind"] in {"mood", "later", "Text"}:
            expected["known"] = False
        if blob:
            expected["blob"] = blob.hex()
        if "reply_to" in value:
            expected["reply_to"] = value["reply_to"]
        file.passes("unpack_body", name, given, expected)
    text = {"body": {"hex": body_of({"item": TEXT}).hex()}}
    file.passes("unpack_body", "without padding", text, {"item": TEXT})
    full = {**TEXT, "text": "x" * (BODY - len(body_of({"item": {**TEXT, "text": ""}})))}
    file.passes("unpack_body", "a full body", {"body": shortened(body_of({"item": full}))})
    write_padding(file)
    for name, item in refused_items().items():
        body = padded(body_of({"item": in_order(item)}), BODY)
        file.fails("unpack_body", name, {"body": body}, "malformed")
    for name, given in refused_bodies().items():
        file.fails("unpack_body", name, {"body": given}, "malformed")
    return file.write()


def write_parts() -> int:
    file = File("parts", "7", "A text and a file in pieces; the pieces are joined in any order.")
    draw = Seeded("parts")
    file_bytes = draw(900)
    text = content.Text(id=draw(16), sequence=12, written=WRITTEN, text="line\n" * 200)
    attachment = content.Attachment(
        id=draw(16),
        sequence=40,
        written=WRITTEN,
        name="sleep.csv",
        media_type="text/csv",
        size=len(file_bytes),
        sha256=hashlib.sha256(file_bytes).digest(),
    )
    for name, item, blob in (("a text", text, b""), ("a file", attachment, file_bytes)):
        packed = pack_body(item, blob)
        pieces = [packed[start : start + 500] for start in range(0, len(packed), 500)]
        bodies = []
        for index, piece in enumerate(pieces):
            part = content.Part(
                id=draw(16),
                sequence=item.sequence + index,
                written=WRITTEN,
                whole=item.id,
                index=index,
                count=len(pieces),
            )
            bodies.append(padded(pack_body(part, piece), BODY))
        file.passes("join_parts", f"{name}, in order", {"bodies": bodies})
        file.passes("join_parts", f"{name}, backwards", {"bodies": bodies[::-1]})
    return file.write()
