SELECT 1
FROM secrets
WHERE id = ?1 AND lookup_id = ?2
