INSERT INTO secrets (id, lookup_id, key_id, version, flags, expires_at, is_viewed, slot, sealed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8)
