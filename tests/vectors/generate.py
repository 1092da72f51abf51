"""Writes own/*.json anew: `python -m tests.vectors.generate`, with `src` on the path.

Everything comes from seeds except encapsulations, which cannot be seeded: their ciphertexts and
secrets, and what follows from them, differ from run to run.
"""

from tests.vectors import generate_cryptography as cryptography
from tests.vectors import generate_formats as formats
from tests.vectors.generate_care import write_care
from tests.vectors.generate_content import write_body, write_parts
from tests.vectors.generate_conversation import write_conversation
from tests.vectors.generate_notes import write_notes
from tests.vectors.generate_record import write_entries, write_exported_book
from tests.vectors.generate_vault import write_keyslots, write_record

WRITERS = (
    formats.write_labels,
    formats.write_base64url,
    formats.write_bundle,
    formats.write_link,
    formats.write_relay,
    cryptography.write_keys,
    cryptography.write_sealed_bundle,
    cryptography.write_handshake,
    cryptography.write_ratchet,
    cryptography.write_envelope,
    cryptography.write_safety_phrase,
    write_conversation,
    write_body,
    write_parts,
    write_care,
    write_record,
    write_entries,
    write_exported_book,
    write_keyslots,
    write_notes,
)


def main() -> None:
    """Write every file and say how large they are together."""
    size = sum(write() for write in WRITERS)
    print(f"{len(WRITERS)} files, {size:,} characters")  # noqa: T201 - a command reports


if __name__ == "__main__":
    main()
