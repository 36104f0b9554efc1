SELECT id, claim_id
FROM secrets
JOIN claims ON claims.secret = secrets.id
WHERE id BETWEEN ?1 AND ?2 AND lookup_id = ?3 AND expires_at > ?4 AND ends_at > ?5
