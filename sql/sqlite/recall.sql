SELECT nonce, lookup_id, expires_at
FROM creations
WHERE creation_id = ?1 AND forgotten_at > ?2
