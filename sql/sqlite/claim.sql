INSERT INTO claims (secret, claim_id, ends_at, wrapped_key)
VALUES (?1, ?2, ?3, ?4)
