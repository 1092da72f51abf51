"""Generates the vectors of the record (section 12) and of the vault's key slots (section 13)."""

import json

import msgspec

from e2etherapy.vault.keyslots import DataKey, KeySlots, passphrase_slot, recovery_slot
from tests.vectors.generation import File, Seeded
from tests.vectors.vector_files import Json

PASSPHRASE = "r\N{LATIN SMALL LETTER E WITH ACUTE}gime \N{LATIN SMALL LIGATURE FI}ve"
SAME = "re\N{COMBINING ACUTE ACCENT}gime five"


def write_keyslots() -> int:
    file = File("keyslots", "13", "keyslots.json, and what opens it.")
    draw = Seeded("keyslots")
    vault_id, data_key = draw(16), DataKey(draw(32))
    by_words, words = recovery_slot(vault_id, data_key, draw)
    by_passphrase = passphrase_slot(vault_id, data_key, PASSPHRASE, draw)
    slots = KeySlots(1, vault_id, [by_passphrase, by_words])
    keyslots: Json = json.loads(msgspec.json.encode(slots))
    file.passes("unlock_vault", "a passphrase", {"keyslots": keyslots, "passphrase": PASSPHRASE})
    file.passes(
        "unlock_vault",
        "the same passphrase in another normal form",
        {"keyslots": keyslots, "passphrase": SAME},
    )
    file.passes("unlock_vault", "recovery words", {"keyslots": keyslots, "words": words})
    swapped = words.split()
    swapped[0], swapped[1] = swapped[1], swapped[0]
    other = recovery_slot(vault_id, data_key, Seeded("another vault"))[1]
    elsewhere = {**keyslots, "vault_id": keyslots["vault_id"].swapcase()}
    for name, given in (
        ("another passphrase", {"keyslots": keyslots, "passphrase": "regime five"}),
        ("words of another vault", {"keyslots": keyslots, "words": other}),
        ("words in another order", {"keyslots": keyslots, "words": " ".join(swapped)}),
        ("23 words", {"keyslots": keyslots, "words": words.rpartition(" ")[0]}),
        ("a word of no list", {"keyslots": keyslots, "words": "therapy " * 24}),
        ("a slot of another vault", {"keyslots": elsewhere, "words": words}),
    ):
        file.fails("unlock_vault", name, given, "wrong-passphrase")
    for member, value in (("time_cost", 17), ("memory_kib", 2**20 + 1), ("parallelism", 17)):
        slot = keyslots["slots"][0]
        dear = {**slot, "argon2id": {**slot["argon2id"], member: value}}
        given = {"keyslots": {**keyslots, "slots": [dear]}, "passphrase": PASSPHRASE}
        file.fails("unlock_vault", f"{member} of {value}", given, "unsafe-parameters")
    return file.write()


def write_record() -> int:
    file = File("record", "12", "The record's chain, entries blanked in it, and what breaks it.")
    draw = Seeded("record")
    book_id = draw(16).hex()
    contents = ('{"kind":"event"}', '{"kind": "note", "text": "D\u00e9j\u00e0 vu"}', "{}")
    given = [{"salt": draw(32).hex(), "content": content} for content in contents]
    made = file.passes("record_heads", "three entries", {"book_id": book_id, "entries": given})
    file.passes("record_heads", "an empty book", {"book_id": book_id, "entries": []})
    entries: list[Json] = [
        {**entry, "commitment": commitment, "head": head}
        for entry, commitment, head in zip(
            given, made["commitments"], made["heads"][1:], strict=True
        )
    ]
    one, two, three = entries
    blank = {"salt": None, "content": None}
    for name, kept in (
        ("all entries", entries),
        ("one blanked entry", [one, {**two, **blank}, three]),
        ("only blanked entries", [{**entry, **blank} for entry in entries]),
        ("the beginning alone", [one, two]),
    ):
        file.passes("verify_record", name, {"book_id": book_id, "entries": kept})
    other = draw(32).hex()
    for name, broken in (
        ("a changed content", [one, {**two, "content": "{}"}, three]),
        ("the same JSON in other bytes", [one, {**two, "content": contents[1] + " "}, three]),
        ("a changed salt", [{**one, "salt": other}, two, three]),
        ("a changed commitment", [one, {**two, **blank, "commitment": other}, three]),
        ("a changed head", [one, two, {**three, "head": other}]),
        ("an entry with a content and no salt", [one, {**two, "salt": None}, three]),
        ("an entry with a salt and no content", [one, {**two, "content": None}, three]),
        ("an entry removed", [one, three]),
        ("the first entry removed", [two, three]),
        ("two entries swapped", [two, one, three]),
        ("an entry twice", [one, one, two, three]),
    ):
        given_entries = {"book_id": book_id, "entries": broken}
        file.fails("verify_record", name, given_entries, "record-broken")
    another = {"book_id": draw(16).hex(), "entries": entries}
    file.fails("verify_record", "entries of another book", another, "record-broken")
    return file.write()
