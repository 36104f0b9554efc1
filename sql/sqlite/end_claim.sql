DELETE FROM claims
WHERE lookup_id = ?1
