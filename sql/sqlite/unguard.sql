DELETE FROM guards
WHERE lookup_id = ?1
