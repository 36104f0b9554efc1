SELECT key_id, flags, expires_at
FROM secrets
WHERE id BETWEEN ?1 AND ?2 AND lookup_id = ?3 AND expires_at > ?4 AND is_viewed = 0
