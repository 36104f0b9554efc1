DELETE FROM shreds
WHERE bucket = ?1
