DELETE FROM secrets
WHERE lookup_id = ?1 AND expires_at > ?2
RETURNING flags
