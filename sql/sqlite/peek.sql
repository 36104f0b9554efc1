SELECT key_id, flags, expires_at
FROM secrets
WHERE lookup_id = ?1 AND expires_at > ?2
