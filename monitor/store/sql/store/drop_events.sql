-- Deletes the events of a span, by their own time.
DELETE FROM events_kept
WHERE ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
