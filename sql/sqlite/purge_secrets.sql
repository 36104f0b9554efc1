DELETE FROM secrets
WHERE id IN (
    SELECT id
    FROM (
        SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS bytes_before
        FROM (
            SELECT id, length(sealed) AS bytes
            FROM secrets
            WHERE id < ?4 AND expires_at <= ?1
            LIMIT ?2
        )
    )
    WHERE bytes_before < ?3
)
RETURNING id, lookup_id, flags, is_viewed, slot
