INSERT INTO secrets (lookup_id, key_id, version, flags, expires_at, sealed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
