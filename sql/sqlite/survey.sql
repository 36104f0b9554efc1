SELECT rowid, key_id, expires_at
FROM secrets
WHERE rowid > ?1
ORDER BY rowid
LIMIT ?2
