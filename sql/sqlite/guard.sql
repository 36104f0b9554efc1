INSERT INTO guards (lookup_id, verifier, attempts_left)
VALUES (?1, ?2, ?3)
