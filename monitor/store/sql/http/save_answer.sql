-- Keeps the answer of a request that named itself by a key.
INSERT INTO idempotency (key, body, answered_at, status, answer)
VALUES ($key, $body, make_timestamp(CAST($at_us AS BIGINT)), $status, $answer)
