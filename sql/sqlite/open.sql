-- A row with a password takes a little more than one page; see layout.rs.
PRAGMA page_size = 1024;
PRAGMA journal_mode = WAL;
-- A checkpoint blocks every command, for longer the more pages it writes: 4,000 scattered pages of a
-- large file take a tenth of a second.
PRAGMA wal_autocheckpoint = 1000;
PRAGMA synchronous = FULL;
-- Deleted content is overwritten with zeros. FAST would not overwrite
-- pages that become free, and the sealed bytes lie on such pages.
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
