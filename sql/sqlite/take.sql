DELETE FROM secrets
WHERE lookup_id = ?1 AND expires_at > ?2
RETURNING key_id, version, flags, expires_at, sealed
