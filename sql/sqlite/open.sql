-- A password with all that is kept beside it takes one page and a little; see the layout of rows.
PRAGMA page_size = 1024;
PRAGMA journal_mode = WAL;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA synchronous = FULL;
-- What is deleted is overwritten with zeros; FAST would spare pages that leave the tree.
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
