-- Deletes the latencies of a span.
DELETE FROM latency
WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
