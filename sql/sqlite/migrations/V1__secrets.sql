-- Only INSERT and DELETE touch this table: an UPDATE that grows a row leaves pieces of deleted
-- ones in places that secure_delete does not reach.
--
-- And so does moving a row: as its neighbours come and go, SQLite moves it between the pages of
-- the tree, and a copy may stay in unused space. Overflow pages, however, are never moved, and
-- they are zeroed when they are freed. So `head` and `tail` make every row so long that the sealed
-- bytes lie on overflow pages alone. They are zeros.
--
-- The ids of the rows follow from their lookup ids, which begin with the expiry: so the rows stand in
-- the order in which they expire, and need no other index.
CREATE TABLE secrets (
    id         INTEGER PRIMARY KEY,
    lookup_id  BLOB    NOT NULL,
    key_id     BLOB    NOT NULL,
    version    INTEGER NOT NULL,
    flags      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, -- milliseconds since the Unix epoch
    head       BLOB    NOT NULL,
    sealed     BLOB    NOT NULL,
    tail       BLOB    NOT NULL
) STRICT;

-- One row, written to learn whether a store whose last commit failed can commit again.
CREATE TABLE probe (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    written_at INTEGER NOT NULL
) STRICT;
