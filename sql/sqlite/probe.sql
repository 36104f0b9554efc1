INSERT OR REPLACE INTO probe (id, written_at)
VALUES (1, ?1)
