DELETE FROM secrets
WHERE id = ?1
RETURNING slot, length(sealed) AS bytes
