DELETE FROM creations
WHERE rowid IN (SELECT rowid FROM creations WHERE forgotten_at <= ?1 LIMIT ?2)
