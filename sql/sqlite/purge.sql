DELETE FROM secrets
WHERE rowid IN (SELECT rowid FROM secrets WHERE expires_at <= ?1 LIMIT ?2)
