-- Set before the first read, so that the WAL index stays in memory and out of a file.
PRAGMA locking_mode = EXCLUSIVE;
