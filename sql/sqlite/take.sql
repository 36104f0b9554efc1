-- The passphrase is checked by the statement that deletes.
DELETE FROM secrets
WHERE lookup_id = ?1 AND expires_at > ?2 AND (
    flags & 1 = 0
    OR EXISTS (SELECT 1 FROM guards WHERE guards.lookup_id = ?1 AND guards.verifier = ?3)
)
RETURNING key_id, version, flags, expires_at, sealed
