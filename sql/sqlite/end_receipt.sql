UPDATE receipts
SET state = ?2, ended_at = ?3
WHERE lookup_id = ?1
RETURNING receipt_id
