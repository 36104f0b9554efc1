DELETE FROM claims
WHERE secret IN (
    SELECT id
    FROM (
        SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS bytes_before
        FROM (
            SELECT claims.secret AS id, coalesce(length(sealed), 0) AS bytes
            FROM claims
            LEFT JOIN secrets ON secrets.id = claims.secret
            WHERE ends_at <= ?1
            ORDER BY ends_at
            LIMIT ?2
        )
    )
    WHERE bytes_before < ?3
)
RETURNING secret
