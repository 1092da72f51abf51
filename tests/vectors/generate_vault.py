"""Generates the vectors of the vault's key slots (section 13)."""

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
