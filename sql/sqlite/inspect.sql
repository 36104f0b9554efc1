SELECT receipt_id, lookup_id, created_at, expires_at, state, ended_at
FROM receipts
WHERE receipt_id = ?1 AND ended_at > ?2
