SELECT id, lookup_id = ?3 AS is_same
FROM secrets
WHERE id BETWEEN ?1 AND ?2
ORDER BY id
