DELETE FROM claims
WHERE secret = ?1
