INSERT OR REPLACE INTO creations (creation_id, nonce, lookup_id, expires_at, forgotten_at)
VALUES (?1, ?2, ?3, ?4, ?5)
