-- Every secret that can be viewed, or that was viewed and can be viewed once more by the same caller.
--
-- The ids of the rows follow from their lookup ids, which begin with the expiry: so the rows stand in
-- the order in which they expire, and need no other index.
CREATE TABLE secrets (
    id         INTEGER PRIMARY KEY,
    lookup_id  BLOB    NOT NULL,
    key_id     BLOB    NOT NULL,
    version    INTEGER NOT NULL,
    flags      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, -- as all times, in milliseconds since the Unix epoch
    is_viewed  INTEGER NOT NULL, -- 0 or 1: both take no space, so a view does not change a row's length
    slot       INTEGER NOT NULL, -- of the shred key: the bucket times 128, plus the number in it
    sealed     BLOB    NOT NULL
) STRICT;

-- Buckets of shred keys. Without its shred key a secret cannot be opened, so overwriting the key erases
-- the secret. A row of a tree can be moved, and leave copies. Overflow pages stay where they are and are
-- written in place. So `head` fills the part of a row that lies in the tree, and `keys` lies on one
-- overflow page. Keys are written by incremental I/O alone: an UPDATE would write the whole bucket.
--
-- A number of a bucket begins with its class of lifetimes. Its class fills only the last bucket.
CREATE TABLE shreds (
    bucket INTEGER PRIMARY KEY,
    head   BLOB    NOT NULL,
    keys   BLOB    NOT NULL -- slots of 32 bytes; a free one is zero
) STRICT;

-- A row for each living secret that has a passphrase (flag 1).
CREATE TABLE guards (
    lookup_id     BLOB    NOT NULL UNIQUE,
    verifier      BLOB    NOT NULL,
    attempts_left INTEGER NOT NULL
) STRICT;

-- A row for each secret that was viewed and can be viewed once more.
CREATE TABLE claims (
    secret      INTEGER PRIMARY KEY, -- the id of its row in `secrets`
    claim_id    BLOB    NOT NULL,
    ends_at     INTEGER NOT NULL,    -- no later than the secret's expiry
    wrapped_key BLOB                 -- of a secret that has a passphrase
) STRICT;

CREATE INDEX claims_by_end ON claims (ends_at);

-- A row for each receipt. It stays for a while after the end of its secret.
CREATE TABLE receipts (
    receipt_id BLOB    NOT NULL UNIQUE,
    lookup_id  BLOB    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state      TEXT    NOT NULL, -- 'pending' also after the expiry
    ended_at   INTEGER NOT NULL  -- the expiry, as long as it is pending
) STRICT;

CREATE INDEX receipts_by_end ON receipts (ended_at);

-- A row for each creation that may be retried.
CREATE TABLE creations (
    creation_id  BLOB    NOT NULL UNIQUE,
    nonce        BLOB    NOT NULL,
    lookup_id    BLOB    NOT NULL,
    expires_at   INTEGER NOT NULL,
    forgotten_at INTEGER NOT NULL
) STRICT;

CREATE INDEX creations_by_forgetting ON creations (forgotten_at);

-- One row, written to learn whether a store whose last commit failed can commit again.
CREATE TABLE probe (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    written_at INTEGER NOT NULL
) STRICT;
