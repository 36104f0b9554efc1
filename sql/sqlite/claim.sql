INSERT INTO claims (
    claim_id, lookup_id, ends_at, wrapped_key, key_id, version, flags, expires_at, head, sealed, tail
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
