SELECT id, key_id, expires_at, is_viewed
FROM secrets
WHERE id > ?1
ORDER BY id
LIMIT ?2
