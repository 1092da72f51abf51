"""The chain of a record (section 12)."""

from tests.vectors.second_implementation.cryptography import H
from tests.vectors.second_implementation.formats import u64
from tests.vectors.second_implementation.notation import refuse

RecordEntry = tuple[bytes | None, bytes | None, bytes, bytes]  # salt, content, commitment, head


def entry_commitment(salt: bytes, content: bytes) -> bytes:
    return H("journal-entry", salt, content)


def chain_heads(book_id: bytes, commitments: list[bytes]) -> list[bytes]:
    """Section 12: head(0), head(1) and so on."""
    heads = [H("journal-book", book_id)]
    for i, commitment in enumerate(commitments, 1):
        heads.append(H("journal-chain", heads[-1], u64(i), commitment))
    return heads


def verify_record(book_id: bytes, entries: list[RecordEntry]) -> bytes:
    """The last head, if every entry is the one that was appended in its place."""
    heads = chain_heads(book_id, [commitment for _, _, commitment, _ in entries])
    for (salt, content, commitment, head), expected in zip(entries, heads[1:], strict=True):
        if (salt is None) != (content is None) or head != expected:
            refuse("record-broken")
        if salt and content is not None and entry_commitment(salt, content) != commitment:
            refuse("record-broken")
    return heads[-1]
