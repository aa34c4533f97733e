-- Forgets the answers given before an instant.
DELETE FROM idempotency WHERE answered_at < make_timestamp(CAST($before_us AS BIGINT))
