DELETE FROM claims
WHERE claim_id = ?1 AND ends_at > ?2 AND expires_at > ?3
