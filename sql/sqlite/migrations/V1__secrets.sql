-- Only INSERT and DELETE touch this table: an UPDATE that grows a row leaves pieces of deleted
-- ones in places that secure_delete does not reach.
CREATE TABLE secrets (
    lookup_id  BLOB    NOT NULL UNIQUE,
    key_id     BLOB    NOT NULL,
    version    INTEGER NOT NULL,
    flags      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, -- milliseconds since the Unix epoch
    sealed     BLOB    NOT NULL
) STRICT;

CREATE INDEX secrets_by_expiry ON secrets (expires_at);

-- One row, written to learn whether a store whose last commit failed can commit again.
CREATE TABLE probe (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    written_at INTEGER NOT NULL
) STRICT;
