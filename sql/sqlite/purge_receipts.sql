DELETE FROM receipts
WHERE rowid IN (SELECT rowid FROM receipts WHERE ended_at <= ?1 LIMIT ?2)
