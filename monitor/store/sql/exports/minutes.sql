-- The counts of a span by minute and series.
SELECT minute, signal, workflow, step, segment, n, bad
FROM minutes
WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
ORDER BY ALL
