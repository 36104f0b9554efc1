SELECT EXISTS (SELECT 1 FROM secrets WHERE expires_at <= ?1) AS is_left
