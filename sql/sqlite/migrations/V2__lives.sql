-- What is kept beside secrets, in tables of their own: `secrets` sees only INSERT and DELETE.

-- A row for each living secret that has a passphrase (flag 1).
CREATE TABLE guards (
    lookup_id     BLOB    NOT NULL UNIQUE,
    verifier      BLOB    NOT NULL,
    attempts_left INTEGER NOT NULL
) STRICT;

-- A row for each receipt, of a secret with flag 2 as long as that lives.
CREATE TABLE receipts (
    receipt_id BLOB    NOT NULL UNIQUE,
    lookup_id  BLOB    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL, -- as all times, in milliseconds since the Unix epoch
    expires_at INTEGER NOT NULL,
    state      TEXT    NOT NULL, -- 'pending' also after the expiry
    ended_at   INTEGER NOT NULL  -- the expiry, as long as it is pending
) STRICT;

CREATE INDEX receipts_by_end ON receipts (ended_at);

-- A row for each secret that was handed out and may be once more. The sealed bytes lie outside the
-- tree as those of `secrets` do, and this table, too, sees only INSERT and DELETE.
CREATE TABLE claims (
    claim_id    BLOB    NOT NULL UNIQUE,
    lookup_id   BLOB    NOT NULL UNIQUE,
    ends_at     INTEGER NOT NULL,
    wrapped_key BLOB,             -- of a secret that has a passphrase
    key_id      BLOB    NOT NULL,
    version     INTEGER NOT NULL,
    flags       INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    head        BLOB    NOT NULL,
    sealed      BLOB    NOT NULL,
    tail        BLOB    NOT NULL
) STRICT;

CREATE INDEX claims_by_end ON claims (ends_at);

-- A row for each creation that may be retried.
CREATE TABLE creations (
    creation_id  BLOB    NOT NULL UNIQUE,
    nonce        BLOB    NOT NULL,
    lookup_id    BLOB    NOT NULL,
    expires_at   INTEGER NOT NULL,
    forgotten_at INTEGER NOT NULL
) STRICT;

CREATE INDEX creations_by_forgetting ON creations (forgotten_at);
