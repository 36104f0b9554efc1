SELECT (SELECT expires_at FROM secrets ORDER BY id LIMIT 1) AS secret,
    (SELECT min(ends_at) FROM claims) AS claim,
    (SELECT min(ended_at) FROM receipts) AS receipt,
    (SELECT min(forgotten_at) FROM creations) AS creation
