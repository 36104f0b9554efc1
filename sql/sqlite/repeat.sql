SELECT key_id, version, flags, expires_at, slot, sealed, wrapped_key
FROM secrets
JOIN claims ON claims.secret = secrets.id
WHERE id = ?1
