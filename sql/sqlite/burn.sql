DELETE FROM secrets
WHERE id BETWEEN ?1 AND ?2 AND lookup_id = ?3 AND expires_at > ?4
RETURNING id, flags, is_viewed, slot, length(sealed) AS bytes
