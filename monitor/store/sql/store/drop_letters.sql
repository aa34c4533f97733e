-- Deletes the dead letters that arrived in a span.
DELETE FROM dead_letters_raw
WHERE received_at >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND received_at < make_timestamp(CAST($until AS BIGINT) * 1000000)
