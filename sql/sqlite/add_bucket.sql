INSERT INTO shreds (bucket, head, keys)
VALUES (?1, ?2, ?3)
