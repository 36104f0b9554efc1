SELECT count(*) AS secrets, max(id) AS last
FROM (SELECT id FROM secrets WHERE id > ?1 ORDER BY id LIMIT ?2)
