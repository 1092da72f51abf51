"""The statements of a change that are more than one line long."""

from __future__ import annotations

SAVE_CONVERSATION = """INSERT INTO conversation
    (id, name, name_key, role, relay, book, state, owner_key, deposit_key, peer_mailbox,
     peer_deposit_key, collected, acknowledged, sequence, verification, created)
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, peer_mailbox = excluded.peer_mailbox,
        peer_deposit_key = excluded.peer_deposit_key, collected = excluded.collected,
        sequence = excluded.sequence, verification = excluded.verification"""
RECORD = """INSERT INTO journal (id, book, position, salt, content, commitment, head)
    VALUES (?,?,?,?,?,?,?)"""
MAKE_FINDABLE = "INSERT INTO search (rowid, text) VALUES (?,?)"
SAVE_END = """INSERT INTO book VALUES (?,?,?)
    ON CONFLICT (id) DO UPDATE SET position = excluded.position, head = excluded.head"""
SAVE_ITEM = """INSERT INTO item (conversation, author, sequence, id, kind, journal, state, written)
    VALUES (?,?,?,?,?,?,?,?)
    ON CONFLICT (conversation, author, sequence) DO UPDATE SET
        id = excluded.id, kind = excluded.kind, journal = excluded.journal"""
SPEND_FIRST = """INSERT OR IGNORE INTO spent_id
    SELECT conversation, id FROM item WHERE conversation = ? AND author = 'peer' AND sequence = ?"""
SPEND_WHOLE = """INSERT OR IGNORE INTO spent_id SELECT ?1, ?2 WHERE NOT EXISTS
    (SELECT 1 FROM item WHERE conversation = ?1 AND author = 'peer' AND id = ?2)"""
MARK_READ = """UPDATE item SET state = ? WHERE conversation = ? AND author = 'peer' AND id = ?"""
MARK_SHOWN = "UPDATE item SET shown = 1 WHERE conversation = ? AND author = 'peer' AND id = ?"
RAISE_STATE = """UPDATE item SET state = ?3 WHERE conversation = ?1 AND author = 'own'
    AND id = ?2 AND state < ?3"""
STORED = """UPDATE item SET state = ?3 WHERE conversation = ?1
    AND author = 'own' AND sequence = (SELECT sequence FROM outbox WHERE id = ?2) AND state < ?3
    AND NOT EXISTS (SELECT 1 FROM outbox WHERE conversation = ?1 AND sequence = item.sequence
        AND id <> ?2)
    AND NOT EXISTS (SELECT 1 FROM outgoing WHERE conversation = ?1 AND sequence = item.sequence)"""
OWE_AGAIN = """INSERT OR IGNORE INTO receipt_due SELECT conversation, id, ? FROM item
    WHERE conversation = ? AND author = 'peer' AND journal IS NOT NULL AND written >= ?
    AND kind NOT IN ('receipt', 'read_mark')"""
REMOVE_BOOK = (
    "DELETE FROM search WHERE rowid IN (SELECT id FROM journal WHERE book = ?)",
    "DELETE FROM journal WHERE book = ?",
    "DELETE FROM book WHERE id = ?",
)
