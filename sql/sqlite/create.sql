INSERT INTO secrets (id, lookup_id, key_id, version, flags, expires_at, head, sealed, tail)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
