-- One statement checks the passphrase and deletes, so that nothing can come in between.
DELETE FROM secrets
WHERE id BETWEEN ?1 AND ?2 AND lookup_id = ?3 AND expires_at > ?4 AND is_viewed = 0 AND (
    flags & 1 = 0
    OR EXISTS (SELECT 1 FROM guards WHERE guards.lookup_id = ?3 AND guards.verifier = ?5)
)
RETURNING id, key_id, version, flags, expires_at, slot, sealed
