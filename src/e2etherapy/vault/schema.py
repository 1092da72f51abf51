"""The vault's tables, as a numbered list of steps that only goes forward."""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE setting (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
        """CREATE TABLE conversation (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            name_key TEXT NOT NULL UNIQUE,
            role TEXT NOT NULL CHECK (role IN ('client', 'therapist')),
            relay TEXT NOT NULL,
            book BLOB NOT NULL UNIQUE,
            state BLOB NOT NULL,
            owner_key BLOB NOT NULL,
            deposit_key BLOB NOT NULL,
            peer_mailbox BLOB,
            peer_deposit_key BLOB,
            collected INTEGER NOT NULL,
            acknowledged INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            verification TEXT NOT NULL
                CHECK (verification IN ('unverified', 'matched', 'differed')),
            created INTEGER NOT NULL
        ) STRICT""",
        """CREATE TABLE journal (
            id INTEGER PRIMARY KEY,
            book BLOB NOT NULL,
            position INTEGER NOT NULL,
            salt BLOB,
            content BLOB,
            commitment BLOB NOT NULL,
            head BLOB NOT NULL,
            UNIQUE (book, position)
        ) STRICT""",
        """CREATE TABLE item (
            conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
            author TEXT NOT NULL CHECK (author IN ('own', 'peer')),
            sequence INTEGER NOT NULL,
            id BLOB NOT NULL,
            kind TEXT NOT NULL,
            journal INTEGER REFERENCES journal DEFERRABLE INITIALLY DEFERRED,
            state INTEGER NOT NULL,
            written INTEGER NOT NULL,
            PRIMARY KEY (conversation, author, sequence),
            UNIQUE (conversation, author, id)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX item_in_thread ON item (conversation, journal) WHERE journal IS NOT NULL",
        """CREATE TABLE chunk (
            conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
            author TEXT NOT NULL CHECK (author IN ('own', 'peer')),
            whole BLOB NOT NULL,
            position INTEGER NOT NULL,
            data BLOB NOT NULL,
            PRIMARY KEY (conversation, author, whole, position)
        ) STRICT""",
        """CREATE TABLE partial (
            conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
            whole BLOB NOT NULL,
            total INTEGER NOT NULL,
            first_sequence INTEGER NOT NULL,
            arrived INTEGER NOT NULL,
            PRIMARY KEY (conversation, whole)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
            errand BLOB NOT NULL,
            sequence INTEGER NOT NULL
        ) STRICT""",
        "CREATE INDEX outbox_of_item ON outbox (conversation, sequence)",
        """CREATE TABLE receipt_due (
            conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
            item BLOB NOT NULL,
            due INTEGER NOT NULL,
            PRIMARY KEY (conversation, item)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE claim (
            locator BLOB PRIMARY KEY,
            token BLOB NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE VIRTUAL TABLE search USING fts5(
            text, content='', contentless_delete=1, prefix='2',
            tokenize='unicode61 remove_diacritics 2'
        )""",
    ),
    (
        # A claim outlives what a relay says of it once; a row from before has its token alone.
        "ALTER TABLE claim ADD COLUMN owner_key BLOB",
        "ALTER TABLE claim ADD COLUMN deposit_key BLOB",
        "ALTER TABLE claim ADD COLUMN sealed BLOB",
        "ALTER TABLE claim ADD COLUMN day INTEGER",
        "ALTER TABLE partial ADD COLUMN day INTEGER",
        # An errand may outlive its conversation, and then belongs to none.
        """CREATE TABLE errand (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation INTEGER REFERENCES conversation ON DELETE CASCADE,
            errand BLOB NOT NULL,
            sequence INTEGER NOT NULL
        ) STRICT""",
        "INSERT INTO errand SELECT id, conversation, errand, sequence FROM outbox",
        "DROP TABLE outbox",
        "ALTER TABLE errand RENAME TO outbox",
        "CREATE INDEX outbox_of_item ON outbox (conversation, sequence)",
    ),
    (
        """CREATE TABLE book (
            id BLOB PRIMARY KEY,
            position INTEGER NOT NULL,
            head BLOB NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """INSERT INTO book SELECT book, position, head FROM journal AS entry WHERE position =
            (SELECT max(position) FROM journal WHERE book = entry.book)""",
    ),
    (
        # Ids of the other side that no item has: of what was given up, and of pieces that are
        # joined. They stay used.
        """CREATE TABLE spent_id (
            conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
            id BLOB NOT NULL,
            PRIMARY KEY (conversation, id)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        # Of what came before this step only what the other side was told is known to be read.
        "ALTER TABLE item ADD COLUMN shown INTEGER NOT NULL DEFAULT 0",
        "UPDATE item SET shown = 1 WHERE state = 11",
    ),
    (
        # What holds between two people is computed from these items alone, however many texts lie
        # between them; `care_items` asks in just these words.
        """CREATE INDEX item_of_care ON item (conversation, journal) WHERE journal IS NOT NULL
            AND kind NOT IN ('text', 'attachment', 'part', 'receipt', 'read_mark', 'profile',
                'journal_share', 'unknown')""",
        # What was done about something that had to be seen first: the entry says what.
        """CREATE TABLE resolution (
            conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
            item BLOB NOT NULL,
            journal INTEGER NOT NULL REFERENCES journal DEFERRABLE INITIALLY DEFERRED,
            PRIMARY KEY (conversation, item)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        # What was written and not sent: it is in no record, and gone when it is sent or dropped.
        """CREATE TABLE draft (
            conversation INTEGER PRIMARY KEY REFERENCES conversation ON DELETE CASCADE,
            text TEXT NOT NULL,
            changed INTEGER NOT NULL
        ) STRICT""",
        """CREATE TABLE template (
            name_key TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            text TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
        # A number is never given twice: whoever cancels one must not meet another.
        """CREATE TABLE delayed (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
            text TEXT NOT NULL,
            due INTEGER NOT NULL
        ) STRICT""",
    ),
    (
        # Whether a therapy has ended is asked before anything is sent, and with each sync.
        "CREATE INDEX item_of_ending ON item (conversation) WHERE kind = 'ending'",
        # Process notes are no part of the record: sealed under a key that this database does not
        # have open. What was erased keeps its number.
        """CREATE TABLE note (
            conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
            number INTEGER NOT NULL,
            written INTEGER NOT NULL,
            sealed BLOB,
            PRIMARY KEY (conversation, number)
        ) STRICT""",
        # What is not shown unless asked for.
        """CREATE TABLE hidden (
            journal INTEGER PRIMARY KEY REFERENCES journal ON DELETE CASCADE
        ) STRICT""",
        # When an entry had been recorded that is erased now, and the entry that says why.
        """CREATE TABLE erased (
            journal INTEGER PRIMARY KEY REFERENCES journal ON DELETE CASCADE,
            recorded INTEGER,
            event INTEGER NOT NULL REFERENCES journal DEFERRABLE INITIALLY DEFERRED
        ) STRICT""",
        """CREATE TABLE retention (
            conversation INTEGER PRIMARY KEY REFERENCES conversation ON DELETE CASCADE,
            rule TEXT NOT NULL
        ) STRICT""",
        # The entry that says since when, and why.
        """CREATE TABLE hold (
            conversation INTEGER PRIMARY KEY REFERENCES conversation ON DELETE CASCADE,
            event INTEGER NOT NULL REFERENCES journal DEFERRABLE INITIALLY DEFERRED
        ) STRICT""",
        # Files of which not every piece is sealed yet: their pieces are in `chunk`.
        """CREATE TABLE outgoing (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
            item BLOB NOT NULL,
            sequence INTEGER NOT NULL,
            written INTEGER NOT NULL,
            total INTEGER NOT NULL,
            sealed INTEGER NOT NULL
        ) STRICT""",
        # What was typed and neither sent nor kept: it is in no record. Without a conversation it
        # belongs to the owner alone.
        """CREATE TABLE unfinished (
            kind TEXT NOT NULL,
            conversation INTEGER REFERENCES conversation ON DELETE CASCADE,
            text TEXT NOT NULL,
            changed INTEGER NOT NULL
        ) STRICT""",
    ),
)
"""Each step's statements run in one transaction together with the new version number."""

VERSION = len(MIGRATIONS)
