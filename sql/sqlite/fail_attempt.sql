UPDATE guards
SET attempts_left = attempts_left - 1
WHERE lookup_id = ?1
RETURNING attempts_left
