-- A password with all that is kept beside it takes one page and a little; see the layout of rows.
PRAGMA page_size = 1024;
PRAGMA journal_mode = WAL;
-- A checkpoint holds up everyone, the longer the more pages it writes; of 4,000 from all over a large
-- file, a tenth of a second.
PRAGMA wal_autocheckpoint = 1000;
PRAGMA synchronous = FULL;
-- What is deleted is overwritten with zeros; FAST would spare pages that leave the tree.
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
