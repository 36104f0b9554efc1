-- Exclusive before anything else, so that the WAL's index is in memory and never in a file.
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
-- What is deleted is overwritten with zeros; FAST would spare pages that leave the tree.
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
