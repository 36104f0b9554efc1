DELETE FROM claims
WHERE rowid IN (
    SELECT id
    FROM (
        SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS bytes_before
        FROM (
            SELECT rowid AS id, length(sealed) AS bytes
            FROM claims
            WHERE ends_at <= ?1
            LIMIT ?2
        )
    )
    WHERE bytes_before < ?3
)
