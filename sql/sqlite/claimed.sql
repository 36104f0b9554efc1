SELECT lookup_id, wrapped_key, key_id, version, flags, expires_at, sealed
FROM claims
WHERE claim_id = ?1 AND ends_at > ?2 AND expires_at > ?3
