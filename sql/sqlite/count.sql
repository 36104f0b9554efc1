SELECT count(*) AS rows, coalesce(sum(1 - is_viewed), 0) AS living, max(id) AS last
FROM (SELECT id, is_viewed FROM secrets WHERE id > ?1 ORDER BY id LIMIT ?2)
