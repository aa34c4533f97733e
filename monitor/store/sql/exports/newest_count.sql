-- The newest known_at (microseconds) of the counts of a span; 0 without any.
SELECT coalesce(epoch_us(max(known_at)), 0) AS mark
FROM counts
WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
