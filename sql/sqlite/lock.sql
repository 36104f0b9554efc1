-- Before anything is read, so that the WAL's index is in memory and never in a file.
PRAGMA locking_mode = EXCLUSIVE;
