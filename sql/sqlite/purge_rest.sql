SELECT EXISTS (SELECT 1 FROM secrets WHERE id < ?3 AND expires_at <= ?1)
        OR EXISTS (SELECT 1 FROM claims WHERE ends_at <= ?1) AS is_sealed_left,
    EXISTS (SELECT 1 FROM receipts WHERE ended_at <= ?2)
        OR EXISTS (SELECT 1 FROM creations WHERE forgotten_at <= ?1) AS is_else_left
