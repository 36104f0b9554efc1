PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
-- A checkpoint blocks every command, for longer the more pages it writes: 4,000 scattered pages of a
-- large file take a tenth of a second.
PRAGMA wal_autocheckpoint = 500;
PRAGMA synchronous = FULL;
-- Deleted rows are overwritten with zeros within their pages. Pages that become free are not: they hold
-- sealed bytes, which nobody can open without a shred key. Statements on verifiers set this to ON.
PRAGMA secure_delete = FAST;
PRAGMA temp_store = MEMORY;
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
