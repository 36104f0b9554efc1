INSERT INTO receipts (receipt_id, lookup_id, created_at, expires_at, state, ended_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?4)
